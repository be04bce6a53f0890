"""What the checker says that there is, is there when conditions and templates are evaluated."""

from __future__ import annotations

from orchestrator.cel.value_types import BOOL, TEXT, TIME, Fields
from orchestrator.engine.customer import Consent, Customer, Instance
from orchestrator.engine.customer_view import consents_view
from orchestrator.engine.turn import Turn, journey_view
from orchestrator.events.event import Event
from orchestrator.journeys.scopes import LEARNT, Scopes
from orchestrator.testing import JourneyTestDriver
from orchestrator.testing.texts import pack_of

JOURNEY = """\
journey: a
entry: {on: Order Completed}
steps:
  - wait: {event: Product Viewed, timeout: 1 day}
"""
EVENT = Event("m", "Order Completed", 0, 0, "u", None, None, {}, {}, {})


def fields_of(type_: object) -> set[str]:
    assert isinstance(type_, Fields)
    return set(type_.fields)


def test_the_customer_has_these_fields() -> None:
    env = JourneyTestDriver.of_text(JOURNEY).env
    view = Turn(env, Customer("u:u", 0, 0), EVENT, 0).customer_view()
    assert all(name in view for name in fields_of(Scopes().customer()))


def test_a_consent_has_these_fields() -> None:
    view = consents_view(Customer("u:u", 0, 0, consents={"email/marketing": Consent(True, 0)}))
    consents = Scopes(channels=("email",)).customer().fields["consents"]
    assert isinstance(consents, Fields)
    assert fields_of(consents.fields["email/marketing"]) == set(view["email/marketing"])


def test_a_stay_has_these_fields() -> None:
    journey = pack_of(JOURNEY).journeys["a"]
    kept = {"id": "m", "name": "Order Completed", "timestamp": 0, "properties": {}}
    view = journey_view(Instance("a", "v", "a", "u:u", 0, kept, step="wait-1", last=kept))
    stay = Scopes().in_journey(journey)["journey"]
    assert isinstance(stay, Fields)
    assert all(name in view for name in stay.fields)
    for name in ("entry", "last"):
        assert all(part in view[name] for part in fields_of(stay.fields[name]))


def test_the_types_of_what_is_always_there() -> None:
    customer = Scopes(given={"email": TEXT}).customer().fields
    assert (customer["id"], customer["known"], customer["first_seen"]) == (TEXT, BOOL, TIME)
    assert fields_of(customer["traits"]) == {"email", *LEARNT}


def test_undeclared_traits_may_be_any_as_long_as_none_are_declared() -> None:
    traits = Scopes().traits()
    assert (traits.fields, traits.rest is None) == ({}, False)
