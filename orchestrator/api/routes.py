"""What can be asked: each route takes a request apart and says who answers it."""

from __future__ import annotations

import re
from dataclasses import replace
from hashlib import blake2b
from typing import Annotated, Any, Final
from uuid import uuid4

import orjson
from fastapi import APIRouter, Header, Path, Query
from fastapi import Request as HttpRequest
from fastapi.responses import Response

from orchestrator.api.bodies import Decide, Enter, Ids, Outcome
from orchestrator.api.owners import Found, Home, Member, Owners
from orchestrator.api.problems import Problem, ProblemDocument, invalid, not_now
from orchestrator.api.replies import Accepted, Decided, Known, Recommended
from orchestrator.api.route import StrictRoute
from orchestrator.channels.reports import OUTCOMES, reported
from orchestrator.engine import Request
from orchestrator.engine.customer import ANONYMOUS, USER
from orchestrator.engine.entry import OnRequest
from orchestrator.engine.partners import NOT_ALLOWED, check_request, partner_of
from orchestrator.engine.recommendations import MOST
from orchestrator.engine.requests import UNKNOWN_CHANNEL, UNKNOWN_PLACEMENT
from orchestrator.errors import BadRecord, InfrastructureError, RequestRefused
from orchestrator.events.identifiers import ID_MAX
from orchestrator.events.requested import journey_requested
from orchestrator.events.timestamps import read_moment
from orchestrator.nearest import hint

_STATUS: Final = {UNKNOWN_CHANNEL: 404, UNKNOWN_PLACEMENT: 404}
_ACTION_ID: Final = re.compile(r"[0-9a-f]{32}")

_PROBLEMS: Final[dict[int | str, dict[str, Any]]] = {
    status: {"model": ProblemDocument, "description": what}
    for status, what in {
        400: "no JSON",
        401: "no API key, or one that is not known",
        403: "more than the caller may",
        413: "too large",
        422: "not valid",
        503: "the customer's home is on its way to another worker; Retry-After says when to ask again",
    }.items()
}
_NOT_FOUND: Final[dict[int | str, dict[str, Any]]] = {
    404: {"model": ProblemDocument, "description": "there is nothing by that name"}
}
_CONFLICT: Final[dict[int | str, dict[str, Any]]] = {
    409: {"model": ProblemDocument, "description": "not as things are; the detail says why"}
}
_TIMEOUT: Final[dict[int | str, dict[str, Any]]] = {
    504: {"model": ProblemDocument, "description": "not in time; ask again with the same Idempotency-Key"}
}

Key = Annotated[str, Header(alias="Idempotency-Key", min_length=1, max_length=255, pattern=r"^[!-~]+$")]
OptionalKey = Annotated[str | None, Header(alias="Idempotency-Key", min_length=1, max_length=255, pattern=r"^[!-~]+$")]


def routes(member: Member, owners: Owners) -> APIRouter:
    """All routes below /v1."""
    router = APIRouter(prefix="/v1", responses=_PROBLEMS, route_class=StrictRoute)
    # Before that of the customer, whose id may have a slash in it.
    _add_recommendations(router, member, owners)

    @router.post("/decide", response_model=Decided, responses={**_NOT_FOUND, **_CONFLICT, **_TIMEOUT})
    async def decide(
        http: HttpRequest,
        body: Decide,
        key: Key,
        durable: Annotated[bool, Query(description="answer when the decision is committed")] = False,
    ) -> Response:
        """What to show a customer on a channel now, the best first, with content.

        What is answered counts as said on that channel. It is decided by the worker that has the customer, and
        committed with its next checkpoint; `durable=true` waits for that. The same Idempotency-Key with the same body
        gets the same answer for a day.
        """
        _refuse_partner(member, http)
        asked = Request(
            customer=body.customer.key,
            id=key,
            channel=body.channel,
            placement=body.placement,
            places=body.places,
            properties=body.properties,
            context=body.context,
            caller=http.state.caller,
        )

        async def ask(home: Home, customer: str) -> Found:
            try:
                return await home.ask(replace(asked, customer=customer), durable=durable)
            except RequestRefused as refused:
                raise Problem(_STATUS.get(refused.code, 409), refused.code, str(refused)) from refused

        return _reply(await owners.answer(http, asked.customer, ask))

    @router.post(
        "/journeys/{name}/enter", status_code=202, response_model=Accepted, responses={**_NOT_FOUND, **_CONFLICT}
    )
    async def enter(name: str, http: HttpRequest, body: Enter, key: OptionalKey = None) -> Response:
        """Asks that a customer enters a journey whose entry has `api: true`.

        It is the event Journey Requested, and decided as any other: re-entry and caps of the journey hold. What became
        of it stands in the customer's story. With a partner's key it is the partner who asks, within what they may.
        """
        _check_journey(member, name)
        by = _partner(member, http)
        edits = {"edits": body.edits} if body.edits is not None else {}
        _check_asked(member, {"journey": name, **edits, **({"by": by} if by is not None else {})})
        id_ = f"enter-{_digest(http.state.caller, name, key)}" if key is not None else f"enter-{uuid4().hex}"
        ids = body.customer
        event = journey_requested(
            name, ids.id, body.data, anonymous=ids.anonymous, id_=id_, at=member.now(), by=by, **edits
        )
        return await _publish(member, event, ids)

    @router.post("/actions/{id}/outcome", status_code=202, response_model=Accepted)
    async def outcome(
        http: HttpRequest,
        id_: Annotated[str, Path(alias="id", description="the action_id")],
        body: Outcome,
        key: OptionalKey = None,
    ) -> Response:
        """Reports what became of an action, as a sender does on `events.engagement`.

        Each outcome of an action counts once, however often it is reported; an Idempotency-Key tells clicks apart.
        """
        _refuse_partner(member, http)
        if _ACTION_ID.fullmatch(id_) is None:
            raise invalid("path.id", "an action_id has 32 hexadecimal digits: take it from the action or the answer")
        event_id = f"{id_}/{body.outcome}" + (f"/{_digest(key)}" if key is not None else "")
        name, ids = OUTCOMES[body.outcome], body.customer
        at = _moment(member, body.timestamp)
        event = reported(name, event_id, ids.id, _properties(id_, body), anonymous=ids.anonymous, at=at)
        return await _publish(member, event, ids)

    @router.get("/customers/{id:path}", response_model=Known, responses={**_NOT_FOUND, **_TIMEOUT})
    async def customer(
        http: HttpRequest,
        id_: Annotated[
            str,
            Path(alias="id", min_length=1, max_length=ID_MAX, description="a userId, or else an anonymousId"),
        ],
    ) -> Response:
        """All that is known of a customer: state, open journeys, what was said, recent decisions and why."""
        _refuse_partner(member, http)

        async def ask(home: Home, key: str) -> Found:
            found = home.known(key)
            if found is None and key == USER + id_:
                found = home.known(ANONYMOUS + id_)
            if found is None:
                raise Problem(
                    404,
                    "unknown-customer",
                    f"nobody is known as '{id_}': ids are exact, and a customer is known from their first event on",
                )
            return found

        return _reply(await owners.answer(http, USER + id_, ask))

    return router


