"""What a person is shown of a customer: what was said, and what counts against caps now."""

from __future__ import annotations

from orchestrator.console.standing import counted, messages
from orchestrator.engine.contacts import Contacts
from orchestrator.engine.customer import Customer
from tests.engine.saying import Given, act, on

NEWS = on("News Came", "act: news") + act("news")


def test_what_counts_now_is_shown_with_the_moment_of_the_next_place(given: Given) -> None:
    policy = (
        "contact: {caps: [{most: 2, per: 1 day, purpose: marketing}, {most: 5, per: 1 week, each: action}], "
        "pressure: {limit: 10, half_life: 1 day, ignored_after: 1 hour}}"
    )
    driver = given(NEWS + policy)
    driver.track("ada", "News Came")
    driver.track("ada", "News Came", after="2 hours")
    record = driver.customer("ada")
    assert record is not None
    customer = Customer("u:ada", 0, 0, contacts=Contacts(record["contacts"]))

    shown = counted(customer, driver.env.policy, driver.now)
    assert shown["caps"] == [
        {
            "of": "marketing messages",
            "span": "within 1 day",
            "count": 2,
            "most": 2,
            "free_again": "2026-01-06T09:00:00.000Z",
        },
        {"of": "messages of action 'news'", "span": "within 1 week", "count": 2, "most": 5},
    ]
    assert shown["pressure"] == [{"of": "messages", "pressure": 2.4, "limit": 10.0, "not_answered": 1}]
    assert [message["at"] for message in messages(customer)] == ["2026-01-05T11:00:00.000Z", "2026-01-05T09:00:00.000Z"]


def test_without_a_policy_nothing_counts(given: Given) -> None:
    driver = given(NEWS)
    assert counted(Customer("u:ada", 0, 0), driver.env.policy, driver.now) == {}
