"""Rules of this file: where each box and line of a graph goes, from their sizes alone.

Layered, as Sugiyama has it: every edge leads from a layer to the next one below; a longer one gets a place of its own
in each layer between, and so does the text of an edge. So nothing overlaps, by construction. An edge that leads back
runs beside its two ends.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

GAP_X: Final = 28.0
GAP_Y: Final = 34.0
_LANE: Final = 12.0
_LANE_WEIGHT: Final = 6.0
_NO_WEIGHT: Final = 1e-6
_FAR_LEFT: Final = -10_000.0
"""What has no edges stands next to the others, and doesn't move them."""
_SWEEPS: Final = 8


@dataclass(frozen=True, slots=True)
class Size:
    """Of a box or a text, in pixels."""

    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Link:
    """An edge between boxes; ``text`` is the size of its text, if it has one."""

    source: str
    target: str
    text: Size | None = None


@dataclass(frozen=True, slots=True)
class Box:
    """A place: the middle of its upper side, and its size."""

    x: float
    y: float
    size: Size

    @property
    def left(self) -> float:
        """The left side."""
        return self.x - self.size.width / 2

    @property
    def right(self) -> float:
        """The right side."""
        return self.x + self.size.width / 2

    @property
    def bottom(self) -> float:
        """The lower side."""
        return self.y + self.size.height


@dataclass(frozen=True, slots=True)
class Route:
    """How an edge runs: through these boxes, which are its ends, empty places and its text, from its start to its end.

    ``back`` says that it leads up.
    """

    link: Link
    through: tuple[Box, ...]
    text: Box | None
    back: bool


@dataclass(frozen=True, slots=True)
class Layout:
    """The places of all boxes, by id, the routes in the order of the links, and the size of all together."""

    boxes: Mapping[str, Box]
    routes: tuple[Route, ...]
    bands: tuple[tuple[float, float], ...]
    size: Size


@dataclass(slots=True)
class _Place:
    """What stands in a layer: a box, a text, or an edge that only passes."""

    size: Size
    layer: int
    up: list[int] = field(default_factory=list)
    down: list[int] = field(default_factory=list)
    x: float = 0.0


def lay_out(sizes: Mapping[str, Size], links: Sequence[Link]) -> Layout:
    """Places boxes of these sizes; the first ones are at the top. Every link's ends must be among them."""
    return _Layers(sizes, links).layout()


