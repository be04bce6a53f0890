"""The commands of the page are real: they are sent as a reader sends them."""

from __future__ import annotations

import json
import re
import shlex
from itertools import pairwise
from pathlib import Path
from typing import Final

import httpx
import pytest

from tests.api.town import KEY, SHOP, served, town_of

PAGE: Final = (Path(__file__).resolve().parents[2] / "docs" / "http.md").read_text("utf-8")
COMMANDS: Final = re.findall(r"^(curl .*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
SHOP_ON_THE_WEB: Final = SHOP.replace("  note:", "  web: {address: id, consent: none, content: {text: {}}}\n  note:")


def send(command: str, url: str) -> httpx.Response:
    words = shlex.split(command.replace("$API", url).replace("$KEY", KEY).replace("\\\n", " "))
    options = list(pairwise(words))
    headers = dict(value.split(": ", 1) for option, value in options if option == "-H")
    method = next((value for option, value in options if option == "-X"), "GET")
    body = next((value for option, value in options if option == "-d"), None)
    address = next(word for word in words if word.startswith("http"))
    return httpx.request(method, address, headers=headers, content=body)


def test_each_command_is_answered() -> None:
    with served(town_of(SHOP_ON_THE_WEB)) as shop:
        statuses = [send(command, shop.members[0].url).status_code for command in COMMANDS]
    assert statuses == [200, 202, 202, 200]


@pytest.mark.parametrize("block", re.findall(r"^```json\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE))
def test_what_is_shown_of_answers_is_json(block: str) -> None:
    assert json.loads(block)
