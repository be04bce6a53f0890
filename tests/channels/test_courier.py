"""Senders on the real broker: nothing is lost, and nothing is sent twice but in the one window that is documented."""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from orchestrator.channels import Accepted, Bounced, Later, Refused
from orchestrator.channels.courier import Courier
from tests.channels.mail_server import Mailroom, serving
from tests.channels.saying import TRACE, action_id
from tests.channels.stage import Post, Stage, until

Play = Callable[[Callable[[Stage], Awaitable[None]]], None]


@pytest.fixture
def play(bootstrap: str, prefix: str, tmp_path: Path) -> Play:
    """Plays a scene on a stage of its own."""

    def run(scene: Callable[[Stage], Awaitable[None]]) -> None:
        async def main() -> None:
            async with Stage(bootstrap, prefix, tmp_path).open() as stage:
                await scene(stage)

        asyncio.run(main())

    return run


def metrics(courier: Courier) -> dict[str, float]:
    families = text_string_to_metric_families(courier.metrics.text().decode())
    samples = [sample for family in families for sample in family.samples]
    return {f"{sample.name}{''.join(sample.labels.values())}": sample.value for sample in samples}


def test_each_action_ends_once_and_that_is_told(play: Play) -> None:
    async def scene(stage: Stage) -> None:
        post = Post()
        post.answers = {
            "bounced": [Bounced("hard", "550")],
            "refused": [Refused("400")],
            "flaky": [Later("503"), RuntimeError("a bug of the sender"), Accepted()],
            "hopeless": [Later("452 full", of_recipient=True)] * 3,
            "arrived": [Accepted(delivered=True)],
            "bungled": [None, Accepted()],  # type: ignore[list-item]
        }
        for name in post.answers:
            await stage.act(name, f"customer of {name}")
        await stage.act("late", "late", lasts_ms=0)
        await stage.act("laptop", "laptop", anonymous=True)
        await stage.put("eve", b"no action")
        async with stage.courier(post, tries=3, breaker_failures=100) as courier:
            await until("all reports", lambda: len(stage.told()) == 8 and stage.dead)
            await until("both of them", lambda: len(stage.events) >= 11)
            seen = metrics(courier)
        assert stage.told() == {
            action_id("bounced"): ["Message Bounced", "Message Failed"],
            action_id("refused"): ["Message Failed"],
            action_id("flaky"): ["Message Sent"],
            action_id("hopeless"): ["Message Bounced", "Message Failed"],
            action_id("arrived"): ["Message Sent", "Message Delivered"],
            action_id("bungled"): ["Message Sent"],
            action_id("late"): ["Message Failed"],
            action_id("laptop"): ["Message Sent"],
        }
        assert Counter(post.tries)["flaky"] == 3
        assert "late" not in post.tries
        reasons = {each["properties"].get("reason") for each in stage.events}
        assert reasons == {None, "bounced", "refused", "gave_up", "expired"}
        assert [each["anonymousId"] for each in stage.events if "anonymousId" in each] == ["laptop"]
        assert set(stage.traces) == {TRACE.encode()}
        headers = dict(stage.dead[0].headers)
        assert headers["dead-letter-code"] == b"bad_action"
        assert headers["dead-letter-topic"] == b"actions.email"
        assert (stage.dead[0].key, stage.dead[0].value) == (b"eve", b"no action")
        assert seen["orchestrator_sender_actions_totalsent"] == 4
        assert seen["orchestrator_sender_actions_totalexpired"] == 1

    play(scene)


def test_an_action_that_comes_twice_is_sent_once_after_a_restart_too(play: Play) -> None:
    async def scene(stage: Stage) -> None:
        post = Post()
        await stage.act("one")
        await stage.act("one")
        async with stage.courier(post) as courier:
            await until("the report", lambda: stage.told().get(action_id("one")))
            await stage.act("one")
            await until("the third", lambda: metrics(courier)["orchestrator_sender_duplicates_total"] == 2)
        await stage.act("one")
        await stage.act("other")
        async with stage.courier(post) as courier:
            await until("the other", lambda: action_id("other") in stage.told())
        assert post.tries == ["one", "other"]

    play(scene)


def test_a_cancel_drops_what_waits_and_what_was_sent_is_told(play: Play) -> None:
    async def scene(stage: Stage) -> None:
        post = Post()
        post.answers = {"waiting": [Later("503", after_ms=600_000)]}
        await stage.act("backlog", "bob")
        for number in range(30):
            await stage.act(f"filler-{number}", "bob")
        await stage.cancel("backlog", "bob")
        await stage.act("waiting")
        await stage.act("behind")
        async with stage.courier(post):
            await until("the first try", lambda: "waiting" in post.tries)
            await stage.cancel("behind")
            await stage.cancel("waiting")
            await until("both ends", lambda: {action_id("waiting"), action_id("behind")} <= stage.told().keys())
            post.gate.clear()
            await stage.act("sent")
            await until("the try", lambda: "sent" in post.tries)
            await stage.cancel("sent")
            await stage.act("next", "cid")
            await until("the next one", lambda: "next" in post.tries)
            post.gate.set()
            await until("the word", lambda: len(stage.told().get(action_id("sent"), [])) == 2)
            await until("the backlog", lambda: action_id("backlog") in stage.told())
        told = stage.told()
        for name in ("backlog", "waiting", "behind"):
            assert told[action_id(name)] == ["Message Failed"], name
        assert told[action_id("sent")] == ["Message Sent", "Message Cancel Missed"]
        assert "backlog" not in post.tries
        assert "behind" not in post.tries

    play(scene)


