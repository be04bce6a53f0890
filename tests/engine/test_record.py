"""A customer's record as bytes: nothing is lost, and the same record always has the same bytes."""

from __future__ import annotations

import string
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.engine.customer import (
    Assignment,
    Chain,
    Consent,
    Customer,
    Instance,
    Offer,
    Past,
    Pointer,
    Record,
    decode,
    encode,
    from_json,
    to_json,
)
from orchestrator.engine.message import Absorb, Claim, Granted, Release
from orchestrator.engine.message import decode as decode_message
from orchestrator.engine.message import encode as encode_message

TEXT = st.text(st.characters(codec="utf-8"), max_size=8)
NAMES = st.text(string.ascii_letters + "\x00\"'é✓", max_size=8)
MOMENTS = st.integers(0, 2**45)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
OBJECTS = st.dictionaries(TEXT, JSON, max_size=3)


def dicts(values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(NAMES, values, max_size=3)


INSTANCES = st.builds(
    Instance,
    journey=NAMES,
    version=NAMES,
    key=NAMES,
    origin=NAMES,
    entered_at=MOMENTS,
    entry=OBJECTS,
    step=st.none() | NAMES,
    due=st.none() | MOMENTS,
    since=st.none() | MOMENTS,
    last=st.none() | OBJECTS,
    value=TEXT,
    laps=st.integers(0, 9),
    said=st.dictionaries(NAMES, NAMES, max_size=2),
)
OFFERS = st.builds(
    Offer,
    id=NAMES,
    instance=NAMES,
    journey=NAMES,
    version=NAMES,
    step=NAMES,
    action=NAMES,
    channel=NAMES,
    purpose=NAMES,
    customer_id=TEXT,
    trigger=OBJECTS,
    expires_at=MOMENTS,
    due=st.none() | MOMENTS,
)
CUSTOMERS = st.builds(
    Customer,
    key=st.sampled_from(["u:", "a:"]).flatmap(lambda kind: TEXT.map(lambda ident: kind + ident)),
    first_seen=MOMENTS,
    last_seen=MOMENTS,
    traits=OBJECTS,
    trait_times=dicts(MOMENTS),
    aliases=dicts(MOMENTS),
    consents=dicts(st.builds(Consent, st.booleans(), MOMENTS, st.none() | TEXT)),
    bounced=dicts(MOMENTS),
    quiet=dicts(MOMENTS),
    instances=dicts(INSTANCES),
    offers=dicts(OFFERS),
    past=dicts(st.builds(Past, MOMENTS, st.integers(1, 99))),
    experiments=dicts(st.builds(Assignment, NAMES, MOMENTS)),
    merged=st.lists(NAMES, max_size=3),
    claimed=dicts(TEXT),
    unheard=st.lists(OBJECTS, max_size=2),
    site=st.integers(-(2**45), 2**45),
    calls=dicts(st.integers(-(2**45), 2**45)),
    hours=st.lists(st.integers(1, 99), max_size=24),
    chains=dicts(st.builds(Chain, st.integers(0, 9), dicts(st.booleans()))),
    seen=st.binary(max_size=36),
    next_due=st.none() | MOMENTS,
)
RECORDS = st.one_of(CUSTOMERS, st.builds(Pointer, TEXT, TEXT, MOMENTS))


@given(RECORDS)
def test_what_is_written_is_what_is_read(record: Record) -> None:
    assert decode(encode(record)) == record


@given(RECORDS)
def test_what_is_read_is_written_in_the_same_bytes(record: Record) -> None:
    value = encode(record)
    assert encode(decode(value)) == value


@given(CUSTOMERS)
def test_nothing_is_written_of_what_is_empty(customer: Customer) -> None:
    assert [name for name, value in to_json(customer).items() if value in ({}, [], None)] == []


@given(RECORDS, RECORDS)
def test_different_records_have_different_bytes(one: Record, other: Record) -> None:
    assert (encode(one) == encode(other)) is (one == other and to_json(one) == to_json(other))


@given(CUSTOMERS, TEXT, MOMENTS)
def test_a_record_that_travels_arrives_as_it_left(customer: Customer, text: str, moment: int) -> None:
    absorb = Absorb(text, text, to_json(customer), customer.seen.hex())
    arrived = decode_message(encode_message(absorb))
    assert isinstance(arrived, Absorb)
    assert from_json(arrived.record, bytes.fromhex(arrived.seen)) == customer


@given(
    st.one_of(
        st.builds(Claim, TEXT, TEXT, MOMENTS), st.builds(Granted, TEXT, TEXT), st.builds(Release, TEXT, TEXT, MOMENTS)
    )
)
def test_messages_arrive_as_they_left(message: Claim | Granted | Release) -> None:
    assert decode_message(encode_message(message)) == message
