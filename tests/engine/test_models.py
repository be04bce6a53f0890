"""What a decision is told of what was learned: priors first, then what customers did."""

from __future__ import annotations

import pytest
from hypothesis import given as property_of
from hypothesis import strategies as st

from orchestrator.engine.customer import Customer
from orchestrator.engine.models import FOLLOWED, NOTHING_LEARNED, PRIOR_WEIGHT, READ, Counted, Models, Rate

ADA = Customer("u:ada", 0, 0)


def test_before_the_first_outcome_there_are_priors_alone() -> None:
    models: Models = NOTHING_LEARNED

    assert models.version == 0
    assert models.propensity(ADA, "lights", "email") == FOLLOWED
    assert models.propensity(ADA, "lights", "email", own_prior=0.3) == 0.3
    assert models.read_rate("email") == READ
    assert models.response("email", 8) == READ
    assert models.opening_hours("email") == (1 / 24,) * 24


def test_what_customers_did_outweighs_what_the_action_says_of_itself() -> None:
    few = Counted(followed={("lights", "email"): Rate(PRIOR_WEIGHT, 0)})
    many = Counted(followed={("lights", "email"): Rate(10_000, 100)})

    assert few.propensity(ADA, "lights", "email", own_prior=0.3) == pytest.approx(0.15)
    assert many.propensity(ADA, "lights", "email", own_prior=0.3) == pytest.approx(0.01, abs=0.001)


def test_an_action_without_a_past_leans_on_its_group_then_on_its_channel_then_on_all() -> None:
    models = Counted(
        group_followed={("bikes", "email"): Rate(10_000, 4_000)},
        channel_followed={"email": Rate(100_000, 10_000), "sms": Rate(100_000, 30_000)},
    )

    assert models.propensity(ADA, "new", "email", "bikes") == pytest.approx(0.4, abs=0.001)
    assert models.propensity(ADA, "new", "email", "boats") == pytest.approx(0.1, abs=0.001)
    assert models.propensity(ADA, "new", "email") == pytest.approx(0.1, abs=0.001)
    assert models.propensity(ADA, "new", "push") == pytest.approx(0.2, abs=0.001)


def test_an_hour_with_few_messages_leans_on_the_whole_day() -> None:
    hours = tuple(Rate(1_000, 900) if hour == 8 else Rate(0, 0) for hour in range(24))
    models = Counted(read={"email": Rate(10_000, 3_000)}, hourly={"email": hours})

    assert models.response("email", 8) > 0.85
    assert models.response("email", 3) == models.read_rate("email") == pytest.approx(0.3, abs=0.001)


def test_a_channel_whose_opens_were_never_seen_has_the_hours_of_all_channels() -> None:
    morning = tuple(1_000.0 if hour == 7 else 0.0 for hour in range(24))
    models = Counted(opened={"email": morning})

    assert models.opening_hours("email")[7] > 0.95
    assert models.opening_hours("push")[7] > 0.95


_TRIES = st.integers(0, 10**6)


@property_of(_TRIES, st.floats(0, 1), st.floats(0, 1), st.lists(_TRIES, min_size=24, max_size=24))
def test_answers_are_rates_whatever_was_counted(tried: int, share: float, prior: float, opened: list[int]) -> None:
    rate = Rate(tried, int(tried * share))
    models = Counted(
        followed={("a", "email"): rate},
        channel_followed={"email": rate},
        read={"email": rate},
        hourly={"email": (rate,) * 24},
        opened={"email": tuple(map(float, opened))},
    )

    assert 0 <= models.propensity(ADA, "a", "email", own_prior=prior) <= 1
    assert 0 < models.propensity(ADA, "b", "email") < 1
    assert 0 < models.response("email", 0) < 1
    assert sum(models.opening_hours("email")) == pytest.approx(1)
