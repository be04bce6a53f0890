"""What was said to a customer: every published message and what became of it, the oldest first.

In the record it is one text that is read only when somebody asks, for most events ask nothing of it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Final, NamedTuple

CONTACTS_KEPT: Final = 64
"""How many contacts a record holds, the newest ones, unless caps ask for more."""

FEW_KEPT: Final = 8
"""How many it holds where nothing is decided by them, for people to see: each rewriting of the record costs."""

MOST_KEPT: Final = 256
"""How many it holds at most: where caps ask for so many, nothing that they bind goes out until they ask for fewer."""

KEPT_MS: Final = 30 * 86_400_000
"""For how long at least a contact is kept, in milliseconds: so long an answer or a purchase may be due to it."""

_BETWEEN_FIELDS: Final = ","  # The names in a contact hold neither of them.
_BETWEEN_CONTACTS: Final = ";"
_BETWEEN_PURCHASES: Final = "+"
_FAILED: Final = "failed"
_STATES: Final = ("published", "sent", "delivered", _FAILED, "dismissed", "opened", "clicked", "replied")
_RANKS: Final = {state: rank for rank, state in enumerate(_STATES)}
_ANSWERS: Final = frozenset({"opened", "clicked", "replied"})


class Contact(NamedTuple):
    """One message to a customer; ``id`` is its ``action_id``, ``at`` when it was published, in UTC milliseconds.

    ``group`` and ``goal`` are empty where its action names none. ``state`` is the most that is known of it:
    published, sent, delivered, failed, dismissed, opened, clicked or replied, since ``state_at``. Of two words the
    further one holds, whatever the order in which they come: whoever opens a message that had bounced has it.
    ``won`` has the digests of the purchases that were put down to it.
    """

    id: str
    action: str
    group: str
    goal: str
    channel: str
    purpose: str
    at: int
    priority: int
    journey: str
    state: str = "published"
    state_at: int = 0
    won: tuple[str, ...] = ()

    @property
    def counts(self) -> bool:
        """Whether it takes a place under caps: what failed has given its place back."""
        return self.state != _FAILED

    @property
    def answered(self) -> bool:
        """Whether the customer has opened, clicked or replied."""
        return self.state in _ANSWERS

    def further(self, state: str, at: int) -> Contact:
        """The same with what another word says of it, if that is further than what is known."""
        known, told = _RANKS[self.state], _RANKS[state]
        if told < known or (told == known and at >= self.state_at):
            return self
        return self._replace(state=state, state_at=at)


class Contacts:
    """The contacts of one customer, as a value: a change makes another one. ``text`` is what the record holds."""

    __slots__ = ("_parsed", "_text")

    def __init__(self, text: str = "", parsed: tuple[Contact, ...] | None = None) -> None:
        self._text = text
        self._parsed = parsed

    @classmethod
    def of(cls, contacts: Iterable[Contact]) -> Contacts:
        """These contacts, in order of their moments."""
        ordered = tuple(sorted(contacts, key=lambda contact: (contact.at, contact.id)))
        return cls(_BETWEEN_CONTACTS.join(map(_written, ordered)), ordered)

    @property
    def text(self) -> str:
        """What ``Contacts`` reads again; empty if there are none."""
        return self._text

    @property
    def all(self) -> tuple[Contact, ...]:
        """All of them, the oldest first."""
        if self._parsed is None:
            self._parsed = tuple(map(_read, self._text.split(_BETWEEN_CONTACTS))) if self._text else ()
        return self._parsed

    def get(self, id_: str) -> Contact | None:
        """The contact of an action's id."""
        return (
            next((contact for contact in reversed(self.all) if contact.id == id_), None) if id_ in self._text else None
        )

    def with_(self, *contacts: Contact) -> Contacts:
        """These too; one that is there already is replaced."""
        return Contacts.of({contact.id: contact for contact in (*self.all, *contacts)}.values())

    def added(self, contact: Contact, oldest: int, most: int, *, shifts: bool) -> Contacts | None:
        """With one more where it belongs, if it is new, none is older than ``oldest`` and there is room for it.

        If it ``shifts``, the oldest makes room where there are ``most``. Hardly more than the last contact is read for
        it: most of what is published belongs at the end.
        """
        text = self._text
        if not text:
            return Contacts(_written(contact), (contact,))
        count = text.count(_BETWEEN_CONTACTS) + 1
        if count > most or (count == most and not shifts) or contact.id in text or _moment(text) <= oldest:
            return None
        end = _place(text, contact)
        if end == 0:
            return None
        added = f"{text[:end]}{_BETWEEN_CONTACTS}{_written(contact)}{text[end:]}"
        return Contacts(added if count < most else added.partition(_BETWEEN_CONTACTS)[2])

    def __bool__(self) -> bool:
        return bool(self._text)

    def __len__(self) -> int:
        return len(self.all)

    def __iter__(self) -> Iterator[Contact]:
        return iter(self.all)

    def __getitem__(self, index: int) -> Contact:
        return self.all[index]

    def __reversed__(self) -> Iterator[Contact]:
        return reversed(self.all)


