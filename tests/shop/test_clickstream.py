"""The example shop's events: the same every time, true to their source, harmless to everybody."""

from __future__ import annotations

import csv
import gzip
import os
import re
import subprocess
import sys
from collections import Counter, defaultdict
from datetime import datetime
from typing import Any

import orjson
import pytest

from orchestrator.kafka.names import EVENT_TOPICS
from orchestrator.shop.clickstream import events, synthetic_notice
from orchestrator.shop.folder import shop_folder
from orchestrator.shop.line import CALL, PROFILE, PURCHASE, Defect, Line
from orchestrator.shop.person import person
from orchestrator.shop.product import read_catalogue
from orchestrator.shop.story import story
from orchestrator.shop.visit import read_visits

NAMES = {
    "home": "Home",
    "account_page": "Account",
    "catalog": "Product List Viewed",
    "search": "Products Searched",
    "filter_results": "Product List Filtered",
    "product_view": "Product Viewed",
    "add_to_cart": "Product Added",
    "cart": "Cart Viewed",
    "wishlist_add": "Product Added to Wishlist",
    "review_page": "Product Reviews Viewed",
    "compare": "Products Compared",
    "promo_page": "Promotion Viewed",
    "shipping_details": "Checkout Step Completed",
    "payment_details": "Payment Info Entered",
    "purchase": "Order Completed",
    "payment_error": "Payment Failed",
    "checkout_bug": "Checkout Failed",
    "error_page": "Error Viewed",
    "support_chat": "Support Chat Started",
}
BAD = {Defect.NOT_JSON, Defect.NO_IDENTITY, Defect.ABSURD_TIME}
DAY_MS = 86_400_000


@pytest.fixture(scope="module")
def lines() -> list[Line]:
    return list(events())


@pytest.fixture(scope="module")
def usable(lines: list[Line]) -> list[Line]:
    return [line for line in lines if line.defect not in BAD]


@pytest.fixture(scope="module")
def messages(usable: list[Line]) -> list[dict[str, Any]]:
    """Each message once, in the order in which it happened."""
    once = [orjson.loads(line.value) for line in usable if line.defect is not Defect.DUPLICATE]
    return sorted(once, key=lambda message: str(message["timestamp"]))


