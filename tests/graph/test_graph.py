"""A journey as nodes and edges, and as Mermaid text."""

from __future__ import annotations

from typing import get_args
from xml.etree import ElementTree

import pytest

from orchestrator.engine.experiments import Arm
from orchestrator.engine.steps import (
    Goto,
    Join,
    Split,
    Step,
    Update,
    WaitForDate,
    WaitForOpened,
    WaitUntil,
)
from orchestrator.graph.drawing import svg, text_width
from orchestrator.graph.graph import END, ENTRY, LOOKS, Edge, Graph, Node, Way, graph_of, look_of
from orchestrator.graph.mermaid import mermaid
from orchestrator.journeys.compile import compile_journey
from orchestrator.journeys.expressions import expression
from orchestrator.journeys.load import load
from orchestrator.shop.folder import shop_folder
from orchestrator.testing.texts import pack_of

ACTIONS = """
action: hello
channel: web
content: {slot: top, content: Hello}
---
action: bye
channel: crm
purpose: service
content: {object: note, fields: {text: bye}}
---
"""


def graph(journey: str) -> Graph:
    pack = pack_of(ACTIONS + journey)
    (name,) = pack.journeys
    return graph_of(compile_journey(pack, name), pack.journeys[name].description)


def edges(found: Graph) -> set[tuple[str, str, str]]:
    return {(edge.source, edge.way, edge.target) for edge in found.edges}


BRANCHED = """
journey: branched
entry: {on: [Product Added, Product Viewed], if: event.properties.total > 20.0, key: event.properties.cart_id}
exit: [{on: Order Completed}]
steps:
  - wait: {event: Call Started, timeout: 1 hour, received: [{end: true}], timed_out: [{act: hello}]}
  - branch:
      - {if: 'customer.traits.city == "Köln"', steps: [{act: bye}]}
      - {if: customer.known, steps: [{wait: 2 days}]}
  - quiet: {for: 1 day}
"""


def test_every_kind_of_step_can_be_drawn() -> None:
    assert set(LOOKS) == set(get_args(Step))


def test_the_entry_leads_to_the_first_step() -> None:
    assert (ENTRY, "next", "wait-1") in edges(graph(BRANCHED))


def test_steps_lead_on_as_they_run() -> None:
    assert edges(graph(BRANCHED)) == {
        (ENTRY, "next", "wait-1"),
        ("wait-1", "received", "end-1"),
        ("wait-1", "timed out", "act-hello"),
        ("act-hello", "next", "branch-1"),
        ("branch-1", "arm 1", "act-bye"),
        ("branch-1", "arm 2", "wait-2"),
        ("branch-1", "no arm", "quiet-1"),
        ("act-bye", "next", "quiet-1"),
        ("wait-2", "next", "quiet-1"),
        ("quiet-1", "next", END),
    }


def test_a_branch_for_all_has_no_way_around() -> None:
    found = graph("""
        journey: all
        entry: {on: Product Added}
        steps: [{branch: [{if: customer.known, steps: [{act: hello}]}, {steps: [{act: bye}]}]}]
    """)
    assert {edge.way: edge.label for edge in found.edges if edge.source == "branch-1"} == {
        "arm 1": "customer.known",
        "arm 2": "else",
    }


def test_nodes_say_what_they_are() -> None:
    found = {node.id: node for node in graph(BRANCHED).nodes}
    assert found[ENTRY].title == "on Product Added or Product Viewed"
    assert found[ENTRY].code == ("event.properties.total > 20.0",)
    assert found["act-hello"] == Node("act-hello", "act", "hello", ("web, marketing",))
    assert found["wait-2"].title == "wait 2 days"
    assert found["quiet-1"].title == "no marketing for 1 day"
    assert found["(exit)1"].title == "leaves on Order Completed"


HOUR = 3_600_000
DATE = expression("customer.traits.contract_end")


