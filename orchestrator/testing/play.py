"""Plays one journey test, and says where what happened is not what was expected."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from orchestrator.durations import format_duration
from orchestrator.moments import format_moment
from orchestrator.streams.work import CONTENT
from orchestrator.testing.cases import Expectation, Happening, PlacedTest
from orchestrator.testing.driver import JourneyTestDriver

CONTAINS: Final = "contains"
_OF_CHANNELS: Final = ("action", "cancel")
_SHOWN: Final = 90


class Unexpected(Exception):
    """What happened is not what a test expects; ``line`` is where it expects it, the text has several lines."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


def play(test: PlacedTest, driver: JourneyTestDriver) -> None:
    """Runs a test on a driver that has done nothing yet.

    Raises:
        Unexpected: at the first expectation that is not met.
    """
    _Play(test, driver).run()


class _Play:
    def __init__(self, test: PlacedTest, driver: JourneyTestDriver) -> None:
        self._test = test
        self._driver = driver
        self._user = next(iter(test.customers), None)
        self._actions = 0
        self._decisions = 0
        self._trace = 0

    def run(self) -> None:
        self._make_known()
        self._seen()
        for number, step in enumerate(self._test.case.steps):
            self._let_pass(number, step)
            self._do(number, step)
            if step.expect is not None:
                self._check(number, step)
        left = self._published()
        if left:
            what = "\n".join(f"  found     {_action(value)}" for value in left)
            raise Unexpected(
                self._test.line("test"),
                f"at the end there {_are(len(left), 'action')} that nothing expected: add an 'expect', or name the "
                f"'journeys' that the test is about\n{what}",
            )

    def _make_known(self) -> None:
        for user, given in self._test.customers.items():
            if given.traits or given.anonymous is not None:
                self._driver.identify(user, given.traits, anonymous=given.anonymous)
            for name, said in given.consents.items():
                channel, _, purpose = name.partition("/")
                self._driver.consent(user, channel, said, purpose or "marketing")

    def _let_pass(self, number: int, step: Happening) -> None:
        if step.after is not None:
            self._driver.advance_to(self._driver.now + step.after)
        elif step.at is not None:
            if step.at < self._driver.now:
                line = self._test.line("steps", number, "at")
                raise Unexpected(line, f"time does not run back: it is {format_moment(self._driver.now)} already")
            self._driver.advance_to(step.at)

    def _do(self, number: int, step: Happening) -> None:
        before = len(self._driver.dead_letters)
        call = self._call(step)
        if call is None:
            return
        if not {"userId", "anonymousId"} & call.keys():
            line = self._test.line("steps", number)
            raise Unexpected(line, "nobody does this: name a customer, here or in 'customers'")
        self._driver.send(call)
        for refused in self._driver.dead_letters[before:]:
            if refused["code"] == CONTENT:  # an action, of which a test says 'refused'
                continue
            line = self._test.line("steps", number)
            raise Unexpected(line, f"the event would go to the dead-letter topic: {refused['reason']}")

    def _call(self, step: Happening) -> dict[str, Any] | None:
        if step.send is not None:
            return {**step.send}
        who = {}
        user = step.customer if step.customer is not None else None if step.anonymous is not None else self._user
        if user is not None:
            who["userId"] = user
        if step.anonymous is not None:
            who["anonymousId"] = step.anonymous
        if step.event is not None:
            return {"type": "track", "event": step.event, "properties": step.properties, "context": step.context, **who}
        if step.identify is not None:
            return {"type": "identify", "traits": step.identify, **who}
        if step.alias is not None:
            return {"type": "alias", "previousId": step.alias, **who}
        if step.consent is not None:
            properties = {**step.consent.model_dump(), "source": "test"}
            return {"type": "track", "event": "Consent Changed", "properties": properties, **who}
        return None

    def _check(self, number: int, step: Happening) -> None:
        expected = step.expect or ()
        wanted = [(at, each) for at, each in enumerate(expected) if each.kind in _OF_CHANNELS]
        if wanted or not expected:
            self._check_channels(number, step, wanted)
        for at, each in enumerate(expected):
            if each.kind not in _OF_CHANNELS:
                problem = self._problem(each)
                if problem is not None:
                    raise Unexpected(self._line(number, at), f"{self._when(step)}{problem}")
        self._seen()

    def _check_channels(self, number: int, step: Happening, wanted: list[tuple[int, Expectation]]) -> None:
        found = self._published()
        for position, (at, each) in enumerate(wanted):
            if position >= len(found) or (problems := list(self._differences(each, found[position]))):
                listed = [f"  expected  {_expectation(each)}"]
                listed += [f"  found     {_action(value)}" for value in found[position:]] or ["  found     nothing"]
                if position < len(found):
                    listed += [f"  differs   {problem}" for problem in problems]
                raise Unexpected(self._line(number, at), self._told(step, len(wanted), len(found), listed))
        if len(found) > len(wanted):
            listed = [f"  found     {_action(value)}" for value in found[len(wanted) :]]
            raise Unexpected(
                self._test.line("steps", number, "expect"), self._told(step, len(wanted), len(found), listed)
            )

    def _told(self, step: Happening, wanted: int, found: int, listed: list[str]) -> str:
        head = f"{self._when(step)}expected {_count(wanted, 'action')}, found {_count(found, 'action')}"
        return "\n".join([head, *listed, *self._why_not()])

    def _why_not(self) -> Iterator[str]:
        """What was decided against since the last look: nearly always the answer."""
        for decision in self._driver.decisions[self._decisions :]:
            if decision["outcome"] in ("refused", "held"):
                why = "; ".join(f"{reason['rule']}: {reason['detail']}" for reason in decision["reasons"])
                yield f"  why       {decision['action']} was {decision['outcome']}: {why}"
        for line in self._driver.trace[self._trace :]:
            if line.get("happened") in ("unmet", "refused"):
                place = f" at {line['step']}" if line.get("step") else ""
                yield f"  why       {line['journey']}{place} {line['happened']}: {line['reason']}"

    def _differences(self, expected: Expectation, found: Mapping[str, Any]) -> Iterator[str]:
        if (expected.kind, expected.name) != (found["kind"], found["action"]):
            yield f"it is {_article(found['kind'])} of {found['action']}"
            return
        names = {
            "channel": expected.channel,
            "journey": expected.journey,
            "step": expected.step,
            "customer_id": expected.customer,
            "reason": expected.reason,
            "decided_at": format_moment(expected.at) if expected.at is not None else None,
        }
        for name, value in names.items():
            if value is not None and found.get(name) != value:
                shown = "at" if name == "decided_at" else name.removesuffix("_id")
                yield f"{shown}: expected {_value(value)}, found {_value(found.get(name))}"
        yield from _parts_missing(expected.content or {}, found.get("content", {}), "content")

    def _problem(self, expected: Expectation) -> str | None:
        """Why an expectation about anything but actions on channels is not met; None if it is."""
        kind, user = expected.kind, expected.customer or self._user
        if kind in ("refused", "held"):
            return self._decided(expected)
        if kind in ("entered", "left"):
            return self._logged(expected, user)
        record = self._driver.customer(user) or self._driver.customer(anonymous=user) or {}
        if kind in ("segment", "no_segment"):
            segments = record.get("segments", [])
            if (expected.name in segments) == (kind == "segment"):
                return None
            return f"{user} is in {_listed(segments, 'no segment')}, expected {'' if kind == 'segment' else 'not '}" + (
                expected.name
            )
        stays = {
            stay["key"]: stay["step"]
            for stay in record.get("instances", {}).values()
            if stay["journey"] == expected.name and stay.get("step") is not None
        }
        if kind == "not_in":
            return f"{user} is in {expected.name}, at {_listed(stays.values(), '')}" if stays else None
        if not stays:
            return f"{user} is not in {expected.name}"
        if expected.step is not None and expected.step not in stays.values():
            return f"{user} is in {expected.name} at {_listed(stays.values(), '')}, expected at {expected.step}"
        return None

    def _decided(self, expected: Expectation) -> str | None:
        made = [
            decision
            for decision in self._driver.decisions[self._decisions :]
            if decision["action"] == expected.name
            and expected.journey in (None, decision["journey"])
            and expected.customer in (None, decision["customer_id"])
        ]
        for decision in made:
            if decision["outcome"] == expected.kind and expected.rule in (None, *_rules(decision)):
                return None
        wanted = f" by the rule {expected.rule}" if expected.rule is not None else ""
        found = [f"{each['outcome']} ({', '.join(_rules(each)) or 'nothing against it'})" for each in made]
        return f"expected {expected.name} to be {expected.kind}{wanted}, it was {_listed(found, 'not decided on')}"

    def _logged(self, expected: Expectation, user: str | None) -> str | None:
        happened = {"entered": ("entered",), "left": ("exited", "ended")}[expected.kind]
        lines = [
            line
            for line in self._driver.trace[self._trace :]
            if line["kind"] == "step" and line["journey"] == expected.name and line["customer_id"] == user
        ]
        found = [line for line in lines if line["happened"] in happened]
        if any(expected.reason in (None, line["reason"]) for line in found):
            return None
        if found:
            return (
                f"{user} {expected.kind} {expected.name} because {_value(found[-1]['reason'])}, not {expected.reason}"
            )
        told = [f"{line['happened']} {line['step'] or ''}".strip() for line in lines]
        return f"{user} has not {expected.kind} {expected.name}; since the last look: {_listed(told, 'nothing')}"

    def _published(self) -> list[dict[str, Any]]:
        only = self._test.journeys
        return [action for action in self._driver.actions[self._actions :] if only is None or action["journey"] in only]

    def _seen(self) -> None:
        self._actions = len(self._driver.actions)
        self._decisions = len(self._driver.decisions)
        self._trace = len(self._driver.trace)

    def _when(self, step: Happening) -> str:
        passed = f", after {format_duration(step.after)}" if step.after is not None else ""
        return f"{format_moment(self._driver.now)}{passed}: "

    def _line(self, number: int, at: int) -> int:
        return self._test.line("steps", number, "expect", at)


