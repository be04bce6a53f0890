"""Brand lock: partners put customers into ready journeys, and write into the messages what they may, and no more."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given as forall
from hypothesis import strategies as st

from orchestrator.engine.blocks import Block, shown
from orchestrator.testing import JourneyTestDriver

SHOP = """
channels:
  mail:
    address: id
    consent: none
    content: {subject: {type: line}, html: {type: html}, link: {type: link, required: false}}
---
partners:
  bike-house: {journeys: invite, actions: [invite-mail], daily_limit: 2}
  sales: {journeys: [invite, plain]}
---
action: invite-mail
channel: mail
editable:
  greeting: {type: line, max_length: 30, default: Come and see us}
  words: {type: text, max_length: 60, default: We have something for you.}
  button: {type: choice, one_of: [Book now, Call me], default: Book now}
  page: {type: link, default: "https://shop.example.com/bikes", hosts: [shop.example.com, bike-house.example.com]}
  picture:
    type: image
    images: ["https://shop.example.com/i/red.png", "https://shop.example.com/i/blue.png"]
    default: https://shop.example.com/i/red.png
  price: {default: "499 euros", locked: true}
content:
  subject: "{{ edit.greeting }}"
  html: >-
    <p>{{ edit.words }}</p><img src="{{ edit.picture }}"><a href="{{ edit.page }}">{{ edit.button }}</a>{{ edit.price }}
---
action: thanks
channel: mail
editable:
  greeting: {max_length: 10, default: Thanks}
content: {subject: "{{ edit.greeting }}", html: Thank you}
---
action: note
channel: mail
content: {subject: Note, html: Nothing to edit}
---
journey: invite
entry: {api: true, reentry: after_exit}
exit: [{on: Order Completed}]
steps:
  - act: invite-mail
  - wait: 1 day
  - act: thanks
