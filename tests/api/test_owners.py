"""Any worker answers for any customer: it finds the owner, and hands the request on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from orchestrator.api import owners
from orchestrator.api.owners import HOP_HEADER, HOPS_ALLOWED
from orchestrator.errors import InfrastructureError
from orchestrator.streams.homes import home
from tests.api.test_routes import problem
from tests.api.town import SHOP, Served, served, town_of

PARTITIONS = 2
ADA, BO = (
    next(f"{name}{n}" for n in range(99) if home(f"{name}{n}", PARTITIONS) == at)
    for at, name in ((0, "ada"), (1, "bo"))
)
PHONE = next(f"phone{n}" for n in range(99) if home(f"phone{n}", PARTITIONS) == 1)


@pytest.fixture(scope="module")
def running() -> Iterator[Served]:
    with served(town_of(SHOP, PARTITIONS), [{0}, {1}], PARTITIONS) as running:
        yield running


@pytest.fixture
def shop(running: Served) -> Served:
    """Two workers with a partition number each."""
    running.move_to(town_of(SHOP, PARTITIONS))
    running.members[0].numbers, running.members[1].numbers = {0}, {1}
    for member in running.members:
        member.others = {number: running.members[number].url for number in range(PARTITIONS)}
    return running


def decide(client: httpx.Client, customer: dict[str, str], **headers: str) -> httpx.Response:
    body = {"customer": customer, "channel": "note"}
    return client.post("/v1/decide?durable=true", json=body, headers={"Idempotency-Key": "k", **headers})


@pytest.mark.parametrize("user", [ADA, BO])
def test_both_workers_give_the_same_answer(shop: Served, user: str) -> None:
    shop.town.track("Page Viewed", userId=user)
    first, second = (decide(client, {"userId": user}) for client in shop.clients)
    assert first.content == second.content
    assert first.headers["content-type"] == second.headers["content-type"] == "application/json"
    assert [action["action"] for action in first.json()["actions"]] == ["hello"]


def test_an_anonymous_id_leads_on_to_the_home_of_its_customer(shop: Served) -> None:
    shop.town.track("Page Viewed", userId=ADA, anonymousId=PHONE)
    for client in shop.clients:
        assert decide(client, {"anonymousId": PHONE}).json()["customer"]["id"] == ADA
        assert client.get(f"/v1/customers/{PHONE}").json()["id"] == ADA


def test_problems_come_back_as_the_owner_told_them(shop: Served) -> None:
    for client in shop.clients:
        assert "nobody is known" in problem(client.get(f"/v1/customers/{BO}"), 404, "unknown-customer")


def test_a_key_that_nobody_knows_gets_no_further(shop: Served) -> None:
    with httpx.Client(base_url=shop.members[0].url, headers={"Authorization": "Bearer another-key"}) as client:
        assert problem(decide(client, {"userId": BO}), 401, "no-key")


def test_while_a_home_is_taken_over_one_is_told_to_ask_again(shop: Served) -> None:
    shop.members[0].numbers = set()
    shop.members[0].others[0] = shop.members[0].url
    response = decide(shop.client, {"userId": ADA})
    assert "taken over" in problem(response, 503, "rebalancing")
    assert response.headers["retry-after"] == "1"


def test_an_owner_that_is_gone_is_asked_for_once_more_and_then_given_up(shop: Served) -> None:
    shop.members[0].others[1] = "http://127.0.0.1:9"
    assert "does not answer" in problem(decide(shop.client, {"userId": BO}), 503, "rebalancing")


def test_after_a_rebalance_the_new_owner_answers(shop: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first try finds a worker that is gone, the second one the worker that has taken over."""
    member = shop.members[0]
    asked = iter(["http://127.0.0.1:9", shop.members[1].url])
    monkeypatch.setattr(member, "url_of", lambda number: next(asked))
    assert decide(shop.client, {"userId": BO}).status_code == 200


def test_a_partition_that_goes_in_the_middle_is_asked_for_once_more(shop: Served) -> None:
    answers: Iterator[Any] = iter([InfrastructureError("partition 0 goes to another worker"), None])

    town = shop.town
    real = town.run.ask

    def ask(request: Any) -> Any:
        error = next(answers)
        if error is not None:
            raise error
        return real(request)

    town.run.ask = ask  # type: ignore[method-assign]
    assert decide(shop.client, {"userId": ADA}).status_code == 200


def test_workers_that_name_each_other_do_not_hand_a_request_on_for_ever(shop: Served) -> None:
    for member, other in zip(shop.members, reversed(shop.members), strict=True):
        member.numbers = set()
        member.others = dict.fromkeys(range(PARTITIONS), other.url)
    assert problem(decide(shop.client, {"userId": ADA}), 503, "rebalancing")


def test_a_worker_without_api_is_named_as_the_reason(shop: Served) -> None:
    shop.members[0].others[1] = "none://123"
    assert "set api on all workers alike" in problem(decide(shop.client, {"userId": BO}), 503, "owner-has-no-api")


@pytest.mark.parametrize("hop", ["x", "1", "1;bo", "-1;u%3Abo"])
def test_a_header_that_only_workers_write_is_refused(shop: Served, hop: str) -> None:
    assert HOP_HEADER in problem(decide(shop.client, {"userId": ADA}, **{HOP_HEADER: hop}), 400, "malformed")


def test_a_request_that_was_handed_on_too_often_goes_no_further(shop: Served) -> None:
    hop = f"{HOPS_ALLOWED};u%3A{BO}"
    assert "do not agree" in problem(decide(shop.client, {"userId": BO}, **{HOP_HEADER: hop}), 503, "rebalancing")


def test_what_takes_too_long_says_how_to_ask_again(shop: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(owners, "TIMEOUT_S", 0.01)
    shop.town.stuck = True
    assert "same Idempotency-Key" in problem(decide(shop.client, {"userId": ADA}), 504, "timeout")


def test_who_is_starting_says_so(shop: Served) -> None:
    shop.members[0].partitions = 0
    shop.members[0].reason = "starting"
    try:
        assert "starting" in problem(
            decide(shop.client, {"userId": ADA}, **{HOP_HEADER: f"1;u%3A{ADA}"}), 503, "rebalancing"
        )
    finally:
        shop.members[0].partitions = PARTITIONS
