"""Time zones by name, and what comes of names that are none."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator.zones import first_zone, is_zone, zone

NONE = ["", "Mars/Phobos", "Europe", "../etc/passwd", "\0", "+02:00", "x" * 100_000, 5, None, ["Europe/Berlin"]]


@pytest.mark.parametrize("name", NONE, ids=lambda name: str(name)[:20])
def test_what_is_no_zone_gives_way_to_the_next(name: Any) -> None:
    assert not is_zone(name)
    assert str(first_zone(name, "Asia/Tokyo")) == "Asia/Tokyo"


def test_a_name_that_is_none_has_the_nearest_right_one_with_it() -> None:
    with pytest.raises(ValueError, match="'Europe/Berln' is no time zone: did you mean 'Europe/Berlin'"):
        zone("Europe/Berln")