---
journey: plain
entry: {api: true}
steps: [act: note]
"""


@pytest.fixture
def driver() -> JourneyTestDriver:
    return JourneyTestDriver.of_text(SHOP)


def ask(driver: JourneyTestDriver, user: str = "ada", journey: str = "invite", **others: Any) -> list[dict[str, Any]]:
    return driver.track(user, "Journey Requested", {"journey": journey, **others})


def refused(driver: JourneyTestDriver) -> list[tuple[str, str]]:
    return [(letter["code"], letter["reason"]) for letter in driver.dead_letters]


def test_without_edits_a_message_says_what_its_author_wrote(driver: JourneyTestDriver) -> None:
    (mail,) = ask(driver)
    assert mail["content"]["subject"] == "Come and see us"


def test_a_partner_writes_into_the_blocks_that_are_open(driver: JourneyTestDriver) -> None:
    edits = {"words": "The red one is here.", "button": "Call me", "page": "https://bike-house.example.com/red?a=1"}
    (mail,) = ask(driver, by="bike-house", edits=edits)
    html = mail["content"]["html"]
    assert "<p>The red one is here.</p>" in html
    assert '<a href="https://bike-house.example.com/red?a=1">Call me</a>499 euros' in html


def test_an_edit_for_each_message_of_the_journey(driver: JourneyTestDriver) -> None:
    (first,) = ask(driver, edits={"greeting": "Ada!"})
    (second,) = driver.advance("1 day")
    assert (first["content"]["subject"], second["content"]["subject"]) == ("Ada!", "Ada!")


def test_an_edit_for_one_message_alone(driver: JourneyTestDriver) -> None:
    (first,) = ask(driver, edits={"invite-mail.greeting": "A long greeting for Ada", "thanks.greeting": "Bye"})
    (second,) = driver.advance("1 day")
    assert (first["content"]["subject"], second["content"]["subject"]) == ("A long greeting for Ada", "Bye")


def test_markup_in_an_edit_is_shown_as_it_is_written(driver: JourneyTestDriver) -> None:
    (mail,) = ask(driver, edits={"words": "<script>alert(1)</script> & more"})
    assert "<p>&lt;script&gt;alert(1)&lt;/script&gt; &amp; more</p>" in mail["content"]["html"]


@pytest.mark.parametrize("code", ["{{ customer.id }}", "{% for a in range(9) %}x{% endfor %}", "{{ 7 * 7 }}", "{# #}"])
def test_no_template_code_in_an_edit_is_ever_run(driver: JourneyTestDriver, code: str) -> None:
    (mail,) = ask(driver, edits={"words": code})
    assert f"<p>{code}</p>" in mail["content"]["html"]


ONE_OF_IMAGES = "https://shop.example.com/i/red.png, https://shop.example.com/i/blue.png"
OPEN = "there are button, greeting, page, picture, words"


@pytest.mark.parametrize(
    ("edits", "reason"),
    [
        ({"price": "1 euro"}, "the block 'price' of the action 'invite-mail' is locked: nobody may change it"),
        (
            {"words": "x" * 61},
            "the block 'words' of the action 'invite-mail' takes up to 60 characters, and this has 61",
        ),
        (
            {"greeting": "longer than ten"},
            "the block 'greeting' of the action 'thanks' takes up to 10 characters, and this has 15",
        ),
        (
            {"invite-mail.greeting": "two\nlines"},
            "the block 'greeting' of the action 'invite-mail' takes one line",
        ),
        ({"words": "a\x00b"}, "the block 'words' of the action 'invite-mail' takes no control characters"),
        ({"words": "a\u202eb"}, "the block 'words' of the action 'invite-mail' takes no control characters"),
        ({"words": " "}, "the block 'words' of the action 'invite-mail' cannot be left empty"),
        ({"words": 7}, "the block 'words' of the action 'invite-mail' takes a text"),
        (
            {"button": "Buy"},
            "the block 'button' of the action 'invite-mail' takes one of Book now, Call me, and 'Buy' is not allowed",
        ),
        (
            {"picture": "https://evil.example/p.png"},
            f"the block 'picture' of the action 'invite-mail' takes one of {ONE_OF_IMAGES}, and 'https://evil.ex",
        ),
        (
            {"page": "https://evil.example/"},
            "the block 'page' of the action 'invite-mail' takes links to shop.example.com, bike-house.example.com, and",
        ),
        (
            {"page": "javascript:alert(1)"},
            "the block 'page' of the action 'invite-mail' takes a link that begins with https://",
        ),
        (
            {"page": "https://shop.example.com@evil.example/"},
            "the block 'page' of the action 'invite-mail' takes a link",
        ),
        ({"subject": "Buy"}, f"'subject' is locked: of the journey 'invite' only blocks may be edited; {OPEN}"),
        ({"greetin": "Hi"}, "'greetin' is locked: of the journey 'invite' only blocks may be edited; did you mean"),
        ({"note.words": "Hi"}, "the journey 'invite' has no action 'note': there are invite-mail, thanks"),
        (
            {"thanks.words": "Hi"},
            "'words' is locked: of the action 'thanks' only blocks may be edited; there are greeting",
        ),
        ("words", "'edits' must have blocks and what they are to say, 100 at most"),
    ],
)
def test_a_bad_edit_goes_to_dead_letter_with_what_is_allowed(
    driver: JourneyTestDriver, edits: Any, reason: str
) -> None:
    assert ask(driver, edits=edits) == []
    ((code, told),) = refused(driver)
    assert code == "bad_edit"
    assert told.startswith(reason)


def test_what_is_refused_leaves_no_trace_in_the_customer(driver: JourneyTestDriver) -> None:
    ask(driver, edits={"price": "1 euro"})
    assert driver.customer("ada") is None


def test_where_nothing_is_open_nothing_may_be_edited(driver: JourneyTestDriver) -> None:
    ask(driver, journey="plain", edits={"words": "Hi"})
    assert refused(driver)[0][1] == "nothing of the journey 'plain' may be edited: it has no blocks that are open"


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ({"by": "bike-hause"}, "there is no partner 'bike-hause': did you mean 'bike-house'?"),
        ({"by": 7}, "there is no partner '7': there are bike-house, sales"),
        (
            {"by": "bike-house", "journey": "plain"},
            "the partner 'bike-house' may enter nobody into the journey 'plain', only into invite",
        ),
        (
            {"by": "bike-house", "edits": {"greeting": "Hi"}},
            "the partner 'bike-house' may not edit the action 'thanks', only these: invite-mail",
        ),
        (
            {"by": "sales", "edits": {"words": "Hi"}},
            "the partner 'sales' may not edit the action 'invite-mail', only these: none",
        ),
    ],
)
def test_a_partner_may_do_what_they_may_and_no_more(
    driver: JourneyTestDriver, asked: dict[str, Any], reason: str
) -> None:
    assert ask(driver, **asked) == []
    assert refused(driver) == [("not_allowed", reason)]


def test_what_a_partner_sent_says_so_everywhere(driver: JourneyTestDriver) -> None:
    (mail,) = ask(driver, by="bike-house")
    driver.track("ada", "Order Completed")
    assert mail["by"] == "bike-house"
    assert [(made["outcome"], made["by"]) for made in driver.decisions] == [
        ("published", "bike-house"),
        ("cancelled", "bike-house"),
    ]


def test_what_nobody_asked_for_has_no_by(driver: JourneyTestDriver) -> None:
    (mail,) = ask(driver)
    assert "by" not in mail
    assert "by" not in driver.decisions[-1]


def test_a_partner_puts_in_so_many_a_day(driver: JourneyTestDriver) -> None:
    published = [len(ask(driver, user, by="bike-house")) for user in ("ada", "bo", "cy")]
    assert published == [1, 1, 0]
    reason = "the partner 'bike-house' has put in as many as they may within a day: 2 over all partitions"
    assert driver.trace[-1]["reason"] == reason


def test_the_next_day_they_may_again(driver: JourneyTestDriver) -> None:
    for user in ("ada", "bo", "cy"):
        ask(driver, user, by="bike-house")
    driver.advance("25 hours")
    assert len(ask(driver, "cy", by="bike-house")) == 1


def test_others_are_not_counted(driver: JourneyTestDriver) -> None:
    assert [len(ask(driver, user)) for user in ("ada", "bo", "cy")] == [1, 1, 1]
    assert len(ask(driver, "di", by="bike-house")) == 1


def test_what_does_not_fit_any_more_is_not_sent(driver: JourneyTestDriver) -> None:
    ask(driver, edits={"greeting": "Hello Ada"})
    narrower = SHOP.replace("greeting: {max_length: 10", "greeting: {max_length: 6").replace(
        "journey: invite\n", "journey: invite\nmigrate: {}\n"
    )
    driver.apply(narrower)
    assert driver.advance("1 day") == []
    reason = "the block 'greeting' of the action 'thanks' takes up to 6 characters, and this has 9"
    assert driver.decisions[-1]["reasons"] == [{"rule": "content", "detail": reason}]


texts = st.text(max_size=40)


@forall(texts)
def test_whatever_is_written_a_line_stays_one_line_within_its_bounds(written: str) -> None:
    block = Block("a", "line", "Hello", 20)
    try:
        said = shown("mail", {"a": block}, {"a": written})["a"]
    except ValueError:
        return
    assert 0 < len(said) <= 20
    assert len(said.splitlines()) == 1 or not said.isprintable()
    assert said == written.strip()


@forall(st.sampled_from(["link", "image", "choice"]), texts)
def test_whatever_is_written_only_what_is_allowed_is_said(kind: str, written: str) -> None:
    block = Block("a", kind, "https://a.example/", 2000, ("https://a.example/",), ("a.example",))
    try:
        said = shown("mail", {"a": block}, {"a": written})["a"]
    except ValueError:
        return
    assert said.startswith("https://a.example/")
