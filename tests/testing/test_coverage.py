"""Which steps and ways tests have reached."""

from __future__ import annotations

from orchestrator.testing import JourneyTestDriver
from orchestrator.testing.coverage import Coverage, watched_by

WORLD = """
    action: note
    channel: crm
    purpose: service
    content: {object: note, fields: {text: hi}}
    ---
    journey: help
    entry: {on: Payment Failed}
    steps:
      - wait: {event: Order Completed, timeout: 1 hour, received: [{end: true}], timed_out: [{quiet: {for: 1 day}}]}
      - branch:
          - {if: has(customer.traits.phone), steps: [{act: note}]}
          - {if: has(customer.traits.email), steps: [{wait: 1 day}]}
      - {id: last, act: note}
    ---
    journey: other
    entry: {on: Product Added}
    steps: [{act: note}]
"""


def report(*doings: str) -> list[str]:
    driver = JourneyTestDriver.of_text(WORLD)
    coverage = Coverage(driver.env.current.values())
    with watched_by(coverage):
        for doing in doings:
            if doing.startswith("+"):
                driver.advance(doing[1:])
            else:
                driver.track("ada", doing)
    return coverage.report()


def test_without_a_test_nothing_is_reached() -> None:
    assert report() == [
        "help: 0 of 7 steps; never reached: wait-1, end-1, quiet-1, branch-1 and 3 more",
        "other: 0 of 1 steps; never reached: act-note",
    ]


def test_who_waits_has_reached_the_wait() -> None:
    assert report("Payment Failed")[0] == (
        "help: 1 of 7 steps; never reached: end-1, quiet-1, branch-1, act-note and 2 more"
    )


def test_an_end_is_reached_by_the_way_that_leads_there() -> None:
    assert report("Payment Failed", "Order Completed")[:2] == [
        "help: 2 of 7 steps; never reached: quiet-1, branch-1, act-note, wait-2, last",
        "  wait-1: nobody went 'timed out' (not within 1 hour)",
    ]


def test_steps_without_a_word_in_the_log_are_passed() -> None:
    assert report("Payment Failed", "+1 hour")[:4] == [
        "help: 4 of 7 steps; never reached: end-1, act-note, wait-2",
        "  wait-1: nobody went 'received' (came)",
        "  branch-1: nobody went 'arm 1' (has(customer.traits.phone))",
        "  branch-1: nobody went 'arm 2' (has(customer.traits.email))",
    ]


def test_all_is_reached() -> None:
    assert report("Product Added")[-1] == "other: 1 of 1 steps"


def test_other_versions_count_for_nothing() -> None:
    driver, other = JourneyTestDriver.of_text(WORLD), JourneyTestDriver.of_text(WORLD.replace("1 hour", "2 hours"))
    coverage = Coverage(driver.env.current.values())
    with watched_by(coverage):
        other.track("ada", "Payment Failed")
    assert coverage.report()[0].startswith("help: 0 of 7 steps")


def test_nobody_watches_afterwards() -> None:
    driver = JourneyTestDriver.of_text(WORLD)
    coverage = Coverage(driver.env.current.values())
    with watched_by(coverage):
        pass
    driver.track("ada", "Product Added")
    assert not coverage.whole


def test_experiments_loops_and_opened_messages() -> None:
    driver = JourneyTestDriver.of_text("""
        action: note
        channel: crm
        purpose: service
        content: {object: note, fields: {text: hi}}
        ---
        journey: tried
        entry: {on: Payment Failed}
        steps:
          - id: try
            split:
              experiment: colours
              arms:
                - {arm: red, weight: 50, steps: [{act: note}]}
                - {arm: plain, weight: 50}
                - {arm: old, weight: 0, steps: [{act: note}]}
          - wait: {opened: act-note, timeout: 1 hour, timed_out: [{wait: 1 hour}, {goto: try}]}
    """)
    coverage = Coverage(driver.env.current.values())
    with watched_by(coverage):
        for number in range(20):
            driver.track(f"user-{number}", "Payment Failed")
        driver.track(driver.actions[0]["customer_id"], "Message Opened", {"action_id": driver.actions[0]["action_id"]})
        driver.advance("2 hours")
    assert coverage.report() == ["tried: 5 of 5 steps"]
    (flow,) = coverage.flows.values()
    assert flow.steps["try"] == 20 + flow.ways["goto-1", "next"]
    assert flow.ways["try", "red"] + flow.ways["try", "plain"] == flow.steps["try"]