def _add_recommendations(router: APIRouter, member: Member, owners: Owners) -> None:
    @router.get("/customers/{id:path}/recommendations", response_model=Recommended, responses={**_CONFLICT, **_TIMEOUT})
    async def recommendations(
        http: HttpRequest,
        id_: Annotated[
            str,
            Path(alias="id", min_length=1, max_length=ID_MAX, description="a userId, or else an anonymousId"),
        ],
        count: Annotated[int, Query(ge=1, le=MOST, description="how many at most")] = 3,
        category: Annotated[str | None, Query(max_length=500, description="only products of it")] = None,
        beside: Annotated[str | None, Query(max_length=200, description="a product that is looked at")] = None,
        anonymous: Annotated[bool, Query(description="the id is an anonymousId")] = False,
    ) -> Response:
        """What to recommend to a customer, the best first.

        It says nothing to anybody and counts as nothing. Somebody new is recommended what is popular.
        """
        _refuse_partner(member, http)

        async def ask(home: Home, key: str) -> Found:
            found = home.recommended(key, count, category, beside)
            if found is None:
                raise Problem(
                    409,
                    "nothing-recommended",
                    "this project recommends nothing: add 'recommendations: {}' to policy.yaml",
                )
            return found

        return _reply(await owners.answer(http, (ANONYMOUS if anonymous else USER) + id_, ask))


def _reply(answer: dict[str, Any] | Response, status: int = 200) -> Response:
    if isinstance(answer, Response):
        return answer
    return Response(orjson.dumps(answer), status, media_type="application/json")


async def _publish(member: Member, event: dict[str, Any], ids: Ids) -> Response:
    try:
        await member.publish(event)
    except InfrastructureError as error:
        raise not_now("kafka", f"{error}; ask again in a moment") from error
    return _reply({"event_id": event["messageId"], "event": event["event"], "customer": ids.id}, 202)


def _check_journey(member: Member, name: str) -> None:
    env = member.env
    if env is None:
        raise not_now("starting", "this worker does not know yet which journeys are in force: ask again in a moment")
    journey = env.current.get(name)
    if journey is None:
        raise Problem(404, "unknown-journey", f"there is no journey '{name}': {hint(name, env.current)}")
    if not isinstance(journey.entry.occasion, OnRequest):
        remedy = f"give its entry 'api: true', or write a journey with it and the step 'join: {name}'"
        raise Problem(409, "not-on-request", f"the journey '{name}' is not entered on request: {remedy}")
    if name in env.closed:
        raise Problem(
            409, "closed", f"the journey '{name}' takes nobody in at present: 'orchestrator resume {name}' opens it"
        )


def _partner(member: Member, http: HttpRequest) -> str | None:
    """The partner whose key asks, if it is one's."""
    partners = member.env.partners if member.env is not None else {}
    found = partner_of(partners, http.state.caller)
    return found.name if found is not None else None


def _refuse_partner(member: Member, http: HttpRequest) -> None:
    """A partner puts customers into journeys, and learns nothing of them."""
    partner = _partner(member, http)
    if partner is not None:
        raise Problem(
            403, "partner", f"the key is that of the partner '{partner}', who may only put customers into journeys"
        )


def _check_asked(member: Member, properties: dict[str, Any]) -> None:
    """Tells at once what the event would be refused for."""
    env = member.env
    assert env is not None
    try:
        check_request(env.current.get(properties["journey"]), env.partners, properties)
    except BadRecord as bad:
        raise Problem(403 if bad.code == NOT_ALLOWED else 422, bad.code.replace("_", "-"), str(bad)) from bad


def _moment(member: Member, stamp: str | None) -> int:
    if stamp is None:
        return member.now()
    try:
        return read_moment(stamp)
    except ValueError as error:
        raise invalid("body.timestamp", f"it is {error}") from error


def _properties(action_id: str, body: Outcome) -> dict[str, Any]:
    own = {
        "action_id": action_id,
        "channel": body.channel,
        "journey": body.journey,
        "kind": body.kind,
        "reason": body.reason,
        "detail": body.detail,
        "purpose": body.purpose,
    }
    return {**body.properties, **{name: value for name, value in own.items() if value is not None}}


def _digest(*parts: str) -> str:
    return blake2b("\x1f".join(parts).encode(), digest_size=16).hexdigest()
