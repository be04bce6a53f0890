"""Actions to a real HTTP server, which checks their signatures as the Standard Webhooks say."""

from __future__ import annotations

import asyncio
import hmac
from base64 import b64decode, b64encode
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from email.utils import format_datetime
from hashlib import sha256
from typing import Any

import orjson
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from yarl import URL

from orchestrator.channels.outcome import Accepted, Later, Outcome, Refused
from orchestrator.channels.signature import read_secret, signed_headers
from orchestrator.channels.webhook import Endpoint, WebhookSender, retry_after_ms
from tests.channels.saying import NOW, TRACE, action, action_id, record

SECRET = "whsec_" + b64encode(b"k" * 32).decode()
OLD = "whsec_" + b64encode(b"o" * 24).decode()

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Receiver:
    """What came, and what it says."""

    def __init__(self, *answers: web.Response) -> None:
        self.requests: list[tuple[Any, bytes]] = []
        self._answers = list(answers)

    async def take(self, request: web.Request) -> web.Response:
        self.requests.append((request.headers.copy(), await request.read()))
        return self._answers.pop(0) if self._answers else web.Response(status=204)


def is_right(secret: str, headers: Any, body: bytes) -> bool:
    """As a receiver checks it, written from the specification alone."""
    key = b64decode(secret.removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    right = "v1," + b64encode(hmac.new(key, signed, sha256).digest()).decode()
    return any(hmac.compare_digest(right, given) for given in headers["webhook-signature"].split())


def post(receiver: Receiver, secrets: tuple[str, ...] = (SECRET,), path: str = "/", **changes: Any) -> Outcome:
    async def main() -> Outcome:
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", receiver.take)
        async with TestServer(application) as server:
            endpoint = Endpoint(server.make_url(path), tuple(map(read_secret, secrets)), changes.pop("token", None))
            async with WebhookSender(endpoint, lambda: NOW) as sender:
                return await sender.send(action(**changes).model_copy(update={"traceparent": TRACE}))

    return asyncio.run(main())


def test_the_receiver_can_check_who_sent_it() -> None:
    receiver = Receiver()
    assert post(receiver) == Accepted()
    ((headers, body),) = receiver.requests
    assert is_right(SECRET, headers, body)
    assert not is_right(OLD, headers, body)
    assert not is_right(SECRET, headers, body + b" ")
    assert not is_right(SECRET, {**headers, "webhook-timestamp": "1"}, body)
    assert not is_right(SECRET, {**headers, "webhook-id": "other"}, body)


def test_the_example_of_the_specification() -> None:
    key = read_secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    headers = signed_headers([key], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_while_secrets_change_both_are_right() -> None:
    receiver = Receiver()
    post(receiver, (OLD, SECRET))
    ((headers, body),) = receiver.requests
    assert is_right(SECRET, headers, body)
    assert is_right(OLD, headers, body)


def test_what_it_gets() -> None:
    receiver = Receiver()
    post(receiver, token="Bearer t0ken")
    ((headers, body),) = receiver.requests
    assert orjson.loads(body) == {
        "type": "orchestrator.action",
        "timestamp": "2026-01-02T03:04:05.678Z",
        "data": record(),
    }
    assert headers["Content-Type"] == "application/json"
    assert headers["Idempotency-Key"] == headers["webhook-id"] == action_id("hello")
    assert headers["webhook-timestamp"] == str(NOW // 1000)
    assert headers["Authorization"] == "Bearer t0ken"
    assert headers["traceparent"] == TRACE


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_it_took_it(status: int) -> None:
    assert post(Receiver(web.Response(status=status))) == Accepted()


@pytest.mark.parametrize("status", [400, 404, 405, 409, 410, 413, 422])
def test_it_will_never_take_it(status: int) -> None:
    outcome = post(Receiver(web.Response(status=status, text="why")))
    assert isinstance(outcome, Refused)
    assert outcome.reason.startswith(f"{status} ")
    assert outcome.reason.endswith(" why")


@pytest.mark.parametrize("status", [401, 403, 407, 408, 425, 429, 500, 502, 503, 504])
def test_it_may_take_it_later(status: int) -> None:
    outcome = post(Receiver(web.Response(status=status)))
    assert isinstance(outcome, Later)
    assert outcome.reason.startswith(f"{status} ")


def test_it_says_when() -> None:
    outcome = post(Receiver(web.Response(status=429, headers={"Retry-After": "120"})))
    assert isinstance(outcome, Later)
    assert outcome.after_ms == 120_000


@pytest.mark.parametrize(
    ("text", "wait"),
    [
        (None, None),
        ("0", 0),
        ("120", 120_000),
        (" 7 ", 7_000),
        ("9" * 400, 10**12),
        (format_datetime(datetime.fromtimestamp(NOW // 1000 + 60, UTC), usegmt=True), 60_000 - NOW % 1000),
        (format_datetime(datetime.fromtimestamp(NOW // 1000 - 60, UTC), usegmt=True), 0),
        ("soon", None),
        ("-5", None),
        ("٣", None),
        ("", None),
    ],
)
def test_retry_after(text: str | None, wait: int | None) -> None:
    assert retry_after_ms(text, NOW) == wait


def test_on_the_same_host_a_redirect_is_followed_with_its_body() -> None:
    receiver = Receiver(web.Response(status=308, headers={"Location": "/new"}))
    assert post(receiver) == Accepted()
    assert len(receiver.requests) == 2
    assert receiver.requests[0][1] == receiver.requests[1][1]


@pytest.mark.parametrize(
    ("status", "location"),
    [
        (307, "http://169.254.169.254/latest"),
        (308, "//evil.example.org/"),
        (307, "https://localhost/"),
        (307, "http://"),
        (301, "/new"),
        (302, "/new"),
        (303, "/new"),
        (307, ""),
    ],
)
def test_elsewhere_it_is_not(status: int, location: str) -> None:
    receiver = Receiver(*[web.Response(status=status, headers={"Location": location}) for _ in range(9)])
    assert isinstance(post(receiver), Later)
    assert len(receiver.requests) <= 4


def test_nor_for_ever() -> None:
    receiver = Receiver(*[web.Response(status=307, headers={"Location": "/again"}) for _ in range(99)])
    outcome = post(receiver)
    assert isinstance(outcome, Later)
    assert "redirects for ever" in outcome.reason
    assert len(receiver.requests) == 4


def test_nobody_listens() -> None:
    async def main() -> Outcome:
        endpoint = Endpoint(URL("http://user@localhost:1/secret-path"), (read_secret(SECRET),))
        async with WebhookSender(endpoint, lambda: NOW) as sender:
            return await sender.send(action())

    outcome = asyncio.run(main())
    assert isinstance(outcome, Later)
    assert "secret-path" not in outcome.reason


@pytest.mark.parametrize("text", ["", "whsec_", "whsec_***", "whsec_" + b64encode(b"short").decode(), "k" * 44])
def test_what_is_no_secret_is_refused_and_not_shown(text: str) -> None:
    with pytest.raises(ValueError, match="24 to 64 random bytes") as caught:
        read_secret(text)
    assert text in ("", "whsec_") or text not in str(caught.value)
