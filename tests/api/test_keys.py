"""Keys come from the settings and from a file, and are shown nowhere."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from orchestrator.api.keys import Keys
from orchestrator.errors import SettingsError
from orchestrator.settings import Settings

SHOP, DESK = "a-key-of-the-shop-1", "a-key-of-the-desk-1"


def keys_of(folder: Path, text: str) -> Keys:
    path = folder / "keys"
    path.write_text(text, "utf-8")
    return Keys.of(Settings(project=folder, api_keys={"shop": SecretStr(SHOP)}, api_keys_file=path))


def test_the_settings_and_the_file_both_count(tmp_path: Path) -> None:
    keys = keys_of(tmp_path, f"# who may ask\n\ndesk = {DESK}\n")
    assert keys.caller(f"Bearer {SHOP}".encode()) == "shop"
    assert keys.caller(f"bearer  {DESK}".encode()) == "desk"


@pytest.mark.parametrize("said", [None, b"", b"Bearer ", b"Bearer a-key-of-the-shop-2", b"Basic a-key-of-the-shop-1"])
def test_others_are_nobody(tmp_path: Path, said: bytes | None) -> None:
    assert keys_of(tmp_path, f"desk={DESK}").caller(said) is None


def test_a_wrong_line_is_named_without_its_key(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        keys_of(tmp_path, f"desk={DESK}\nhunter2hunter2hunter2\nshop=hunter2\n")
    lines = str(caught.value).splitlines()
    assert [line.partition(":")[2].partition(":")[0] for line in lines] == ["2", "3"]
    assert "16 to 256" in lines[1]
    assert "hunter2" not in str(caught.value)


def test_an_empty_file_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="there is no key in it"):
        keys_of(tmp_path, "# later\n")


def test_each_program_has_a_key_of_its_own(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="'shop' and 'desk' have the same key: give each program its own") as caught:
        keys_of(tmp_path, f"desk={SHOP}\n")
    assert SHOP not in str(caught.value)
    with pytest.raises(SettingsError, match=":2: 'desk' has a key in a line above"):
        keys_of(tmp_path, f"desk={DESK}\ndesk={DESK}x\n")
