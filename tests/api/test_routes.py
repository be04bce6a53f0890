"""What programs are answered over HTTP, and what they are told when they ask for what there is not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from orchestrator.api.gate import BODY_BYTES_ALLOWED
from orchestrator.engine.catalogue import NO_CATALOGUE, Product
from orchestrator.engine.home import References
from tests.api.town import KEY, SHOP, Served, served, town_of

ADA = {"customer": {"userId": "ada"}}
ASK = {**ADA, "channel": "note"}
ACTION = "9f8b0c6de1b44c0db4e0c66a7c1f5e02"


@pytest.fixture(scope="module")
def running() -> Iterator[Served]:
    with served(town_of(SHOP)) as running:
        yield running


@pytest.fixture
def shop(running: Served) -> Served:
    """A worker whose customers are all new."""
    running.move_to(town_of(SHOP))
    return running


def decide(client: httpx.Client, body: Any = ASK, key: str | None = "k", **more: Any) -> httpx.Response:
    headers = {"Idempotency-Key": key} if key is not None else {}
    return client.post("/v1/decide", json=body, headers=headers, **more)


def problem(response: httpx.Response, status: int, name: str) -> str:
    """The sentence of a problem document, which must be one."""
    document = response.json()
    assert response.headers["content-type"] == "application/problem+json", document
    assert (response.status_code, document["status"], document["type"]) == (status, status, f"orchestrator:{name}")
    assert document["title"]
    return str(document["detail"])


def test_a_decision_has_the_ranked_actions_with_their_content(shop: Served) -> None:
    shop.town.send({"type": "identify", "userId": "ada", "traits": {"name": "Ada"}})
    shop.town.track("Page Viewed", userId="ada")
    response = decide(shop.client)
    assert response.status_code == 200
    answer = response.json()
    assert answer["customer"] == {"id": "ada", "known": True}
    (action,) = answer["actions"]
    assert (action["rank"], action["action"], action["content"]) == (1, "hello", {"text": "hello Ada"})


def test_a_visitor_is_known_by_their_anonymous_id(shop: Served) -> None:
    shop.town.track("Page Viewed", anonymousId="phone")
    body = {**ASK, "customer": {"anonymousId": "phone"}}
    assert decide(shop.client, body).json()["customer"] == {"id": "phone", "known": False}


def test_the_same_key_gets_the_same_bytes(shop: Served) -> None:
    shop.town.track("Page Viewed", userId="ada")
    first = decide(shop.client)
    shop.town.track("Order Completed", userId="ada")
    assert decide(shop.client).content == first.content
    assert decide(shop.client, key="other").json()["actions"] == []


def test_the_same_key_for_another_request_is_a_conflict(shop: Served) -> None:
    decide(shop.client)
    detail = problem(decide(shop.client, {**ASK, "places": 2}), 409, "idempotency-conflict")
    assert "use a new key" in detail


def test_the_story_names_the_program_that_asked(shop: Served) -> None:
    decide(shop.client)
    (line,) = shop.town.story("answer")
    assert (line["customer_id"], line["caller"]) == ("ada", "shop")


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({}, "body.customer: is missing"),
        ({"customer": {}, "channel": "note"}, "write a userId or an anonymousId"),
        ({"customer": {"userId": ""}, "channel": "note"}, "body.customer.userId"),
        ({"customer": {"userId": "a\nb"}, "channel": "note"}, "control character"),
        ({"customer": {"userId": 7}, "channel": "note"}, "should be a valid string"),
        ({"customer": {"userId": "x" * 300}, "channel": "note"}, "256"),
        ({"customer": {"email": "a@example.org"}, "channel": "note"}, "body.customer.email: there is no such field"),
        ({**ASK, "places": 0}, "greater than or equal to 1"),
        ({**ASK, "places": True}, "body.places"),
        ({**ASK, "places": 51}, "less than or equal to 50"),
        ({**ASK, "chanel": "note"}, "body.chanel: there is no such field"),
        ({**ASK, "context": []}, "body.context"),
        ([], "send a JSON object"),
        ("decide", "send a JSON object"),
    ],
)
def test_what_is_not_valid_is_said_field_by_field(shop: Served, body: Any, says: str) -> None:
    response = decide(shop.client, body)
    assert says in problem(response, 422, "invalid")
    assert all({"at", "detail"} == error.keys() for error in response.json()["errors"])


@pytest.mark.parametrize(
    "text", ["", "{", '{"places": NaN}', '{"places": Infinity}', '{"text": "\\ud800"}', "{'a': 1}", "\ufeff{}"]
)
def test_what_is_no_json_is_no_json(shop: Served, text: str) -> None:
    headers = {"Idempotency-Key": "k", "Content-Type": "application/json"}
    response = shop.client.post("/v1/decide", content=text.encode("utf-8", "surrogatepass"), headers=headers)
    assert response.headers["content-type"] == "application/problem+json"
    assert response.status_code == (422 if not text else 400)


@pytest.mark.parametrize("levels", [149, 250, 900])
def test_no_body_nests_deeper_than_a_checkpoint_can_be_written(shop: Served, levels: int) -> None:
    within = levels - 2
    text = f'{{"customer": {{"userId": "ada"}}, "channel": "note", "context": {{"a": {"[" * within}{"]" * within}}}}}'
    headers = {"Idempotency-Key": "k", "Content-Type": "application/json"}
    response = shop.client.post("/v1/decide", content=text, headers=headers)
    if levels == 149:
        assert response.status_code == 200
    else:
        assert "deeper than 149 levels" in problem(response, 400, "too-deep")


def test_a_parameter_that_there_is_not_is_told(shop: Served) -> None:
    detail = problem(decide(shop.client, params={"durabel": "true"}), 422, "invalid")
    assert detail == "query.durabel: there is no such parameter: did you mean 'durable'?"
    detail = problem(shop.client.get("/v1/customers/ada", params={"count": 3}), 422, "invalid")
    assert detail == "query.count: there is no such parameter: there is none"


def test_a_form_is_no_json_either(shop: Served) -> None:
    response = shop.client.post("/v1/decide", data={"channel": "note"}, headers={"Idempotency-Key": "k"})
    assert "Content-Type: application/json" in problem(response, 422, "invalid")


@pytest.mark.parametrize("key", [None, "", "x" * 256, "two words"])
def test_a_decision_needs_an_idempotency_key(shop: Served, key: str | None) -> None:
    assert "Idempotency-Key" in problem(decide(shop.client, key=key), 422, "invalid")
    assert "pattern" not in decide(shop.client, key=key).text


@pytest.mark.parametrize("length", [True, False])
def test_a_huge_body_is_not_read(shop: Served, length: bool) -> None:
    body = b'{"text": "' + b"x" * BODY_BYTES_ALLOWED + b'"}'
    content: Any = body if length else iter([body])
    headers = {"Idempotency-Key": "k", "Content-Type": "application/json"}
    response = shop.client.post("/v1/decide", content=content, headers=headers)
    assert str(BODY_BYTES_ALLOWED) in problem(response, 413, "too-large")


@pytest.mark.parametrize("authorization", [None, "", "Bearer", "Bearer wrong", f"Basic {KEY}", KEY, f"Bearer {KEY}x"])
def test_without_the_key_nobody_is_answered(shop: Served, authorization: str | None) -> None:
    headers = {"Authorization": authorization} if authorization is not None else {}
    for path in ("/v1/decide", "/v1/customers/ada", "/v1/nothing"):
        response = httpx.post(f"{shop.members[0].url}{path}", json=ASK, headers=headers)
        detail = problem(response, 401, "no-key")
        assert "Authorization: Bearer" in detail
        assert KEY not in response.text
        assert response.headers["www-authenticate"] == "Bearer"


def test_names_that_are_not_there_are_not_found_and_the_nearest_is_named(shop: Served) -> None:
    assert "did you mean 'note'" in problem(decide(shop.client, {**ASK, "channel": "nte"}), 404, "unknown-channel")
    assert "home-page" in problem(decide(shop.client, {**ASK, "placement": "home-page"}), 404, "unknown-placement")
    enter = shop.client.post("/v1/journeys/calback/enter", json=ADA)
    assert "did you mean 'callback'" in problem(enter, 404, "unknown-journey")
    assert "nobody is known as 'ada'" in problem(shop.client.get("/v1/customers/ada"), 404, "unknown-customer")
    assert "/v1/openapi.json" in problem(shop.client.get("/v1/nothing"), 404, "no-route")
    assert problem(shop.client.get("/v1/decide"), 405, "no-method")


def test_a_customer_enters_a_journey_on_request(shop: Served) -> None:
    body = {**ADA, "data": {"reason": "delivery was late"}}
    response = shop.client.post("/v1/journeys/callback/enter", json=body)
    assert response.status_code == 202
    assert response.json()["event"] == "Journey Requested"
    entered = shop.town.story("step")[0]
    assert (entered["happened"], entered["journey"], entered["customer_id"]) == ("entered", "callback", "ada")
    assert entered["trigger"]["event_id"] == response.json()["event_id"]


def test_an_entry_with_a_key_is_asked_for_once(shop: Served) -> None:
    for _ in range(2):
        shop.client.post("/v1/journeys/callback/enter", json=ADA, headers={"Idempotency-Key": "k"})
    assert len([line for line in shop.town.story("step") if line["happened"] in ("entered", "refused")]) == 1


def test_a_journey_that_is_not_entered_on_request_says_so(shop: Served) -> None:
    response = shop.client.post("/v1/journeys/hello/enter", json=ADA)
    assert "api: true" in problem(response, 409, "not-on-request")


@pytest.mark.parametrize(
    ("body", "name", "properties"),
    [
        ({"outcome": "delivered"}, "Message Delivered", {}),
        ({"outcome": "clicked", "properties": {"url": "https://example.org"}}, "Message Clicked", {}),
        ({"outcome": "bounced", "channel": "note", "kind": "hard"}, "Message Bounced", {"kind": "hard"}),
        ({"outcome": "failed", "reason": "expired"}, "Message Failed", {"reason": "expired"}),
        ({"outcome": "unsubscribed", "channel": "note"}, "Message Unsubscribed", {"channel": "note"}),
    ],
)
def test_an_outcome_is_the_event_that_a_sender_reports(
    shop: Served, body: dict[str, Any], name: str, properties: dict[str, Any]
) -> None:
    sent: list[dict[str, Any]] = []
    shop.town.published = sent.append
    response = shop.client.post(f"/v1/actions/{ACTION}/outcome", json={**ADA, **body})
    assert response.status_code == 202
    (event,) = sent
    assert (event["event"], event["messageId"]) == (name, f"{ACTION}/{body['outcome']}")
    assert event["properties"].items() >= {"action_id": ACTION, **properties}.items()


def test_what_was_seen_is_no_longer_open(shop: Served) -> None:
    shop.town.track("Page Viewed", userId="ada")
    (action,) = decide(shop.client).json()["actions"]
    shop.client.post(f"/v1/actions/{action['action_id']}/outcome", json={**ADA, "outcome": "opened"})
    assert decide(shop.client, key="next").json()["actions"] == []


@pytest.mark.parametrize(
    ("id_", "body", "says"),
    [
        ("9f", {"outcome": "opened"}, "32 hexadecimal digits"),
        (ACTION, {"outcome": "lost"}, "body.outcome"),
        (ACTION, {"outcome": "bounced"}, "a bounce needs its channel"),
        (ACTION, {"outcome": "opened", "timestamp": "yesterday"}, "body.timestamp"),
    ],
)
def test_an_outcome_that_cannot_be_is_not_valid(shop: Served, id_: str, body: dict[str, Any], says: str) -> None:
    assert says in problem(shop.client.post(f"/v1/actions/{id_}/outcome", json={**ADA, **body}), 422, "invalid")


def test_a_customer_is_shown_with_journeys_decisions_and_answers(shop: Served) -> None:
    shop.town.track("Page Viewed", userId="ada")
    shop.client.post("/v1/journeys/callback/enter", json=ADA)
    decide(shop.client)
    found = shop.client.get("/v1/customers/ada").json()
    assert (found["id"], found["known"]) == ("ada", True)
    assert {stay["journey"]: stay["step"] for stay in found["journeys"]}["callback"] == "wait-1"
    assert {message["journey"] for message in found["messages"]} == {"hello", "callback"}
    assert [decision["outcome"] for decision in found["decisions"]] == ["published", "published"]
    (answer,) = found["answers"]
    assert [action["action"] for action in answer["actions"]] == ["hello"]


def test_a_visitors_id_shows_the_customer_that_it_belongs_to(shop: Served) -> None:
    shop.town.track("Page Viewed", userId="ada", anonymousId="phone / 7")
    assert shop.client.get("/v1/customers/phone%20%2F%207").json()["id"] == "ada"


def test_without_kafka_nothing_is_taken(shop: Served) -> None:
    shop.town.kafka_gone = True
    response = shop.client.post("/v1/journeys/callback/enter", json=ADA)
    assert "ask again" in problem(response, 503, "kafka")
    assert response.headers["retry-after"] == "1"


def test_a_bug_is_told_without_its_inside(shop: Served) -> None:
    shop.town.answer_wrong = TypeError("secret")
    response = decide(shop.client)
    assert "secret" not in response.text
    assert problem(response, 500, "bug")


def test_the_document_needs_no_key(shop: Served) -> None:
    document = httpx.get(f"{shop.members[0].url}/v1/openapi.json").json()
    assert set(document["paths"]) == {
        "/v1/decide",
        "/v1/journeys/{name}/enter",
        "/v1/actions/{id}/outcome",
        "/v1/customers/{id}",
        "/v1/customers/{id}/recommendations",
    }


SELLING = (
    SHOP
    + """
