"""All that an action says on a channel: in each locale, and instead where that fails."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from orchestrator.content.formats import Forms
from orchestrator.content.locales import choose, normal
from orchestrator.content.own import NO_OWN, Own
from orchestrator.content.sandbox import afresh, names_of
from orchestrator.content.templates import (
    NO_PARTIAL_TEXTS,
    FieldError,
    FieldProblem,
    Fields,
    Location,
    PartialTexts,
    check_fields,
    compile_fields,
)
from orchestrator.engine.content import NO_SHELF, UNSAID, Rendered, Said, Shelf
from orchestrator.engine.policy import Policy
from orchestrator.errors import ContentError
from orchestrator.journeys.action import TreatmentDefinition
from orchestrator.journeys.definition import ChannelDefinition

_PLAIN: Final = ""
"""The key of what is said to whom no locale fits."""


class _Locales:
    """Fields by locale."""

    __slots__ = ("_fields", "_offered")

    def __init__(self, fields: Mapping[str, Fields]) -> None:
        self._fields = fields
        self._offered = tuple(name for name in fields if name != _PLAIN)

    @property
    def only(self) -> Fields | None:
        """The fields, if they are the same in every locale."""
        return None if self._offered else self._fields[_PLAIN]

    def of(self, customer: Mapping[str, Any], policy: Policy) -> tuple[Fields, str | None]:
        """The fields for a customer, and the locale to format them by; None is the customer's own."""
        if not self._offered:
            return self._fields[_PLAIN], None
        name, formatting = choose(customer.get("traits"), policy.locale, self._offered)
        return self._fields[name], formatting


class ActionContent:
    """Content that is ready to render."""

    __slots__ = ("_fallback", "_locales", "_only", "_own", "_replaces_all", "constant")

    def __init__(self, locales: _Locales, fallback: _Locales | None, own: Own, *, replaces_all: bool) -> None:
        self._locales = locales
        self._only = locales.only
        self.constant = self._only.constants if self._only is not None and not self._only.makers else None
        self._fallback = fallback
        self._own = own
        self._replaces_all = replaces_all

    def render(
        self,
        event: Any,
        customer: Any,
        journey: Any,
        policy: Policy,
        now: int,
        shelf: Shelf = NO_SHELF,
        said: Said = UNSAID,
    ) -> Rendered:
        """The content for one customer as JSON values.

        Raises:
            ContentError: with the field and the reason.
        """
        fields, formatting = self._only, None
        if fields is None:
            fields, formatting = self._locales.of(customer, policy)
        if not fields.makers:
            return Rendered(fields.constants.copy())
        own = self._own.names(said, customer, journey, policy)
        forms = Forms(customer, policy, now, formatting)
        try:
            return Rendered(fields.make(names_of(event, customer, journey, forms, shelf, own)))
        except FieldError as error:
            if self._fallback is None:
                raise ContentError(str(error)) from error
            failed = error
        instead, formatting = self._fallback.of(customer, policy)
        names = names_of(event, customer, journey, Forms(customer, policy, now, formatting), shelf, own)
        return _instead(instead, names, failed) if self._replaces_all else _by_field(fields, instead, names)


def _instead(instead: Fields, names: dict[str, Any], failed: FieldError) -> Rendered:
    try:
        return Rendered(instead.make(names), (str(failed),))
    except FieldError as error:
        raise ContentError(f"{failed}; and of the fallback {error}") from error


def _by_field(fields: Fields, instead: Fields, names: dict[str, Any]) -> Rendered:
    made, reasons = fields.constants.copy(), []
    for name in fields.makers:
        try:
            made |= fields.make_one(name, afresh(names))
        except FieldError as failed:
            if name not in instead:
                raise ContentError(str(failed)) from failed
            try:
                made |= instead.make_one(name, afresh(names))
            except FieldError as error:
                raise ContentError(f"{failed}; and of the fallback {error}") from error
            reasons.append(str(failed))
    return Rendered(made, tuple(reasons))


def compile_action(
    said: TreatmentDefinition,
    channel: ChannelDefinition,
    partials: PartialTexts = NO_PARTIAL_TEXTS,
    own: Own = NO_OWN,
) -> ActionContent:
    """The content of a treatment for its channel; ``own`` is what else its templates see.

    Raises:
        ContentError: with the first of the problems that ``check_action`` finds.
    """
    for problem in check_action(said, channel, partials):
        location = [".".join(map(str, problem.location[1:]))] if len(problem.location) > 1 else []
        raise ContentError(": ".join([*location, problem.message]))
    fallback = said.fallback
    locales = _compiled(said.content, said.locales, channel, partials)
    if fallback is None:
        return ActionContent(locales, None, own, replaces_all=False)
    instead = _compiled(fallback.content, fallback.locales, channel, partials)
    return ActionContent(locales, instead, own, replaces_all=fallback.replaces == "all")


def check_action(
    said: TreatmentDefinition, channel: ChannelDefinition, partials: PartialTexts = NO_PARTIAL_TEXTS
) -> Iterator[FieldProblem]:
    """All that can be known to be wrong before there is a customer; locations are in the treatment."""
    yield from check_locales(said)
    yield from _placed(("content",), check_fields(said.content, channel, partials, whole=True))
    for name, fields in said.locales.items():
        yield from _placed(("locales", name), check_fields(fields, channel, partials, whole=False))
    fallback = said.fallback
    if fallback is not None:
        whole = fallback.replaces == "all"
        yield from _placed(("fallback", "content"), check_fields(fallback.content, channel, partials, whole=whole))
        for name, fields in fallback.locales.items():
            yield from _placed(("fallback", "locales", name), check_fields(fields, channel, partials, whole=False))


def check_locales(said: TreatmentDefinition) -> Iterator[FieldProblem]:
    """Names that are no locales, and two for the same one."""
    yield from _placed(("locales",), _check_locales(said.locales))
    if said.fallback is not None:
        yield from _placed(("fallback", "locales"), _check_locales(said.fallback.locales))


def _check_locales(names: Iterable[str]) -> Iterator[FieldProblem]:
    for name in names:
        try:
            known = normal(name)
        except ValueError as error:
            yield FieldProblem((name,), 0, str(error))
        else:
            if known != name:
                yield FieldProblem((name,), 0, f"'{name}' is the locale '{known}', which is here already")


def _placed(at: Location, problems: Iterator[FieldProblem]) -> Iterator[FieldProblem]:
    return (replace(problem, location=(*at, *problem.location)) for problem in problems)


def _compiled(
    plain: Mapping[str, Any],
    locales: Mapping[str, Mapping[str, Any]],
    channel: ChannelDefinition,
    partials: PartialTexts,
) -> _Locales:
    fields = {_PLAIN: compile_fields(plain, channel, partials)}
    for name in locales:
        wider = [locales[other] for other in _wider(name) if other in locales]
        merged = {key: value for each in (plain, *wider) for key, value in each.items()}
        fields[name] = compile_fields(merged, channel, partials)
    return _Locales(fields)


def _wider(name: str) -> list[str]:
    """``de`` and ``de-AT`` for ``de-AT``."""
    parts = name.split("-")
    return ["-".join(parts[:length]) for length in range(1, len(parts) + 1)]
