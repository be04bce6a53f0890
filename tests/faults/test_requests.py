"""Requests over HTTP to real workers: while events stream, after a crash, and to a worker that is the wrong one."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from orchestrator.kafka import names
from tests.faults.harness import Stage, WorkerProcess, wait_for

KEY = "a-key-for-the-tests"
USERS = [f"user-{n}" for n in range(12)]


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
    return port


class Asker:
    """A program that asks one worker."""

    def __init__(self, stage: Stage) -> None:
        port = free_port()
        self.worker: WorkerProcess = stage.start_worker(api_port=port, api_keys={"test": KEY})
        headers = {"Authorization": f"Bearer {KEY}"}
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=30)

    def decide(self, user: str, key: str, *, durable: bool = True) -> httpx.Response:
        body = {"customer": {"userId": user}, "channel": "web", "places": 3}
        path = f"/v1/decide?durable={str(durable).lower()}"
        return self.client.post(path, json=body, headers={"Idempotency-Key": key})

    def answered(self, user: str, key: str) -> dict[str, Any]:
        """The answer, as a client gets it that asks again while it is told to."""

        def asked() -> httpx.Response | None:
            try:
                response = self.decide(user, key)
            except httpx.TransportError:
                return None
            return None if response.status_code == 503 else response

        response = wait_for("an answer", asked)
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        return answer


def shown(answer: dict[str, Any]) -> list[str]:
    return [action["content"]["content"] for action in answer["actions"]]


@contextmanager
def streaming(stage: Stage) -> Iterator[None]:
    """Events, all the while."""
    ended = threading.Event()

    def produce() -> None:
        n = 0
        while not ended.wait(0.02):
            stage.produce(stage.event(USERS[(n + k) % len(USERS)], "Ticked", n=n + k) for k in range(20))
            n += 20

    thread = threading.Thread(target=produce)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def test_a_durable_answer_outlives_the_worker_and_the_oracle_gives_it_again(stage: Stage) -> None:
    asker = Asker(stage)
    with asker.client:
        asker.worker.wait_ready()
        stage.produce((stage.event("ann", "Asked", n=1),), "events.purchase")
        wait_for("the offer", lambda: asker.client.get("/v1/customers/ann").json().get("messages"))
        with streaming(stage):
            answers = {user: asker.answered(user, f"k-{user}") for user in ["ann", *USERS]}
        assert shown(answers["ann"]) == ["1 for you"]
        asker.worker.kill()
        again = Asker(stage)
        with again.client:
            for user, answer in answers.items():
                assert again.answered(user, f"k-{user}") == answer
        seen = stage.settle()
    assert stage.problems() == []
    lines = [record.json for record in seen.records[names.JOURNEY_LOG] if record.json["kind"] == "answer"]
    told = [
        line["customer_id"] for line in lines if line["decision_id"] in {one["decision_id"] for one in answers.values()}
    ]
    assert sorted(told) == sorted(answers)


def test_any_worker_answers_for_any_customer_and_goes_on_when_the_other_dies(stage: Stage) -> None:
    first, second = Asker(stage), Asker(stage)
    with first.client, second.client:
        for asker in (first, second):
            asker.worker.wait_ready()
        wait_for(
            "both to have partitions",
            lambda: all(asker.worker.metrics()["orchestrator_partitions_assigned"] for asker in (first, second)),
        )
        for user in USERS:
            answer = first.answered(user, f"k-{user}")
            assert second.answered(user, f"k-{user}") == answer
        entered = second.client.post("/v1/journeys/echo/enter", json={"customer": {"userId": "ann"}})
        assert entered.status_code == 409
        second.worker.kill()
        for user in USERS:
            assert first.answered(user, f"k-{user}")["customer"]["id"] == user
            assert first.answered(user, f"after-{user}")["customer"]["id"] == user
        stage.settle()
    assert stage.problems() == []
