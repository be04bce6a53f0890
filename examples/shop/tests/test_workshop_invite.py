"""Partners put their guests into a ready journey, and write what they may."""

from __future__ import annotations

from typing import Any

from orchestrator.testing import JourneyTestDriver


def invite(driver: JourneyTestDriver, by: str = "cookery-school", **edits: str) -> list[dict[str, Any]]:
    """What ada gets when a partner puts her in."""
    return driver.track("ada", "Journey Requested", {"journey": "workshop-invite", "by": by, "edits": edits})


def test_the_invitation_says_what_the_partner_wrote(driver: JourneyTestDriver, ada: str) -> None:
    (mail,) = invite(driver, greeting="Fondue on Friday", words="Bring a friend & a fork.")
    assert mail["content"]["subject"] == "Fondue on Friday"
    assert "<p>Bring a friend &amp; a fork.</p>" in mail["content"]["html"]


def test_it_says_who_sent_it(driver: JourneyTestDriver, ada: str) -> None:
    (mail,) = invite(driver)
    assert (mail["by"], driver.decisions[-1]["by"]) == ("cookery-school", "cookery-school")


def test_the_price_is_locked(driver: JourneyTestDriver, ada: str) -> None:
    assert invite(driver, price="free") == []
    reason = "the block 'price' of the action 'workshop-mail' is locked: nobody may change it"
    assert driver.dead_letters[-1]["reason"] == reason


def test_links_lead_to_the_shop(driver: JourneyTestDriver, ada: str) -> None:
    assert invite(driver, page="https://elsewhere.example/") == []


def test_sales_put_people_in_and_edit_nothing(driver: JourneyTestDriver, ada: str) -> None:
    assert invite(driver, by="sales", greeting="Hi") == []
    assert len(invite(driver, by="sales")) == 1


def test_consent_holds_for_partners_too(driver: JourneyTestDriver) -> None:
    driver.identify("ada", {"email": "ada@example.org"})
    assert invite(driver) == []


def test_who_was_invited_is_not_invited_again_within_a_week(driver: JourneyTestDriver, ada: str) -> None:
    assert len(invite(driver)) == 1
    assert invite(driver) == []
