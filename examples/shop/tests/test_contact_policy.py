"""How much marketing is enough."""

from __future__ import annotations

from typing import Any

from orchestrator.testing import JourneyTestDriver


def cart(number: int) -> dict[str, Any]:
    return {"cart_id": f"c{number}", "total": 64.0, "name": "Gooseneck Kettle"}


def test_a_second_mail_waits_for_the_next_day(driver: JourneyTestDriver, ada: str) -> None:
    driver.track(ada, "Product Added", cart(1))
    driver.advance("2 hours")
    driver.track(ada, "Product Added", cart(2))
    assert driver.advance("2 hours") == []
    (mail,) = driver.advance("1 day")
    assert mail["action"] == "cart-rescue-mail"


def test_three_mails_a_week_are_enough(driver: JourneyTestDriver, ada: str) -> None:
    mails = []
    for day in range(5):
        driver.track(ada, "Product Added", cart(day))
        mails += driver.advance("1 day")
    assert len(mails) == 3
    assert driver.decisions[-1]["outcome"] == "refused"


def test_nobody_is_written_to_at_night(driver: JourneyTestDriver, ada: str) -> None:
    driver.advance("11 hours")
    driver.track(ada, "Product Added", cart(1))
    assert driver.advance("9 hours") == []
    assert len(driver.advance("2 hours")) == 1


def test_service_is_not_counted(driver: JourneyTestDriver, ada: str) -> None:
    orders = [driver.track(ada, "Order Completed", {"order_id": f"o{number}", "total": 5.0}) for number in range(5)]
    assert [len(mails) for mails in orders] == [1] * 5
