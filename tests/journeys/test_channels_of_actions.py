"""What an action says of several channels, and each thing that can be wrong in it."""

from __future__ import annotations

import pytest

from orchestrator.engine.action import Link
from orchestrator.errors import DefinitionError
from orchestrator.journeys.pack import Pack
from orchestrator.journeys.treatments import compile_action
from orchestrator.testing.texts import pack_of

NEWS = """
action: news
treatments:
  push: {content: {text: news}}
  sms: {content: {text: news}}
"""


def news(more: str, policy: str = "") -> Pack:
    return pack_of(f"{NEWS}{more}\n---\n{policy}" if policy else f"{NEWS}{more}\n")


def problem(more: str, policy: str = "") -> str:
    with pytest.raises(DefinitionError) as caught:
        news(more, policy)
    (found,) = caught.value.problems
    return found.message


def test_a_chain_is_part_of_the_action() -> None:
    pack = news("chain: [{channel: push, until: clicked, within: 2 hours}, {channel: sms}]\nsend_time: {within: 1 day}")
    action = compile_action(pack.actions["news"], pack)
    assert action.chain == (Link("push", clicked=True, within_ms=7_200_000), Link("sms", clicked=False, within_ms=0))
    assert action.send_within_ms == 86_400_000
    assert Pack.from_json(pack.to_json()) == pack


@pytest.mark.parametrize(("said", "within_ms"), [("best", 86_400_000), ("now", 0), ("{within: 2 hours}", 7_200_000)])
def test_a_time_to_send_is_best_or_now_or_within_a_time(said: str, within_ms: int) -> None:
    pack = news(f"send_time: {said}")
    assert compile_action(pack.actions["news"], pack).send_within_ms == within_ms


def test_a_step_may_say_when_its_message_is_sent() -> None:
    pack = pack_of(f"{NEWS}\n---\njourney: talk\nentry: {{on: X}}\nsteps:\n  - {{act: news, send_time: best}}\n")
    assert pack.journeys["talk"].steps[0].send_time == "best"


WRONG = {
    "chain: [{channel: push, until: opened, within: 1 hour}, {channel: smss}]": "there is no treatment for 'smss' in "
    "this action: did you mean 'sms'?",
    "chain: [{channel: push}, {channel: sms}]": "'until' is missing: what must happen so that the next link does not "
    "follow: opened or clicked",
    "chain: [{channel: push, until: opened}, {channel: sms}]": "'within' is missing beside 'until': for example "
    "within: 2 hours",
    "chain: [{channel: push, within: 1 hour}, {channel: sms}]": "'until' is missing beside 'within': opened or clicked",
    "chain: [{channel: push, until: read, within: 1 hour}, {channel: sms}]": "'until' must be opened or clicked, not "
    "'read'",
    "chain: [{channel: push, until: opened, within: 1 hour}, {channel: sms, until: opened, within: 1 hour}]": "nothing "
    "follows the last link: leave out 'until' and 'within'",
    "chain: [{channel: push, until: opened, within: 1 hour}, {channel: push}]": "the treatment 'sms' is in no link of "
    "the chain: add it, or leave it out",
    "together: true\nchain: [{channel: push, until: opened, within: 1 hour}, {channel: sms}]": "'together' cannot "
    "stand beside 'chain': all at once, or one after the other",
    "chain: [{channel: push}]": "'chain' has 1, and at least 2 are needed",
    "chain: [{channel: push, until: opened, within: 0 hours}, {channel: sms}]": "'within' must be more than 0: the "
    "next link would follow at once",
    "expires: 0 hours": "'expires' must be more than 0: it would be over before it is said",
    "send_time: {within: 12}": "write a duration with its unit, for example '30 minutes', '2 hours' or '7 days'",
    "send_time: soon": "a time to send is 'best', 'now' or {within: 12 hours}, not 'soon'",
}


@pytest.mark.parametrize(("more", "message"), WRONG.items(), ids=WRONG.keys())
def test_what_is_wrong(more: str, message: str) -> None:
    assert problem(more) == message


def test_a_kind_that_goes_by_another_channel_is_told() -> None:
    said = problem("kind: receipt", "channel: {kinds: {receipt: {channel: email}}}")
    assert said == (
        "messages of kind 'receipt' go by email, as policy.yaml says, and there is no treatment for it: "
        "there is push and sms"
    )


def test_together_needs_several_channels() -> None:
    with pytest.raises(DefinitionError, match="'together' is for several channels: add 'treatments', or leave it out"):
        pack_of("action: news\nchannel: sms\ncontent: {text: news}\ntogether: true\n")


def test_only_messages_have_a_time_to_be_sent() -> None:
    with pytest.raises(DefinitionError, match="'send_time' belongs to act: only messages have a time to be sent"):
        pack_of("journey: talk\nentry: {on: X}\nsteps:\n  - {wait: 1 hour, send_time: best}\n")


@pytest.mark.parametrize(
    "more", ["chain: [{channel: push, until: opened, within: 1 hour}, {channel: sms}]", "together: true"]
)
def test_a_kind_that_has_its_channel_takes_no_others(more: str) -> None:
    said = problem(f"kind: receipt\n{more}", "channel: {kinds: {receipt: {channel: sms}}}")
    assert said == (
        f"messages of kind 'receipt' go by sms alone, as policy.yaml says: leave '{more.partition(':')[0]}' out"
    )


def test_a_slip_in_the_name_of_a_kind_is_told() -> None:
    policy = "channel: {kinds: {receipt: {channel: sms}}}"
    assert problem("kind: reciept", policy) == "policy.yaml says nothing of the kind 'reciept': did you mean 'receipt'?"
    assert news("kind: survey", policy).actions["news"].kind == "survey"
