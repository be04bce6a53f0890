"""``pause --all`` and ``resume --all``: what is meant by their options."""

from __future__ import annotations

import pytest

from orchestrator.commands.states import _chosen, _others, _wanted
from orchestrator.errors import UsageError
from orchestrator.journeys.contact_checks import unknown_in
from orchestrator.journeys.contact_policy import PauseDefinition
from orchestrator.testing.texts import pack_of

ALL, MAILS, SURVEYS = PauseDefinition(), PauseDefinition(channel=("email",)), PauseDefinition(purpose=("surveys",))


@pytest.mark.parametrize(
    ("purpose", "channel", "refuse", "wanted"),
    [
        (None, None, False, ALL),
        (None, "email", False, MAILS),
        ("surveys", None, False, SURVEYS),
        (None, None, True, PauseDefinition(then="refuse")),
    ],
)
def test_what_is_paused(purpose: str | None, channel: str | None, refuse: bool, wanted: PauseDefinition) -> None:
    assert _wanted(purpose, channel, refuse=refuse) == wanted


def test_what_is_transactional_cannot_be_paused() -> None:
    with pytest.raises(UsageError, match="transactional messages always pass"):
        _wanted("transactional", None, refuse=False)


def test_a_pause_is_taken_back_by_what_it_names_and_all_by_nothing() -> None:
    pauses = (ALL, MAILS, SURVEYS)
    assert _others(pauses, None, "email", every=True) == (ALL, SURVEYS)
    assert _others(pauses, None, None, every=True) == ()
    assert _others(pauses, None, None) == (MAILS, SURVEYS)


@pytest.mark.parametrize(
    ("journey", "everything", "channel"), [(None, False, None), ("a", True, None), ("a", False, "email")]
)
def test_it_must_be_clear_what_is_meant(journey: str | None, everything: bool, channel: str | None) -> None:
    with pytest.raises(UsageError):
        _chosen(journey, everything, None, channel)


@pytest.mark.parametrize(
    ("names", "wrong"),
    [
        ({"purpose": None, "channel": None}, None),
        ({"purpose": "surveys", "channel": "email"}, None),
        ({"purpose": "service", "channel": None}, None),
        ({"purpose": "marketin", "channel": None}, "the purpose 'marketin' is unknown: did you mean 'marketing'?"),
        ({"purpose": None, "channel": "emial"}, "the channel 'emial' is unknown: did you mean 'email'?"),
    ],
)
def test_what_is_paused_is_there(names: dict[str, str | None], wrong: str | None) -> None:
    pack = pack_of("action: question\npurpose: surveys\nchannel: email\ncontent: {subject: S, html: <p>x</p>}\n")
    assert unknown_in(pack, names) == wrong
