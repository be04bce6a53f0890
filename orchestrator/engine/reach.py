"""Whether a customer may and can be reached by a treatment: consent, bounces, addresses."""

from __future__ import annotations

from orchestrator.engine.address import address
from orchestrator.engine.customer import Customer
from orchestrator.engine.profile import consent_of, yes_counts_from
from orchestrator.engine.treatment import CONSENT_FREE, Consent, Treatment
from orchestrator.engine.verdict import Verdict
from orchestrator.moments import format_moment


def unreachable(customer: Customer, treatment: Treatment) -> Verdict | None:
    """Why a treatment cannot go out now; None if it can."""
    return (
        forbidden(customer, treatment)
        or _unasked(customer, treatment)
        or bounced(customer, treatment)
        or _nowhere(customer, treatment)
    )


def forbidden(customer: Customer, treatment: Treatment) -> Verdict | None:
    """The customer's own no."""
    if not _asks_consent(treatment):
        return None
    channel, purpose = treatment.channel.name, treatment.purpose
    consent = consent_of(customer, channel, purpose)
    if consent is None or consent.given:
        return None
    return _not_here("consent", f"the customer refused {purpose} on {channel} on {format_moment(consent.at)}")


def bounced(customer: Customer, treatment: Treatment) -> Verdict | None:
    """What was sent on the channel came back."""
    channel = treatment.channel.name
    at = customer.bounced.get(channel)
    return _not_here("unreachable", f"{channel} bounced on {format_moment(at)}") if at is not None else None


def too_early(customer: Customer, treatment: Treatment, now: int) -> Verdict | None:
    """Holds what the customer's yes allows only later, for it was dated in the future."""
    if not customer.consent_from or not _asks_consent(treatment):
        return None
    channel, purpose = treatment.channel.name, treatment.purpose
    since = yes_counts_from(customer, channel, purpose)
    if since is None or since <= now:
        return None
    date = format_moment(since)
    detail = f"the customer's yes to {purpose} on {channel} is dated {date}, in the future: it counts from then on"
    return Verdict("consent", detail, since, elsewhere=True)


def _asks_consent(treatment: Treatment) -> bool:
    return treatment.purpose not in CONSENT_FREE and treatment.channel.consent is not Consent.NONE


def _unasked(customer: Customer, treatment: Treatment) -> Verdict | None:
    channel, purpose = treatment.channel, treatment.purpose
    if channel.consent is not Consent.OPT_IN or not _asks_consent(treatment):
        return None
    if consent_of(customer, channel.name, purpose) is not None:
        return None
    return _not_here("consent", f"no consent to {purpose} on {channel.name}")


def _nowhere(customer: Customer, treatment: Treatment) -> Verdict | None:
    if address(customer, treatment) is not None:
        return None
    channel = treatment.channel
    return _not_here("unreachable", f"no address for {channel.name}: none of {', '.join(channel.address)} is known")


def _not_here(rule: str, detail: str) -> Verdict:
    return Verdict(rule, detail, elsewhere=True)
