"""The sender in docs/senders.md works as it stands there."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

from orchestrator.channels import Accepted, Later, Outcome, Refused
from tests.channels.saying import action, action_id

PAGE = (Path(__file__).parents[2] / "docs/senders.md").read_text("utf-8")


def test_a_sender_of_ones_own() -> None:
    code = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)[0]
    answers, taken = [200, 503, 400], []

    async def take(request: web.Request) -> web.Response:
        taken.append(await request.json())
        return web.Response(status=answers.pop(0), text="no")

    async def main() -> list[Outcome]:
        application = web.Application()
        application.router.add_post("/", take)
        async with TestServer(application) as server:
            found: dict[str, Any] = {"__name__": "sms"}
            exec(code.replace("https://sms.example.com/", str(server.make_url("/"))), found)
            sender = found["Sms"]()
            return [await sender.send(action(content={"text": "Hello"}, address="+4917")) for _ in range(3)]

    assert asyncio.run(main()) == [Accepted(), Later("busy"), Refused("no")]
    assert taken[0] == {"to": "+4917", "text": "Hello", "key": action_id("hello")}