@pytest.mark.parametrize(
    ("step", "title"),
    [
        (WaitUntil("w", None, 9 * HOUR, frozenset(range(7))), "wait until 09:00"),
        (WaitUntil("w", None, 9 * HOUR, frozenset({0, 4})), "wait until 09:00 on Mon or Fri"),
        (WaitForDate("w", None, DATE, 0, None), "wait until the date"),
        (WaitForDate("w", None, DATE, -720 * HOUR, None), "wait until 30 days before the date"),
        (WaitForOpened("w", None, None, "act-hello", HOUR), "wait until act-hello is opened"),
        (Split("s", None, "colours", ()), "experiment colours"),
        (Update("u", None, (("stage", DATE),)), "update the customer"),
        (Join("j", None, "care"), "enter care too"),
        (Goto("g", "wait-1"), "go on with wait-1"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_steps_say_what_they_do(step: Step, title: str) -> None:
    assert look_of(step).title == title


def test_arms_of_an_experiment_are_named() -> None:
    split = Split("s", None, "colours", ((Arm("red", 60), "act-red"), (Arm("plain", 40, control=True), None)))
    assert look_of(split).ways == (
        Way("red", "act-red", "red 60 %"),
        Way("plain", None, "plain 40 % (control)"),
    )


def test_every_end_of_an_edge_is_a_node() -> None:
    found = graph(BRANCHED)
    names = {node.id for node in found.nodes}
    assert {end for edge in found.edges for end in (edge.source, edge.target)} <= names


def test_as_json_it_has_all_that_is_drawn() -> None:
    plain = graph(BRANCHED).to_json()
    assert [node["id"] for node in plain["nodes"]][:2] == [ENTRY, "(exit)1"]
    assert {"source": "branch-1", "target": "act-bye", "way": "arm 1", "label": 'customer.traits.city == "Köln"'} in (
        plain["edges"]
    )


def test_mermaid_of_a_small_journey() -> None:
    text = mermaid(graph("{journey: small, entry: {on: Product Added}, steps: [{wait: 1 hour}, {act: hello}]}"))
    assert text.splitlines()[0] == "flowchart TD"
    assert text.splitlines()[2:] == [
        '  n0(["on Product Added"])',
        '  n1("wait 1 hour")',
        '  n2["hello<br/>web, marketing"]',
        '  n3(("end"))',
        "  n0 --> n1",
        "  n1 --> n2",
        "  n2 --> n3",
    ]


def test_mermaid_takes_nothing_in_a_text_for_its_own() -> None:
    text = mermaid(Graph("x", "1", "", (Node("a", "act", 'say "hi" <b>&`|#;\n'),), (Edge("a", "a", "next", '"|'),)))
    assert "#quot;hi#quot; #lt;b#gt;#amp;#96;#124;#35;;" in text
    assert '-->|"#quot;#124;"|' in text


@pytest.mark.parametrize("name", sorted(load(shop_folder()).journeys))
def test_a_picture_of_each_journey_of_the_shop(name: str) -> None:
    pack = load(shop_folder())
    root = ElementTree.fromstring(svg(graph_of(compile_journey(pack, name), pack.journeys[name].description)))
    assert root.get("viewBox")


def test_a_picture_is_the_same_each_time() -> None:
    assert svg(graph(BRANCHED)) == svg(graph(BRANCHED))


def test_a_picture_escapes_what_means_something_in_xml() -> None:
    found = Graph("a<b", "1", "x & y", (Node("n", "act", "<script>&\x00'\""),), ())
    texts = [element.text or "" for element in ElementTree.fromstring(svg(found)).iter()]
    assert any("<script>&" in text for text in texts)


LONG = "customer.traits.a_very_long_name_of_a_trait_without_any_gap_in_it_at_all == 'x' && " * 8


@pytest.mark.parametrize("title", ["short", "word " * 40, "W" * 200, "客户旅程" * 30, LONG])
def test_no_text_is_wider_than_its_box(title: str) -> None:
    found = Graph("j", "1", "", (Node("n", "act", title, (title,), (title,)),), ())
    group = next(part for part in ElementTree.fromstring(svg(found)).iter() if part.get("id") == "n")
    box = next(part for part in group if part.tag.endswith("rect"))
    styles = {"title": (13.0, True), "detail": (11.5, False), "code": (11.0, False)}
    widths = [
        text_width(part.text or "", part.get("class") or "", *styles[part.get("class") or ""])
        for part in group
        if part.tag.endswith("text")
    ]
    assert widths
    assert max(widths) <= float(box.get("width") or 0)


def test_what_is_cut_stands_in_the_tooltip() -> None:
    found = Graph("j", "1", "", (Node("n", "act", "n", (), (LONG,)),), ())
    assert any((part.text or "").count("customer.traits") == 8 for part in ElementTree.fromstring(svg(found)).iter())


CHANNELS = """
action: news
treatments:
  push: {content: {text: news}}
  sms: {content: {text: news}}
"""


@pytest.mark.parametrize(
    ("more", "detail"),
    [
        ("", "push or sms, marketing"),
        ("together: true", "push and sms, marketing"),
        (
            "chain: [{channel: push, until: opened, within: 2 hours}, {channel: sms}]",
            "push, not opened in 2 hours: sms, marketing",
        ),
    ],
)
def test_the_channels_of_an_action_are_told(more: str, detail: str) -> None:
    pack = pack_of(f"{CHANNELS}{more}\n---\njourney: j\nentry: {{on: X}}\nsteps: [{{act: news, send_time: best}}]\n")
    node = graph_of(compile_journey(pack, "j"), "").nodes[1]
    assert node.detail == (detail, "in the customer's best hour, within 1 day")