class _Layers:
    def __init__(self, sizes: Mapping[str, Size], links: Sequence[Link]) -> None:
        self._sizes = sizes
        self._links = links
        self._back = _leading_back(list(sizes), links)
        self._places: list[_Place] = []
        self._of_box: dict[str, int] = {}
        self._chains: list[list[int]] = []
        self._text_of: dict[int, int] = {}
        self._passing: dict[int, list[int]] = {}
        self._beside: list[tuple[int, int]] = []
        self._make_places()
        self._rows = self._ordered()
        self._set_x()

    def layout(self) -> Layout:
        tops, bands, y = {}, [], 0.0
        for number, row in enumerate(self._rows):
            height = max((self._places[place].size.height for place in row), default=0.0)
            tops[number] = y
            bands.append((y, y + height))
            y += height + GAP_Y
        boxes = [Box(place.x, tops[place.layer], place.size) for place in self._places]
        left = min((box.left for box in boxes), default=0.0)
        boxes = [Box(box.x - left, box.y, box.size) for box in boxes]
        routes = []
        for number, (link, chain) in enumerate(zip(self._links, self._chains, strict=True)):
            text = self._text_of.get(number)
            through = tuple(boxes[place] for place in chain)
            routes.append(Route(link, through, boxes[text] if text is not None else None, number in self._back))
        size = Size(max((box.right for box in boxes), default=0.0), max(0.0, y - GAP_Y))
        return Layout({name: boxes[place] for name, place in self._of_box.items()}, tuple(routes), tuple(bands), size)

    def _make_places(self) -> None:
        layers = self._layers()
        for name, size in self._sizes.items():
            self._of_box[name] = self._add(size, layers[name])
        for number, link in enumerate(self._links):
            source, target = self._of_box[link.source], self._of_box[link.target]
            if number in self._back:
                chain = [source, *self._beside_both(number, link, source, target), target]
            else:
                chain = [source, *self._between(number, link, source, target), target]
                for upper, lower in pairwise(chain):
                    self._places[upper].down.append(lower)
                    self._places[lower].up.append(upper)
            lanes = [place for place in chain[1:-1] if self._places[place].size.width == _LANE]
            self._passing |= dict.fromkeys(lanes, lanes)
            self._chains.append(chain)

    def _layers(self) -> dict[str, int]:
        """The longest way from the top, in which an edge with a text counts two."""
        forward = [
            (link.source, link.target, 2 if link.text is not None else 1)
            for number, link in enumerate(self._links)
            if number not in self._back
        ]
        layers = dict.fromkeys(self._sizes, 0)
        for _ in range(len(self._sizes)):
            changed = False
            for source, target, length in forward:
                if layers[target] < layers[source] + length:
                    layers[target], changed = layers[source] + length, True
            if not changed:
                break
        return layers

    def _between(self, number: int, link: Link, source: int, target: int) -> list[int]:
        first, last = self._places[source].layer + 1, self._places[target].layer
        chain = []
        for layer in range(first, last):
            if layer == first and link.text is not None:
                self._text_of[number] = self._add(link.text, layer)
                chain.append(self._text_of[number])
            else:
                chain.append(self._add(Size(_LANE, 0.0), layer))
        return chain

    def _beside_both(self, number: int, link: Link, source: int, target: int) -> list[int]:
        """Places of an edge that leads back, from the layer of its start up to that of its end."""
        chain: list[int] = []
        for layer in range(self._places[source].layer, self._places[target].layer - 1, -1):
            size = Size(_LANE, 0.0)
            if link.text is not None and not chain:
                size = link.text
            place = self._add(size, layer)
            if link.text is not None and not chain:
                self._text_of[number] = place
            if chain:
                self._places[place].down.append(chain[-1])
                self._places[chain[-1]].up.append(place)
            chain.append(place)
        self._beside.append((source, chain[0]))
        if len(chain) > 1:
            self._beside.append((target, chain[-1]))
        return chain

    def _add(self, size: Size, layer: int) -> int:
        self._places.append(_Place(size, layer))
        return len(self._places) - 1

    def _ordered(self) -> list[list[int]]:
        beside = {place for _, place in self._beside}
        rows: list[list[int]] = [[] for _ in range(1 + max((place.layer for place in self._places), default=0))]
        for place in self._in_depth():
            if place not in beside:
                rows[self._places[place].layer].append(place)
        best, fewest = [list(row) for row in rows], self._crossings(rows)
        for sweep in range(_SWEEPS):
            self._sort_by_neighbours(rows, down=sweep % 2 == 0)
            crossings = self._crossings(rows)
            if crossings < fewest:
                best, fewest = [list(row) for row in rows], crossings
        for place, neighbour in self._beside:
            row = best[self._places[place].layer]
            row.insert(row.index(place) + 1, neighbour)
        return best

    def _in_depth(self) -> list[int]:
        """All places, those of the first way of each box before those of the second one."""
        found: dict[int, None] = {}
        waiting = list(reversed(self._of_box.values()))
        waiting = [place for place in waiting if not self._places[place].up] or waiting
        every = list(reversed(range(len(self._places))))
        for stack in (waiting, every):
            while stack:
                place = stack.pop()
                if place not in found:
                    found[place] = None
                    stack.extend(reversed(self._places[place].down))
        return list(found)

    def _sort_by_neighbours(self, rows: list[list[int]], *, down: bool) -> None:
        numbers = range(1, len(rows)) if down else range(len(rows) - 2, -1, -1)
        for number in numbers:
            other = {place: at for at, place in enumerate(rows[number - 1 if down else number + 1])}
            means = {}
            for at, place in enumerate(rows[number]):
                neighbours = self._places[place].up if down else self._places[place].down
                seen = [other[neighbour] for neighbour in neighbours if neighbour in other]
                means[place] = sum(seen) / len(seen) if seen else float(at)
            rows[number].sort(key=means.__getitem__)

    def _crossings(self, rows: list[list[int]]) -> int:
        count = 0
        for upper, lower in pairwise(rows):
            at = {place: position for position, place in enumerate(lower)}
            edges = [
                (position, at[target])
                for position, place in enumerate(upper)
                for target in self._places[place].down
                if target in at
            ]
            count += sum(1 for a in edges for b in edges if a[0] < b[0] and a[1] > b[1])
        return count

    def _set_x(self) -> None:
        for row in self._rows:
            self._place_row(row, [self._places[place].x for place in row])
        for sweep in range(3 * _SWEEPS):
            down = sweep % 2 == 0
            for row in self._rows if down else reversed(self._rows):
                self._place_row(row, [self._wish(place, down, sweep > 2 * _SWEEPS) for place in row])

    def _wish(self, place: int, down: bool, both: bool) -> float:
        here = self._places[place]
        neighbours = here.up + here.down if both else (here.up or here.down) if down else (here.down or here.up)
        if both and place in self._passing:
            neighbours = self._passing[place]
        return sum(self._places[other].x for other in neighbours) / len(neighbours) if neighbours else _FAR_LEFT

    def _weight(self, place: int) -> float:
        """An edge that only passes is seen to be straight or not; a box may as well stand a little aside."""
        if place in self._passing:
            return _LANE_WEIGHT
        return 1.0 if self._places[place].up or self._places[place].down else _NO_WEIGHT

    def _place_row(self, row: list[int], wishes: list[float]) -> None:
        """As near to what each wishes as the widths allow."""
        offsets, offset = [], 0.0
        for at, place in enumerate(row):
            if at:
                offset += (self._places[row[at - 1]].size.width + self._places[place].size.width) / 2 + GAP_X
            offsets.append(offset)
        weights = [self._weight(place) for place in row]
        placed = _ascending([wish - offset for wish, offset in zip(wishes, offsets, strict=True)], weights)
        for place, position, offset in zip(row, placed, offsets, strict=True):
            self._places[place].x = position + offset


def _ascending(values: list[float], weights: list[float]) -> list[float]:
    """The nearest numbers, by weighted least squares, of which none is smaller than the one before it."""
    pools: list[tuple[float, float, int]] = []
    for value, weight in zip(values, weights, strict=True):
        total, mass, count = value * weight, weight, 1
        while pools and pools[-1][0] / pools[-1][1] > total / mass:
            before, others, members = pools.pop()
            total, mass, count = total + before, mass + others, count + members
        pools.append((total, mass, count))
    return [total / mass for total, mass, count in pools for _ in range(count)]


def _leading_back(names: list[str], links: Sequence[Link]) -> frozenset[int]:
    """The links that lead to a box which leads to them: without these there is no circle."""
    ways: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for number, link in enumerate(links):
        ways[link.source].append((number, link.target))
    back, done, open_ = set(), set(), set()
    for start in names:
        stack = [(start, iter(ways[start]))] if start not in done else []
        open_ |= {start} if stack else set()
        while stack:
            name, left = stack[-1]
            for number, target in left:
                if target in open_:
                    back.add(number)
                elif target not in done:
                    open_.add(target)
                    stack.append((target, iter(ways[target])))
                    break
            else:
                stack.pop()
                open_.discard(name)
                done.add(name)
    return frozenset(back)