def _rules(decision: Mapping[str, Any]) -> list[str]:
    return [reason["rule"] for reason in decision["reasons"]]


def _parts_missing(expected: Mapping[str, Any], found: Any, at: str) -> Iterator[str]:
    """Which parts of what is expected are not so; what is found may have more."""
    for name, value in expected.items():
        there = found.get(name) if isinstance(found, Mapping) else None
        if isinstance(there, str) and isinstance(value, Mapping) and value.keys() == {CONTAINS}:
            if str(value[CONTAINS]) not in there:
                yield f"{at}.{name}: expected to contain {_value(value[CONTAINS])}, found {_value(there)}"
        elif isinstance(value, Mapping) and isinstance(there, Mapping):
            yield from _parts_missing(value, there, f"{at}.{name}")
        elif there != value:
            yield f"{at}.{name}: expected {_value(value)}, found {_value(there)}"


def _expectation(expected: Expectation) -> str:
    parts = [expected.name]
    if expected.kind == "cancel":
        parts.insert(0, "a cancel of")
    if expected.channel is not None:
        parts.append(f"on {expected.channel}")
    if expected.customer is not None:
        parts.append(f"for {expected.customer}")
    if expected.at is not None:
        parts.append(f"at {format_moment(expected.at)}")
    if expected.content:
        parts.append(_value(expected.content))
    return " ".join(parts)


def _action(value: Mapping[str, Any]) -> str:
    cancel = "a cancel of " if value["kind"] == "cancel" else ""
    detail = value.get("content") if value["kind"] == "action" else value.get("reason")
    place = f"on {value['channel']} for {value['customer_id']} at {value['decided_at']}, by {value['journey']}"
    return f"{cancel}{value['action']} {place}: {_value(detail)}"


def _value(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def _listed(values: Any, nothing: str) -> str:
    return ", ".join(map(str, values)) or nothing


def _count(count: int, what: str) -> str:
    return f"{count or 'no'} {what}{'' if count == 1 else 's'}"


def _are(count: int, what: str) -> str:
    return f"{'is' if count == 1 else 'are'} {_count(count, what)}"


def _article(kind: str) -> str:
    return f"{'an' if kind == 'action' else 'a'} {kind}"
