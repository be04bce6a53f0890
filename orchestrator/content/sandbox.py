"""Templates that can neither reach out nor run away: a part of Jinja2 in its sandbox.

What may stand in a template is in ``grammar``; what is left can loop and make texts only within ``bounds``. A missing
value and a null are the same: an error, unless ``default`` or ``is defined`` asks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from itertools import islice
from typing import Any, Final

from jinja2 import StrictUndefined, Template, TemplateNotFound, TemplateSyntaxError, Undefined, nodes, pass_context
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from orchestrator.content.bounds import CONCAT, CSS, LINK_PART, LINK_PIECE, MEASURED, PLAIN, SHOWN, TURNS, Kind, bound
from orchestrator.content.filters import FILTERS, LONGEST, TOO_LONG, css_value, join, link_part, link_piece, shown
from orchestrator.content.formats import FORMS, Forms
from orchestrator.content.grammar import RECOMMEND, Partial, TemplateError, check, partial_of, sentence
from orchestrator.content.own import NOTHING_OWN
from orchestrator.engine.content import NO_SHELF, Shelf
from orchestrator.errors import Unmet

MOST_TURNS: Final = 10_000
"""The most turns of all loops of one text together; each use of a macro or a partial counts as one."""
MOST_MEASURED: Final = 4 * LONGEST
"""The most characters that all macros and partials of one text may make together, those that are dropped included."""

_WIDEST_INTEGER: Final = 256

Partials = tuple[tuple[str, str], ...]
"""The names and texts of the partials that a template uses, those that they use included, in order of their names."""
NO_PARTIALS: Final[Partials] = ()


class Missing(StrictUndefined):
    """A value that is not there; what is looked up in it is missing too."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __getitem__(self, key: Any) -> Any:
        return self

    @property
    def _undefined_message(self) -> str:
        if self._undefined_hint:
            return self._undefined_hint
        return f"'{self._undefined_name}' is missing: give it a default, as in {{{{ … | default('') }}}}"