NO_CONTACTS: Final = Contacts()

Needed = Callable[[Sequence[Contact]], Collection[str]]
"""Gives the ids of those that caps ask for."""


def recorded(
    contacts: Contacts, contact: Contact, now: int, needed: Needed | None = None, most: int = CONTACTS_KEPT
) -> Contacts:
    """With one that is published now, as ``bounded`` has them."""
    added = contacts.added(contact, now - KEPT_MS, most, shifts=needed is None)
    return added if added is not None else bounded(contacts.with_(contact), now, needed, most)


def bounded(contacts: Contacts, now: int, needed: Needed | None = None, most: int = CONTACTS_KEPT) -> Contacts:
    """Without those that are too old or too many; ``needed`` gives the ids of those that caps ask for, if any do."""
    if len(contacts) <= most and all(contact.at > now - KEPT_MS for contact in contacts):
        return contacts
    asked_for = needed(contacts.all) if needed is not None else ()
    others = [contact for contact in contacts if contact.id not in asked_for and contact.at > now - KEPT_MS]
    room = max(most - len(asked_for), 0)
    kept = {contact.id for contact in others[len(others) - min(room, len(others)) :]}.union(asked_for)
    return Contacts.of([contact for contact in contacts if contact.id in kept][-MOST_KEPT:])


def heard(contacts: Contacts, id_: str, state: str, at: int) -> tuple[Contacts, Contact | None]:
    """With what became of a message, and that contact as it is now, if this is news."""
    known = contacts.get(id_)
    told = known.further(state, at) if known is not None else None
    return (contacts, None) if told is None or told is known else (contacts.with_(told), told)


def united(contacts: Contacts, other: Contacts) -> Contacts:
    """Those of two records of one customer: a message that is in both counts once, with the further word."""
    if not other or contacts.text == other.text:
        return contacts
    found = {contact.id: contact for contact in contacts}
    for contact in other:
        mine = found.get(contact.id)
        found[contact.id] = _united(mine, contact) if mine is not None else contact
    return Contacts.of(found.values())


def _united(mine: Contact, other: Contact) -> Contact:
    known = mine.further(other.state, other.state_at)
    return known._replace(won=tuple(sorted({*mine.won, *other.won}))) if other.won else known


def _written(contact: Contact) -> str:
    return _BETWEEN_FIELDS.join(map(str, (*contact[:-1], _BETWEEN_PURCHASES.join(contact.won))))


def _place(text: str, contact: Contact) -> int:
    """Up to where a text has what was published before a contact, in the order of ``Contacts.of``."""
    end = len(text)
    while end > 0:
        start = text.rfind(_BETWEEN_CONTACTS, 0, end) + 1
        last = text[start:end]
        at = _moment(last)
        if at < contact.at or (at == contact.at and last < contact.id):
            return end
        end = start - 1
    return 0


def _moment(text: str) -> int:
    """When the first contact of a text was published."""
    return int(text.split(_BETWEEN_FIELDS, 7)[6])


def _read(text: str) -> Contact:
    id_, action, group, goal, channel, purpose, *others = text.split(_BETWEEN_FIELDS)
    at, priority, journey, state, state_at, won = others
    purchases = tuple(won.split(_BETWEEN_PURCHASES)) if won else ()
    return Contact(
        id_, action, group, goal, channel, purpose, int(at), int(priority), journey, state, int(state_at), purchases
    )
