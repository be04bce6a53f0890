"""Actions to a URL of yours, signed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final, Self

import aiohttp
import orjson
from yarl import URL

from orchestrator import __version__
from orchestrator.channels.action import Action
from orchestrator.channels.outcome import Accepted, Later, Outcome, Refused
from orchestrator.channels.signature import signed_headers

_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_WITH_BODY: Final = frozenset({307, 308})
_MOST_REDIRECTS: Final = 3
_OURS_TO_MEND: Final = frozenset({401, 403, 407, 408, 425, 429})
"""Of the 4xx those that are not about this one action: our credentials, or too much at once."""
_SHOWN: Final = 200


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where to, with which ``keys`` to sign, and with which header ``Authorization`` if any."""

    url: URL
    keys: tuple[bytes, ...]
    authorization: str | None = None


class WebhookSender:
    """Posts each action as JSON: ``{"type": "orchestrator.action", "timestamp": decided_at, "data": action}``."""

    def __init__(self, endpoint: Endpoint, clock: Callable[[], int]) -> None:
        self._endpoint = endpoint
        self._clock = clock
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        # Each try has its bound from whoever calls; an answer's cookies are for nobody.
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=None), cookie_jar=aiohttp.DummyCookieJar()
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session is not None:
            await self._session.close()

    async def send(self, action: Action) -> Outcome:
        """One try."""
        body = orjson.dumps(
            {
                "type": "orchestrator.action",
                "timestamp": action.decided_at,
                "data": action.model_dump(mode="json", exclude_unset=True),
            }
        )
        url = self._endpoint.url
        for _ in range(_MOST_REDIRECTS + 1):
            try:
                found = await self._post(url, body, self._headers(action, body))
            except (aiohttp.ClientError, OSError) as error:
                return Later(f"{url.origin()}: {str(error) or type(error).__name__}")
            if not isinstance(found, URL):
                return found
            url = found
        return Later(f"{self._endpoint.url.origin()} redirects for ever")

    def _headers(self, action: Action, body: bytes) -> dict[str, str]:
        now_s = self._clock() // 1000
        headers = {
            "Content-Type": "application/json",
            "User-Agent": f"journey-orchestrator/{__version__}",
            "Idempotency-Key": action.action_id,
            **signed_headers(self._endpoint.keys, action.action_id, now_s, body),
        }
        if self._endpoint.authorization is not None:
            headers["Authorization"] = self._endpoint.authorization
        if action.traceparent is not None:
            headers["traceparent"] = action.traceparent
        return headers

    async def _post(self, url: URL, body: bytes, headers: Mapping[str, str]) -> Outcome | URL:
        """What it says; or the place on the same host where it sends us."""
        assert self._session is not None
        async with self._session.post(url, data=body, headers=headers, allow_redirects=False) as answer:
            if answer.status in _REDIRECTS:
                return self._redirect(url, answer.status, answer.headers.get("Location", ""))
            after_ms = retry_after_ms(answer.headers.get("Retry-After"), self._clock())
            said = (await answer.content.read(_SHOWN)).decode("utf-8", "replace")
            return verdict(answer.status, f"{answer.status} {answer.reason} {said}".strip(), after_ms)

    def _redirect(self, url: URL, status: int, location: str) -> Outcome | URL:
        try:
            place = url.join(URL(location))
        except ValueError:
            place = None
        if place is None or place.origin() != url.origin() or status not in _WITH_BODY:
            return Later(f"{status}: it redirects to {location[:_SHOWN]!r}, which is not followed; correct the url")
        return place


def verdict(status: int, text: str, after_ms: int | None) -> Outcome:
    """What an answer means."""
    if 200 <= status < 300:
        return Accepted()
    if 400 <= status < 500 and status not in _OURS_TO_MEND:
        return Refused(text)
    return Later(text, after_ms)


def retry_after_ms(text: str | None, now: int) -> int | None:
    """The wait that a ``Retry-After`` header asks for, be it seconds or a date; ``now`` in UTC ms."""
    if text is None:
        return None
    if text.strip().isascii() and text.strip().isdigit():
        return min(int(text[:12]), 10**9) * 1000
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    moment = date if date.tzinfo is not None else date.replace(tzinfo=UTC)
    return max(0, round((moment - datetime.fromtimestamp(now / 1000, UTC)).total_seconds() * 1000))
