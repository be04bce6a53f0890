"""Who answers for a customer: a partition of this worker, or the worker that the group has given their home to.

Any worker takes any request. One that is for somebody else's customer is handed on as it came, with the key of the
record that it is about: an anonymous id may have led from one home to another on the way.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final, Protocol
from urllib.parse import quote, unquote

import aiohttp
from fastapi import Request as HttpRequest
from fastapi.responses import Response
from yarl import URL

from orchestrator.api.problems import Problem, not_now
from orchestrator.engine import Env, Follow, Request
from orchestrator.errors import InfrastructureError
from orchestrator.streams.homes import home

HOP_HEADER: Final = "orchestrator-hop"
HOPS_ALLOWED: Final = 2
"""From whoever was asked to the owner, and on to the owner of the customer whose an anonymous id turned out to be."""
TIMEOUT_S: Final = 5.0
_SETTLE_S: Final = 3.0
_LOOK_S: Final = 0.05
_PASSED_ON: Final = ("authorization", "content-type", "idempotency-key")
_PASSED_BACK: Final = ("content-type", "retry-after", "www-authenticate")


class Home(Protocol):
    """A partition number of this worker."""

    async def ask(self, request: Request, *, durable: bool) -> dict[str, Any] | Follow:
        """As ``Partition.ask``."""

    def known(self, key: str) -> dict[str, Any] | Follow | None:
        """All that is known of a customer, as JSON values; None if nobody is known by the key."""

    def recommended(
        self, key: str, count: int, category: str | None, beside: str | None
    ) -> dict[str, Any] | Follow | None:
        """What to recommend, as JSON values; None if the project recommends nothing."""


class Member(Protocol):
    """What the API asks of the worker that it is part of."""

    @property
    def partitions(self) -> int:
        """How many partition numbers there are; 0 while that is not known."""

    @property
    def url(self) -> str:
        """Where other workers reach this one."""

    @property
    def env(self) -> Env | None:
        """The newest definitions that are in force, if any are known."""

    def now(self) -> int:
        """UTC milliseconds."""

    def not_ready(self) -> str | None:
        """Why it can't answer at present, in words."""

    def home(self, number: int) -> Home | None:
        """The partition number, if this worker works on it."""

    def url_of(self, number: int) -> str | None:
        """Where the worker is reached that the group has given the partition number to."""

    async def publish(self, event: dict[str, Any]) -> None:
        """Puts a track call on the topic that it belongs on. Raises InfrastructureError."""


Found = dict[str, Any] | Follow
Ask = Callable[[Home, str], Awaitable[Found]]
"""Asks a partition number about the record under a key."""


class _Elsewhere(Exception):
    """The owner could not be asked; it may have changed."""


class Owners:
    """Brings each request to the partition number that may answer it."""

    def __init__(self, member: Member) -> None:
        self._member = member
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Ends the connections to other workers."""
        if self._session is not None:
            await self._session.close()

    async def answer(self, http: HttpRequest, key: str, ask: Ask) -> dict[str, Any] | Response:
        """What the owner of the record under ``key`` answers; a Response if that is another worker.

        After a rebalance it is asked once more. Raises Problem.
        """
        hops, key = _hop(http, key)
        try:
            async with asyncio.timeout(TIMEOUT_S):
                try:
                    return await self._once(http, key, ask, hops)
                except (_Elsewhere, InfrastructureError):
                    if hops:
                        raise
                    await self._settled()
                    return await self._once(http, key, ask, hops)
        except TimeoutError as error:
            raise Problem(
                504,
                "timeout",
                f"there was no answer within {TIMEOUT_S:.0f} seconds, and it may still be decided: "
                "ask again with the same Idempotency-Key",
            ) from error
        except (_Elsewhere, InfrastructureError) as error:
            raise not_now("rebalancing", f"{error}; ask again in a moment") from error

    async def _once(self, http: HttpRequest, key: str, ask: Ask, hops: int) -> dict[str, Any] | Response:
        while True:
            place = self._place(key[2:])
            if isinstance(place, str):
                return await self._forward(http, place, key, hops)
            found = await ask(place, key)
            if not isinstance(found, Follow):
                return found
            # Pointers lead from anonymous ids to users alone, so this ends.
            key = found.to

    def _place(self, customer_id: str) -> Home | str:
        member = self._member
        reason = member.not_ready()
        if not member.partitions:
            raise _Elsewhere(f"this worker is {reason}")
        number = home(customer_id, member.partitions)
        place = member.home(number)
        if place is not None:
            return place
        url = member.url_of(number)
        if url is None or url == member.url:
            raise _Elsewhere(f"partition {number} is taken over: {reason or 'it begins to work'}")
        return url

    async def _forward(self, http: HttpRequest, url: str, key: str, hops: int) -> Response:
        if hops >= HOPS_ALLOWED:
            raise _Elsewhere("the workers do not agree yet on who answers for this customer")
        if not url.startswith("http"):
            raise Problem(
                503, "owner-has-no-api", "the worker that has this customer serves no API: set api on all workers alike"
            )
        headers = {name: http.headers[name] for name in _PASSED_ON if name in http.headers}
        headers[HOP_HEADER] = f"{hops + 1};{quote(key, safe='')}"
        query = http.scope["query_string"].decode()
        target = f"{url}{http.scope['raw_path'].decode()}{f'?{query}' if query else ''}"
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(TIMEOUT_S))
        try:
            async with self._session.request(
                http.method, URL(target, encoded=True), headers=headers, data=await http.body(), allow_redirects=False
            ) as reply:
                body = await reply.read()
        except (aiohttp.ClientError, OSError) as error:
            raise _Elsewhere(f"the worker at {url} does not answer") from error
        if reply.status == 503 and not hops:
            raise _Elsewhere(f"the worker at {url} is not ready")
        kept = {name: reply.headers[name] for name in _PASSED_BACK if name in reply.headers}
        return Response(body, reply.status, kept)

    async def _settled(self) -> None:
        """Until the group has agreed, as far as this worker knows, or for as long as it takes at most."""
        waited = _LOOK_S
        await asyncio.sleep(_LOOK_S)
        while self._member.not_ready() is not None and waited < _SETTLE_S:
            await asyncio.sleep(_LOOK_S)
            waited += _LOOK_S


def _hop(http: HttpRequest, key: str) -> tuple[int, str]:
    """How often the request was handed on, and which record it is about."""
    said = http.headers.get(HOP_HEADER)
    if said is None:
        return 0, key
    count, _, about = said.partition(";")
    if not count.isdecimal() or unquote(about)[:2] not in ("u:", "a:"):
        raise Problem(400, "malformed", f"the header {HOP_HEADER} is for workers alone: leave it out")
    return int(count), unquote(about)