@pytest.fixture(scope="module")
def source() -> list[dict[str, str]]:
    with gzip.open(shop_folder() / "data" / "ecom.csv.gz", "rt", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def named(messages: list[dict[str, Any]], *names: str) -> list[dict[str, Any]]:
    return [message for message in messages if (message.get("event") or message.get("name")) in names]


def test_two_runs_give_the_same_bytes(lines: list[Line]) -> None:
    command = [sys.executable, "-m", "orchestrator.shop.clickstream"]
    environment = os.environ | {"PYTHONHASHSEED": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
    written = subprocess.run(command, env=environment, check=True, capture_output=True).stdout
    assert written == b"".join(line.to_json() for line in lines)


def test_another_seed_makes_other_people(lines: list[Line]) -> None:
    others = list(events(seed=8))
    assert {line.value for line in others if line.topic == PROFILE}.isdisjoint(line.value for line in lines)


def test_another_seed_keeps_the_clicks(lines: list[Line]) -> None:
    others = list(events(seed=8))
    assert sum(line.topic == PURCHASE for line in others) == sum(line.topic == PURCHASE for line in lines) == 470


def test_a_shift_moves_all_times(lines: list[Line]) -> None:
    shifted = list(events(shift_ms=DAY_MS))
    assert [line.timestamp_ms - DAY_MS for line in shifted[:100]] == [line.timestamp_ms for line in lines[:100]]
    assert orjson.loads(shifted[0].value)["timestamp"] == "2024-01-05T11:45:38.000Z"


def test_lines_are_sorted_by_time(lines: list[Line]) -> None:
    times = [line.timestamp_ms for line in lines]
    assert times == sorted(times)


@pytest.mark.parametrize(("action", "name"), NAMES.items())
def test_every_row_of_the_source_is_one_event(
    action: str, name: str, messages: list[dict[str, Any]], source: list[dict[str, str]]
) -> None:
    assert len(named(messages, name)) == sum(row["event"] == action for row in source)


def test_rows_keep_their_second(messages: list[dict[str, Any]], source: list[dict[str, str]]) -> None:
    orders = sorted(message["timestamp"][:19].replace("T", " ") for message in named(messages, "Order Completed"))
    assert orders == sorted(row["timestamp"] for row in source if row["event"] == "purchase")


def test_orders_stay_with_their_user(messages: list[dict[str, Any]], source: list[dict[str, str]]) -> None:
    orders = Counter(message["userId"] for message in named(messages, "Order Completed"))
    assert orders == Counter(row["user_id"] for row in source if row["event"] == "purchase")


def test_every_usable_line_is_a_segment_message(usable: list[Line]) -> None:
    payload = {"track": ("event", "properties"), "page": ("name", "properties"), "identify": ("traits", "context")}
    for line in usable:
        message = orjson.loads(line.value)
        assert line.topic in EVENT_TOPICS
        assert message["messageId"].startswith("shop-")
        assert all(message[part] for part in payload[message["type"]])
        assert message["timestamp"].endswith("Z")


def test_keys_are_what_the_producer_knows(usable: list[Line]) -> None:
    for line in usable:
        message = orjson.loads(line.value)
        assert line.key.decode() == (message.get("userId") or message["anonymousId"])


def test_a_json_line_holds_the_record(lines: list[Line]) -> None:
    for line in lines:
        read = orjson.loads(line.to_json())
        value = read["raw"].encode() if "raw" in read else orjson.dumps(read["value"])
        defect = Defect(read.get("defect", ""))
        assert Line(read["topic"], read["key"].encode(), value, read["timestamp_ms"], defect) == line


def test_nobody_depends_on_anybody_else(lines: list[Line]) -> None:
    folder = shop_folder()
    visits = next(visits for visits in read_visits(folder) if visits[0].user_id == "user_0217")
    alone = story(person("user_0217", 7), visits, read_catalogue(folder), 0)
    assert {line.value for line in alone} <= {line.value for line in lines}


def test_the_first_word_of_a_user_id_is_an_identify_that_ties(messages: list[dict[str, Any]]) -> None:
    first: dict[str, dict[str, Any]] = {}
    for message in messages:
        if "userId" in message:
            first.setdefault(message["userId"], message)
    assert all(message["type"] == "identify" and message["anonymousId"] for message in first.values())


def test_buyers_are_known(messages: list[dict[str, Any]]) -> None:
    assert all("userId" in message for message in named(messages, "Order Completed"))


def test_some_people_never_log_in(messages: list[dict[str, Any]], source: list[dict[str, str]]) -> None:
    known = {message["userId"] for message in messages if "userId" in message}
    everybody = {row["user_id"] for row in source}
    assert known < everybody
    assert 0.7 < len(known) / len(everybody) < 0.9


def test_a_share_of_the_events_is_anonymous(messages: list[dict[str, Any]]) -> None:
    anonymous = sum("userId" not in message for message in messages)
    assert 0.3 < anonymous / len(messages) < 0.5


def test_a_person_has_a_device_for_each_platform(messages: list[dict[str, Any]]) -> None:
    devices: dict[tuple[str, str], set[str]] = defaultdict(set)
    for message in messages:
        if "userId" in message and "anonymousId" in message:
            devices[message["userId"], message["context"]["device"]["type"]].add(message["anonymousId"])
    assert all(len(ids) == 1 for ids in devices.values())


def test_a_few_devices_are_shared_by_two(messages: list[dict[str, Any]]) -> None:
    users: dict[str, set[str]] = defaultdict(set)
    for message in messages:
        if "userId" in message and "anonymousId" in message:
            users[message["anonymousId"]].add(message["userId"])
    assert Counter(len(ids) for ids in users.values())[2] >= 5
    assert max(len(ids) for ids in users.values()) == 2


def test_anonymous_messages_do_not_tell_whose_they_are(messages: list[dict[str, Any]]) -> None:
    anonymous = [message for message in messages if "userId" not in message and message["type"] == "page"]
    assert not any(b"user_" in orjson.dumps(message) for message in anonymous)


def test_an_order_adds_up(messages: list[dict[str, Any]]) -> None:
    for message in named(messages, "Order Completed"):
        order = message["properties"]
        goods = sum(product["price"] * product["quantity"] for product in order["products"])
        assert order["total"] == pytest.approx(goods - order["discount"] + order["shipping"])


def test_an_order_is_of_one_cart(messages: list[dict[str, Any]]) -> None:
    orders = named(messages, "Order Completed")
    assert len({order["properties"]["cart_id"] for order in orders}) == len(orders)


def test_most_orders_are_of_a_cart_that_was_filled(messages: list[dict[str, Any]]) -> None:
    filled = {message["properties"]["cart_id"] for message in named(messages, "Product Added")}
    orders = [message["properties"]["cart_id"] for message in named(messages, "Order Completed")]
    assert sum(cart in filled for cart in orders) / len(orders) > 0.7


def test_the_catalogue_has_eight_categories() -> None:
    catalogue = read_catalogue(shop_folder())
    assert Counter(len(products) for products in catalogue.categories.values()) == {8: 8}


def test_consent_is_asked_at_registration_and_sometimes_taken_back(messages: list[dict[str, Any]]) -> None:
    given: set[tuple[str, str]] = set()
    taken_back = 0
    for message in named(messages, "Consent Changed"):
        consent = message["properties"]
        who = (message["userId"], consent["channel"])
        if consent["given"]:
            given.add(who)
        elif consent["source"] == "preference-centre":
            assert who in given
            taken_back += 1
    assert taken_back > 10


def test_only_readers_who_said_yes_react_to_the_newsletter(messages: list[dict[str, Any]]) -> None:
    yes: set[str] = set()
    for message in messages:
        if message.get("event") == "Consent Changed" and message["properties"]["channel"] == "email":
            (yes.add if message["properties"]["given"] else yes.discard)(message["userId"])
        elif message.get("event") == "Message Clicked":
            assert message["userId"] in yes


def test_every_call_ends(messages: list[dict[str, Any]]) -> None:
    started = Counter(message["properties"]["call_id"] for message in named(messages, "Call Started"))
    ended = Counter(message["properties"]["call_id"] for message in named(messages, "Call Ended"))
    assert started == ended
    assert set(started.values()) == {1}


def test_calls_are_on_their_topic(usable: list[Line]) -> None:
    events_of_calls = {orjson.loads(line.value)["event"] for line in usable if line.topic == CALL}
    assert events_of_calls == {"Call Started", "Call Ended"}


def test_an_answered_call_tells_what_was_said(messages: list[dict[str, Any]]) -> None:
    answered = [call for call in named(messages, "Call Ended") if call["properties"]["outcome"] != "abandoned"]
    assert all(call["properties"]["agent_id"] and call["properties"]["transcript_summary"] for call in answered)


def test_about_one_in_a_thousand_comes_twice(lines: list[Line]) -> None:
    twice = sum(line.defect is Defect.DUPLICATE for line in lines)
    assert 0.0005 < twice / len(lines) < 0.0015


def test_message_ids_repeat_only_in_duplicates(usable: list[Line]) -> None:
    ids = Counter(orjson.loads(line.value)["messageId"] for line in usable)
    assert sum(count > 1 for count in ids.values()) == sum(line.defect is Defect.DUPLICATE for line in usable)


def test_a_duplicate_is_the_same_record_again(usable: list[Line]) -> None:
    first: dict[bytes, int] = {}
    for line in usable:
        if line.defect is Defect.DUPLICATE:
            assert first[line.value] < line.timestamp_ms
        else:
            first[line.value] = line.timestamp_ms


def test_only_late_and_repeated_records_come_after_their_event(usable: list[Line]) -> None:
    for line in usable:
        happened = datetime.fromisoformat(orjson.loads(line.value)["timestamp"]).timestamp() * 1000
        behind_ms = round(line.timestamp_ms - happened)
        assert (behind_ms > 0) == (line.defect is not Defect.NONE)
        assert line.defect is not Defect.LATE or 7_200_000 <= behind_ms <= 3 * DAY_MS


def test_twenty_records_are_useless(lines: list[Line]) -> None:
    bad = Counter(line.defect for line in lines if line.defect in BAD)
    assert bad == {Defect.NOT_JSON: 7, Defect.NO_IDENTITY: 7, Defect.ABSURD_TIME: 6}


def test_useless_records_say_that_they_are_synthetic(lines: list[Line]) -> None:
    assert all(b"synthetic" in line.value and line.key == b"synthetic-defect" for line in lines if line.defect in BAD)


def test_what_is_not_json_is_not_json(lines: list[Line]) -> None:
    for line in lines:
        if line.defect is Defect.NOT_JSON:
            with pytest.raises(orjson.JSONDecodeError):
                orjson.loads(line.value)


def test_mail_addresses_and_links_are_at_reserved_domains(lines: list[Line]) -> None:
    everything = b"\n".join(line.value for line in lines)
    mail_domains = set(re.findall(rb"@([\w.-]+)", everything))
    hosts = set(re.findall(rb"https?://([^/\"]+)", everything))
    assert mail_domains == {b"example.com", b"example.net", b"example.org"}
    assert hosts == {b"shop.example.com"}


def test_phone_numbers_are_kept_for_fiction(messages: list[dict[str, Any]]) -> None:
    fiction = re.compile(r"\+447700900\d{3}|\+1(212|312|415)55501\d\d|\+493023125\d{3}")
    phones = {message["traits"]["phone"] for message in messages if message.get("traits", {}).get("phone")}
    assert len(phones) > 100
    assert all(fiction.fullmatch(phone) for phone in phones)


def test_the_notice_names_what_is_made_up() -> None:
    assert "Made up" in " ".join(synthetic_notice())