---
recommendations: {}
"""
)


@pytest.fixture
def selling(running: Served) -> Served:
    """The same worker, which sells three things."""
    running.move_to(town_of(SELLING))
    products = [
        Product("mug", "Mug", 9.5, "EUR", category="Coffee"),
        Product("beans", "Beans", 26.0, "EUR", category="Coffee", belongs_with=("mug",)),
        Product("lamp", "Lamp", 96.0, "EUR", stock=0, popularity=9.0),
    ]
    catalogue = NO_CATALOGUE.changed({product.id: product for product in products}, 7)
    running.town.run.references = References(catalogue)
    return running


def test_a_customer_is_recommended_what_goes_with_what_they_bought(selling: Served) -> None:
    bought = {"products": [{"product_id": "beans"}]}
    selling.town.send({"type": "track", "event": "Order Completed", "userId": "ada", "properties": bought})
    answer = selling.client.get("/v1/customers/ada/recommendations").json()
    assert (answer["known"], answer["catalogue_version"]) == (True, 7)
    (product,) = answer["products"]
    assert (product["rank"], product["id"], product["reason"]) == (1, "mug", "belongs with Beans")


def test_somebody_new_is_recommended_what_is_popular_and_in_stock(selling: Served) -> None:
    answer = selling.client.get("/v1/customers/nobody/recommendations?count=1&anonymous=true").json()
    assert (answer["known"], [product["id"] for product in answer["products"]]) == (False, ["beans"])


def test_beside_a_product_is_recommended_what_goes_with_it(selling: Served) -> None:
    answer = selling.client.get("/v1/customers/ada/recommendations?beside=beans").json()
    assert [product["id"] for product in answer["products"]] == ["mug"]


def test_a_project_that_recommends_nothing_says_so(shop: Served) -> None:
    response = shop.client.get("/v1/customers/ada/recommendations")
    assert "policy.yaml" in problem(response, 409, "nothing-recommended")