class Environment(ImmutableSandboxedEnvironment):
    """Jinja2 over plain data: a dot looks up keys and nothing else."""

    intercepted_binops = frozenset(("+", "-", "*", "/", "//", "%"))

    def __init__(self, html: bool, partials: Mapping[str, Template]) -> None:
        # Not optimized: what Jinja2 would fold to a constant may fail, and then would fail for want of a customer.
        super().__init__(
            undefined=Missing,
            autoescape=html,
            trim_blocks=True,
            lstrip_blocks=True,
            optimized=False,
        )
        self.globals = {"range": _range}
        self.filters = {**FILTERS, **_INNER_FILTERS}
        self._partials = partials

    @staticmethod
    def concat(pieces: Iterable[str]) -> str:
        """What a macro made, as one text within bounds."""
        listed = list(pieces)
        if sum(map(len, listed)) > LONGEST:
            raise ValueError(TOO_LONG)
        return "".join(listed)

    def get_template(self, name: str | Template, parent: str | None = None, globals: Any = None) -> Template:  # noqa: A002
        """A partial."""
        found = self._partials.get(str(name))
        if found is None:
            raise TemplateNotFound(str(name))
        return found

    def getattr(self, obj: Any, attribute: str) -> Any:
        """The value under a key; of what is no map, a harmless attribute such as ``year`` of a moment."""
        if isinstance(obj, dict):
            try:
                value = obj[attribute]
            except KeyError:
                return Missing(name=attribute)
            except Unmet as unmet:
                return Missing(hint=str(unmet))
            return Missing(name=attribute) if value is None else value
        if isinstance(obj, Undefined):
            return obj
        value = super().getattr(obj, attribute)
        return Missing(name=attribute) if value is None else value

    def getitem(self, obj: Any, argument: Any) -> Any:
        """The value under a key or at a position."""
        if isinstance(obj, Undefined) or isinstance(argument, Undefined):
            return obj if isinstance(obj, Undefined) else argument
        try:
            value = obj[argument]
        except (KeyError, IndexError, TypeError):
            return Missing(name=str(argument))
        except Unmet as unmet:
            return Missing(hint=str(unmet))
        return Missing(name=str(argument)) if value is None else value

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Arithmetic on numbers, and ``+`` on texts and lists, within bounds."""
        for side in (left, right):
            if isinstance(side, Undefined):
                str(side)
        numbers = isinstance(left, int | float) and isinstance(right, int | float)
        if not numbers and (operator != "+" or type(left) is not type(right)):
            raise ValueError(f"'{operator}' needs two numbers")
        value = super().call_binop(context, operator, left, right)
        if isinstance(value, int) and value.bit_length() > _WIDEST_INTEGER:
            raise ValueError("a number is too large")
        if isinstance(value, str | list | tuple) and len(value) > LONGEST:
            raise ValueError(TOO_LONG)
        return value


Run = Callable[[Mapping[str, Any]], str]
"""A compiled template: from the names of ``names_of`` to a text."""


def names_of(
    event: Any,
    customer: Any,
    journey: Any,
    forms: Forms,
    shelf: Shelf = NO_SHELF,
    own: Mapping[str, Any] = NOTHING_OWN,
) -> dict[str, Any]:
    """What the templates of one action see, with what is its own; the bounds are counted in it."""
    return {
        "event": event,
        "customer": customer,
        "journey": journey,
        "catalog": shelf.catalog,
        RECOMMEND: shelf.recommend,
        **own,
        "range": _range,
        FORMS: forms,
        TURNS: [MOST_TURNS, MOST_MEASURED],
    }


def afresh(names: Mapping[str, Any]) -> dict[str, Any]:
    """The same names, with nothing counted yet."""
    return {**names, TURNS: [MOST_TURNS, MOST_MEASURED]}


@lru_cache(maxsize=8192)
def compile_template(source: str, kind: Kind, partials: Partials = NO_PARTIALS) -> Run:
    """The template as a function; equal texts are compiled once.

    Raises:
        TemplateError: with the line in the text.
    """
    environment = _environment(kind, partials)
    template = _template(environment, source, kind, dict(_known(partials)))
    root, context_class = template.root_render_func, environment.context_class

    def run(names: Mapping[str, Any]) -> str:
        pieces, size = [], 0
        for piece in root(context_class(environment, names, None, {})):  # type: ignore[arg-type]
            pieces.append(piece)
            size += len(piece)
            if size > LONGEST:
                raise ValueError(TOO_LONG)
        return "".join(pieces)

    return run


@lru_cache(maxsize=8192)
def parsed_partial(source: str) -> Partial:
    """What a partial offers and uses. Raises TemplateError if it is no template."""
    return partial_of(_parse(source))


def check_partial(source: str, partials: Mapping[str, Partial]) -> None:
    """Checks a partial by itself, as a text; what it makes in HTML or in a link, only those who use it know.

    Raises:
        TemplateError: with the line in the text.
    """
    check(_parse(source), partials)


def _parse(source: str) -> nodes.Template:
    try:
        return _PLAIN_ENVIRONMENT.parse(source)
    except TemplateSyntaxError as error:
        raise TemplateError(sentence(error.message or ""), error.lineno) from None
    except RecursionError:
        raise TemplateError(_TOO_DEEP, 1) from None


def _template(
    environment: Environment, source: str, kind: Kind, partials: Mapping[str, Partial], name: str | None = None
) -> Template:
    try:
        tree = _parse(source)
        check(tree, partials)
        code = environment.compile(bound(tree, kind, partial=name is not None), name)
    except TemplateError as error:
        raise TemplateError(str(error), error.line, name) from None
    except TemplateSyntaxError as error:
        raise TemplateError(sentence(error.message or ""), error.lineno, name) from None
    except (RecursionError, SyntaxError, MemoryError):  # Python's own bounds on what Jinja2 makes of it
        raise TemplateError(_TOO_DEEP, 1, name) from None
    return Template.from_code(environment, code, {})


@lru_cache(maxsize=1024)
def _environment(kind: Kind, partials: Partials) -> Environment:
    """One for each set of partials; the templates of them are compiled in it, once."""
    templates: dict[str, Template] = {}
    environment = Environment(kind is Kind.HTML, templates)
    known = _known(partials)
    for name, source in partials:
        templates[name] = _template(environment, source, kind, known, name)
    return environment


def _known(partials: Partials) -> dict[str, Partial]:
    known = {}
    for name, source in partials:
        try:
            known[name] = parsed_partial(source)
        except TemplateError as error:
            raise TemplateError(str(error), error.line, name) from None
    return known


_TOO_DEEP: Final = "the template is nested too deeply: split it up"


# Not ``finalize``, which Jinja2 asks only after it has escaped a constant.
@pass_context
def _shown(_context: Context, value: Any) -> Any:
    return value if value.__class__ is str and value.isprintable() else shown(value)


@pass_context
def _counted(context: Context, values: Iterable[Any]) -> list[Any]:
    left = context.parent[TURNS]
    items = list(islice(values, left[0] + 1))
    left[0] -= len(items)
    if left[0] < 0:
        raise ValueError(f"its loops have more than {MOST_TURNS} turns")
    return items


@pass_context
def _measured(context: Context, value: Any) -> Any:
    text = shown(value)
    left = context.parent[TURNS]
    left[1] -= len(text) if isinstance(text, str) else 0
    if left[1] < 0:
        raise ValueError(TOO_LONG)
    return text


def _plain(value: Any) -> Any:
    if isinstance(value, list | tuple | dict):
        raise ValueError("a list or a map that is made in a template can hold texts and numbers only")
    return value


def _range(*bounds: Any) -> range:
    for number in bounds:
        if isinstance(number, Undefined):
            str(number)
    numbers = range(*bounds)
    if len(numbers) > MOST_TURNS:
        raise ValueError(f"a range has more than {MOST_TURNS} numbers")
    return numbers


_INNER_FILTERS: Final[Mapping[str, Callable[..., Any]]] = {
    CONCAT: join,
    CSS: css_value,
    LINK_PART: link_part,
    LINK_PIECE: link_piece,
    MEASURED: _measured,
    PLAIN: _plain,
    SHOWN: _shown,
    TURNS: _counted,
}
_PLAIN_ENVIRONMENT: Final = Environment(False, {})
