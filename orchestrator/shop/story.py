"""One customer's half year in the shop, from the first click to the last."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from orchestrator.shop.consent import choices, withdrawal
from orchestrator.shop.line import CALL, CLICK, ENGAGEMENT, PROFILE, PURCHASE, Line
from orchestrator.shop.login import Login, logins
from orchestrator.shop.newsletter import reactions
from orchestrator.shop.outbox import Outbox, Sender
from orchestrator.shop.person import Person
from orchestrator.shop.phone_call import phone_calls
from orchestrator.shop.product import SHOP_URL, Catalogue
from orchestrator.shop.shopping import Call, Shopping
from orchestrator.shop.survey import verdicts
from orchestrator.shop.visit import Visit

_WEB = {"name": "shop-web", "version": "2.4.0"}
_CALL_CENTRE = {"library": {"name": "call-centre"}}
_NEWSLETTER = {"library": {"name": "newsletter"}}
_SURVEY_PAGE = {"library": {"name": "survey-page"}}
_ELEMENTS = ("hero", "product", "footer")
_CAMPAIGNS = {
    "email": {"source": "newsletter", "medium": "email", "name": "monthly"},
    "paid_search": {"source": "search", "medium": "cpc", "name": "always-on"},
    "social": {"source": "social", "medium": "paid-social", "name": "spring"},
}
_BEFORE_ROW_MS = 10


def story(person: Person, visits: Sequence[Visit], catalogue: Catalogue, shift_ms: int) -> list[Line]:
    """All events of one customer, their times moved by ``shift_ms``."""
    teller = _Story(person, visits, catalogue, shift_ms)
    teller.tell()
    return teller.lines


class _Story:
    def __init__(self, person: Person, visits: Sequence[Visit], catalogue: Catalogue, shift_ms: int) -> None:
        self._person = person
        self._visits = visits
        self._catalogue = catalogue
        self._outbox = Outbox(person, shift_ms)
        self._lifecycle: str | None = None
        self._known: list[Visit] = []
        self._given: list[str] = []
        self._orders_ms: list[int] = []

    @property
    def lines(self) -> list[Line]:
        return self._outbox.lines

    def tell(self) -> None:
        for visit, login in zip(self._visits, logins(self._person, self._visits), strict=True):
            self._visit(visit, login)
        if self._known:
            self._after_registration()

    def _visit(self, visit: Visit, login: Login) -> None:
        rng = self._person.rng(visit.id)
        taste = self._person.rng("taste")
        favourites = (taste.choice(self._catalogue.names), taste.choice(self._catalogue.names))
        shopping = Shopping(visit, favourites, self._catalogue, rng)
        for index, row in enumerate(visit.rows):
            call = shopping.act(row.action)
            known = login.known_from is not None and index >= login.known_from
            if index == login.known_from:
                self._becomes_known(visit, login, row.at_ms - _BEFORE_ROW_MS, call.path)
            self._send(call, row.at_ms, self._sender(visit, known), self._context(visit, call.path, landing=index == 0))
        if login.known_from is not None:
            self._known.append(visit)
            self._phone_calls(visit, login.known_from)

    def _send(self, call: Call, at_ms: int, sender: Sender, context: dict[str, Any]) -> None:
        if call.kind == "page":
            self._outbox.page(CLICK, at_ms, sender, call.name, context["page"] | call.properties, context)
        else:
            topic = CLICK
            if call.name == "Order Completed":
                topic = PURCHASE
                self._orders_ms.append(at_ms)
            self._outbox.track(topic, at_ms, sender, call.name, call.properties, context)

    def _becomes_known(self, visit: Visit, login: Login, at_ms: int, path: str) -> None:
        sender, context = self._sender(visit, known=True), self._context(visit, path)
        if login.registers:
            self._outbox.identify(PROFILE, at_ms, sender, self._registration(visit, at_ms), context)
            self._consents(visit, at_ms + 1, sender, context)
        elif login.identifies:
            traits = {"email": self._person.email, "lifecycle": visit.lifecycle}
            self._outbox.identify(PROFILE, at_ms, sender, traits, context)
        elif visit.lifecycle != self._lifecycle:
            self._outbox.identify(PROFILE, at_ms, sender, {"lifecycle": visit.lifecycle}, context)
        self._lifecycle = visit.lifecycle

    def _registration(self, visit: Visit, at_ms: int) -> dict[str, Any]:
        return self._person.traits() | {
            "created_at": self._outbox.moment(at_ms),
            "acquisition_channel": visit.acquisition_channel,
            "cohort": visit.cohort,
            "lifecycle": visit.lifecycle,
        }

    def _consents(self, visit: Visit, at_ms: int, sender: Sender, context: dict[str, Any]) -> None:
        for offset_ms, (channel, given) in enumerate(choices(self._person, visit.platform).items()):
            properties = _consent(channel, given=given, source="registration")
            self._outbox.track(PROFILE, at_ms + offset_ms, sender, "Consent Changed", properties, context)
            if given:
                self._given.append(channel)

    def _phone_calls(self, visit: Visit, known_from: int) -> None:
        sender = Sender(self._person.user_id)
        for call in phone_calls(self._person, visit, known_from):
            self._outbox.track(CALL, call.start_ms, sender, "Call Started", call.properties, _CALL_CENTRE)
            self._outbox.track(CALL, call.end_ms, sender, "Call Ended", call.ending, _CALL_CENTRE)

    def _after_registration(self) -> None:
        taken_back = withdrawal(self._person, self._given, self._known[1:])
        if taken_back is not None:
            sender = self._sender(taken_back.visit, known=True)
            properties = _consent(taken_back.channel, given=False, source="preference-centre")
            context = self._context(taken_back.visit, "/account/messages")
            self._outbox.track(PROFILE, taken_back.at_ms, sender, "Consent Changed", properties, context)
        if "email" in self._given:
            until_ms = taken_back.at_ms if taken_back is not None and taken_back.channel == "email" else None
            self._newsletters(until_ms)
            self._answers(until_ms)

    def _newsletters(self, until_ms: int | None) -> None:
        sender = Sender(self._person.user_id)
        for reaction in reactions(self._person, self._known[0].end_ms, until_ms):
            self._outbox.track(ENGAGEMENT, reaction.at_ms, sender, reaction.event, reaction.properties, _NEWSLETTER)

    def _answers(self, until_ms: int | None) -> None:
        sender = Sender(self._person.user_id)
        for verdict in verdicts(self._person, self._orders_ms, until_ms):
            self._outbox.track(ENGAGEMENT, verdict.at_ms, sender, "Survey Answered", verdict.properties, _SURVEY_PAGE)

    def _sender(self, visit: Visit, known: bool) -> Sender:
        return Sender(self._person.user_id if known else None, self._person.anonymous_id(visit.platform))

    def _context(self, visit: Visit, path: str, *, landing: bool = False) -> dict[str, Any]:
        context: dict[str, Any] = {
            "library": _WEB,
            "device": {"type": visit.platform},
            "locale": self._person.locale,
            "timezone": self._person.timezone,
            "page": {"path": path, "url": f"{SHOP_URL}{path}"},
        }
        if landing and visit.acquisition_channel in _CAMPAIGNS:
            context["campaign"] = _CAMPAIGNS[visit.acquisition_channel] | self._link(visit)
        return context

    def _link(self, visit: Visit) -> dict[str, str]:
        """Which link of the newsletter it was, as its address says."""
        if visit.acquisition_channel != "email":
            return {}
        rng = self._person.rng(f"link {visit.id}")
        return {"element": rng.choice(_ELEMENTS), "topic": rng.choice(self._catalogue.names).lower()}


def _consent(channel: str, *, given: bool, source: str) -> dict[str, Any]:
    return {"channel": channel, "purpose": "marketing", "given": given, "source": source}