def test_while_the_provider_is_down_nothing_is_tried_and_nothing_is_lost(play: Play) -> None:
    async def scene(stage: Stage) -> None:
        post = Post()
        post.answers = {f"a{number}": [Later("503")] for number in range(6)}
        async with stage.courier(post, breaker_failures=3, breaker_pause="3 seconds", concurrency=2) as courier:
            for number in range(40):
                await stage.act(f"a{number}", f"customer {number}")
            await until(
                "the breaker", lambda: (courier.not_ready() or "").startswith("the circuit breaker is open: 503")
            )
            assert len(post.tries) <= 4
            await stage.cancel("a39", "customer 39")
            await until("its end", lambda: action_id("a39") in stage.told())
            assert courier.not_ready() is not None, "it didn't wait for the provider"
            await until("all of them", lambda: len(post.sent) == 39)
            await until("all reports", lambda: len(stage.told()) == 40)
            assert courier.not_ready() is None
        assert Counter(post.sent).most_common(1)[0][1] == 1

    play(scene)


def test_another_machine_goes_on_where_this_one_stopped_out_of_order_too(play: Play) -> None:
    async def scene(stage: Stage) -> None:
        here, there = Post(), Post()
        here.answers = {"stuck": [Later("503", after_ms=600_000)]}
        await stage.act("stuck", "ada")
        for number in range(50):
            await stage.act(f"a{number}", f"customer {number}")
        async with stage.courier(here, "here"):
            await until("all but one", lambda: len(stage.told()) == 50)
        async with stage.courier(there, "there"):
            await until("the last", lambda: len(stage.told()) == 51)
        assert there.sent == ["stuck"]

    play(scene)


def test_two_share_the_work_and_send_nothing_twice_when_one_comes_and_goes(play: Play) -> None:
    async def scene(stage: Stage) -> None:
        first, second = Post(), Post()
        async with stage.courier(first, "first"):
            for number in range(40):
                await stage.act(f"a{number}", f"customer {number}")
            await until("some", lambda: len(first.sent) > 5)
            async with stage.courier(second, "second"):
                for number in range(40, 80):
                    await stage.act(f"a{number}", f"customer {number}")
                await until("both", lambda: len(stage.told()) == 80)
                assert second.sent
            await stage.act("last")
            await until("the last", lambda: len(stage.told()) == 81)
        sent = Counter(first.sent + second.sent)
        assert set(sent.values()) == {1}
        assert len(sent) == 81

    play(scene)


async def start(stage: Stage, port: int, log: Path) -> asyncio.subprocess.Process:
    """A sender of mails as an operator starts it."""
    lines = [
        *(
            f'{name} = "{value}"' if isinstance(value, str) else f"{name} = {value}"
            for name, value in stage.flags.items()
        ),
        "[senders.email]",
        'kind = "smtp"',
        'host = "localhost"',
        f"port = {port}",
        'security = "none"',
        'from = "Shop <shop@example.org>"',
        "concurrency = 4",
        'retry_first = "50 ms"',
    ]
    (stage.folder / "orchestrator.toml").write_text("\n".join(lines), "utf-8")
    command = [sys.executable, "-m", "orchestrator", "--project", str(stage.folder), "send", "--channel", "email"]
    with log.open("ab") as output:
        return await asyncio.create_subprocess_exec(*command, stdout=output, stderr=output)


class SlowMailroom(Mailroom):
    """Takes its time, so that a kill finds some mails on their way."""

    async def handle_DATA(self, *given: Any) -> str:
        answer = await super().handle_DATA(*given)
        await asyncio.sleep(0.01)
        return answer


@pytest.mark.parametrize("elsewhere", [False, True], ids=["here", "elsewhere"])
def test_killed_in_the_middle_it_goes_on_and_repeats_only_what_was_on_its_way(
    play: Play, tmp_path: Path, elsewhere: bool
) -> None:
    async def scene(stage: Stage) -> None:
        room, log, count = SlowMailroom(), tmp_path / "log", 120
        async with serving(room) as port:
            for number in range(count):
                await stage.act(f"a{number}", f"customer {number}", address=f"ada{number}@example.com")
            process = await start(stage, port, log)
            await until("some mails", lambda: len(room.taken) >= 30)
            process.kill()
            await process.wait()
            before = len(room.taken)
            assert before < count
            if elsewhere:
                stage.flags["state_folder"] = "another-machine"
            process = await start(stage, port, log)
            await until("all reports", lambda: len(stage.told()) == count)
            process.terminate()
            assert await process.wait() == 0, log.read_text()
        ids = Counter(mail["Message-ID"] for mail in room.mails)
        assert len(ids) == count
        assert set(ids.values()) <= {1, 2}
        # Another machine knows the commits alone, and what they lack is the work of a moment.
        assert sum(ids.values()) - count <= (before if elsewhere else 4)
        assert {name for names in stage.told().values() for name in names} == {"Message Sent"}
        assert len({event["messageId"] for event in stage.events}) == count

    play(scene)


def test_what_is_being_sent_when_it_is_stopped_is_sent_to_the_end_and_not_again(play: Play) -> None:
    async def scene(stage: Stage) -> None:
        here, there = Post(), Post()
        here.gate.clear()
        for number in range(20):
            await stage.act(f"a{number}", f"customer {number}")
        async with stage.courier(here, "here", concurrency=4) as courier:
            await until("four", lambda: len(here.tries) == 4)
            courier.stop()
            here.gate.set()
        assert here.sent == here.tries
        async with stage.courier(there, "there"):
            await until("the others", lambda: len(stage.told()) == 20)
        assert set(Counter(here.sent + there.sent).values()) == {1}

    play(scene)
