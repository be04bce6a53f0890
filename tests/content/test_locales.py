"""Who reads which text, and how numbers and times are written for them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.content.locales import choose, locale, normal
from orchestrator.engine.policy import Policy
from orchestrator.errors import ContentError, DefinitionError
from orchestrator.testing import JourneyTestDriver
from orchestrator.testing.texts import pack_of
from tests.content.saying import EVENT, problem, say, saying, text

OFFERED = ("de", "de-AT", "pt-BR", "zh-Hant")
CHOICES = {
    "the very one": ("de-AT", "en", ("de-AT", "de_AT")),
    "written otherwise": ("de_at", "en", ("de-AT", "de_AT")),
    "the language": ("de-CH", "en", ("de", "de_CH")),
    "a region that there is not": ("de-XQ", "en", ("de", "de")),
    "a script that a region means": ("zh-TW", "en", ("zh-Hant", "zh_Hant_TW")),
    "another region of a language": ("pt-PT", "en", ("", "en")),
    "what is not offered": ("fr", "en", ("", "en")),
    "the default's language": ("en-GB", "en", ("", "en_GB")),
    "the default is offered": ("fr", "de", ("de", "de")),
    "nothing is known": (None, "de", ("de", "de")),
    "no text": (7, "en", ("", "en")),
    "nonsense": ("{{ x }}", "en", ("", "en")),
    "empty": ("", "en", ("", "en")),
}


@pytest.mark.parametrize(("wish", "default", "chosen"), CHOICES.values(), ids=CHOICES.keys())
def test_who_reads_which_text(wish: Any, default: str, chosen: tuple[str, str]) -> None:
    assert choose({"locale": wish}, default, OFFERED) == chosen


@given(st.one_of(st.none(), st.integers(), st.text(), st.lists(st.text())))
def test_any_wish_is_answered(wish: Any) -> None:
    name, formatting = choose({"locale": wish}, "de-AT", OFFERED)

    assert name in ("", *OFFERED)
    assert str(locale(formatting)) == formatting


def test_locales_have_one_spelling() -> None:
    assert [normal(name) for name in ("de", "de_at", "ZH-hant-tw")] == ["de", "de-AT", "zh-Hant-TW"]


FIELDS = {"text": "Hello {{ event.properties.total | money('EUR') }}", "title": "Hi"}
LOCALES = {"de": {"text": "Hallo {{ event.properties.total | money('EUR') }}"}, "de-AT": {"title": "Servus"}}


def said(locale_name: str | None, **others: Any) -> dict[str, Any]:
    traits = {} if locale_name is None else {"locale": locale_name}
    return say(saying(FIELDS, locales=LOCALES, **others), traits=traits)


def test_a_locale_takes_what_it_does_not_say_from_its_language_and_that_from_the_content() -> None:
    assert said("de-AT") == {"text": "Hallo €\xa019,90", "title": "Servus"}
    assert said("de-DE") == {"text": "Hallo 19,90\xa0€", "title": "Hi"}
    assert said("en-GB") == {"text": "Hello €19.90", "title": "Hi"}


def test_whose_language_is_not_offered_reads_the_default_and_its_numbers() -> None:
    assert said("fr") == {"text": "Hello €19.90", "title": "Hi"}
    assert said(None) == {"text": "Hello €19.90", "title": "Hi"}


def test_the_projects_locale_is_for_whom_none_is_known() -> None:
    content = saying(FIELDS, locales=LOCALES)

    assert say(content, traits={}, policy=Policy(locale="de-AT"))["title"] == "Servus"
    assert say(saying(FIELDS), traits={}, policy=Policy(locale="de"))["text"] == "Hello 19,90\xa0€"


def test_content_in_one_language_is_formatted_for_the_customer() -> None:
    assert text("{{ 1.5 | number }}", locale="de") == "1,5"
    assert text("{{ 1.5 | number }}", locale="de-XX") == "1,5"
    assert text("{{ 1.5 | number }}", locale="xx") == "1.5"
    assert text("{{ 1.5 | number(locale='fr') }}", locale="en") == "1,5"


def test_null_leaves_a_field_out_for_a_locale() -> None:
    content = saying(FIELDS, locales={"de": {"title": None}})

    assert say(content, traits={"locale": "de"}) == {"text": "Hello 19,90\xa0€"}


ZONES = {
    "the customer's": ({"timezone": "Asia/Tokyo"}, "UTC", "7:13 AM"),
    "the project's": ({}, "Europe/Berlin", "11:13 PM"),
    "the project's, for one that there is not": ({"timezone": "Berlin"}, "Europe/Berlin", "11:13 PM"),
    "the project's, for a number": ({"timezone": 2}, "Europe/Berlin", "11:13 PM"),
}


@pytest.mark.parametrize(("traits", "default", "time"), ZONES.values(), ids=ZONES.keys())
def test_the_time_zone(traits: dict[str, Any], default: str, time: str) -> None:
    content = saying({"text": "{{ event.timestamp | time }}"})

    assert say(content, traits=traits, policy=Policy(timezone=default))["text"].replace("\u202f", " ") == time


def test_a_birthday_is_the_same_day_everywhere() -> None:
    template = "{{ customer.traits.birthday | date('iso') }}"

    for zone in ("America/Los_Angeles", "Pacific/Auckland"):
        assert text(template, timezone=zone, birthday="1990-03-05") == "1990-03-05"


FORMS = {
    "{{ event.timestamp | date('iso') }}": "2023-11-14",
    "{{ event.timestamp | time('iso') }}": "22:13",
    "{{ event.timestamp | datetime('iso') }}": "2023-11-14T22:13:20+00:00",
    "{{ event.timestamp | date('EEEE') }}": "Tuesday",
    "{{ event.timestamp | datetime(skeleton='yMMMEd') }}": "Tue, Nov 14, 2023",
    "{{ 0.125 | money('EUR') }}": "€0.13",
    "{{ 1 | money('KWD') }}": "KWD1.000",
    "{{ '12.50' | number }}": "12.5",
    "{{ 1e22 | number }}": "10,000,000,000,000,000,000,000",
}


@pytest.mark.parametrize(("template", "result"), FORMS.items(), ids=FORMS.keys())
def test_forms(template: str, result: str) -> None:
    assert text(template) == result


NOT_FORMATTED = {
    "{{ true | money('EUR') }}": "money needs a number, not 'True'",
    "{{ [1] | number }}": "number needs a number, not '[1]'",
    "{{ '1e999' | percent }}": "percent needs a number of at most 30 digits",
    "{{ 'nan' | number }}": "number needs a number, not 'nan'",
    "{{ 1 | money(event.name) }}": "'Product Added' is no currency: write its code, such as EUR",
    "{{ '2026-02-30' | date }}": "'2026-02-30' is no day: it is written as 2026-01-31",
    "{{ 'soon' | date }}": "'soon' is no moment: it is written as 2026-01-31T09:30:00Z",
    "{{ '2026-01-31' | time }}": "'2026-01-31' has no time of day",
    "{% set f = 'HH:mm' %}{{ '2026-01-31' | date(f) }}": "'HH:mm' asks for a time of day: use the filter datetime",
    "{{ '9999-12-31T23:59:59Z' | date(timezone='Asia/Tokyo') }}": None,
}


@pytest.mark.parametrize(("template", "reason"), NOT_FORMATTED.items(), ids=NOT_FORMATTED.keys())
def test_what_cannot_be_formatted(template: str, reason: str | None) -> None:
    with pytest.raises(ContentError) as caught:
        text(template)
    assert reason is None or str(caught.value) == f"text: {reason}"


WRONG_FORMS = {
    "{{ event.timestamp | date('Europe/Berlin') }}": None,
    "{{ event.timestamp | date('%d.%m.%Y') }}": None,
    "{{ event.timestamp | date('lonng') }}": (
        "'lonng' is no form: write short, medium, long, full, iso, or a pattern such as 'd MMMM y'; "
        "a time zone goes into timezone='Europe/Berlin'"
    ),
    "{{ event.timestamp | datetime('mediun') }}": None,
    "{{ event.timestamp | time('shrt') }}": None,
    "{{ event.timestamp | date('foo') }}": None,
    "{{ event.timestamp | date('g') }}": None,
    '{{ event.timestamp | date("d \'of") }}': None,
    "{{ event.timestamp | date('HH:mm') }}": "'HH:mm' asks for a time of day: use the filter datetime",
    "{{ event.timestamp | time('d MMMM') }}": "'d MMMM' asks for a day: use the filter datetime",
    "{{ event.timestamp | date(skeleton='qqq') }}": (
        "'qqq' is no skeleton of a date: write for example MMMMd, yMMMM or EEEEMMMd"
    ),
    "{{ event.timestamp | time(timezone='Europe/Berln') }}": (
        "'Europe/Berln' is no time zone: did you mean 'Europe/Berlin'?"
    ),
    "{{ 1 | number(locale='dex-AT') }}": None,
    "{{ 1 | number(11) }}": "the decimals must be a whole number from 0 to 10",
    "{{ 1 | money('EUR', 'de') }}": None,
}


@pytest.mark.parametrize(("template", "message"), WRONG_FORMS.items(), ids=WRONG_FORMS.keys())
def test_what_is_wrong_with_a_form_before_there_is_a_customer(template: str, message: str | None) -> None:
    found = problem({"text": template})

    assert found[:2] == (("text",), 1)
    assert message is None or found[2] == message


JOURNEY = "journey: a\nentry: {on: X}\nsteps:\n  - act: hi\n---\n"
ACTION = "action: hi\nchannel: sms\npurpose: service\ncontent: {text: Hello}\n"

WRONG = {
    "locales: {dee: {text: a}}": "'dee' is no locale: did you mean 'de'?",
    "locales: {de-AT: {text: a}, de_at: {text: b}}": "'de_at' is the locale 'de-AT', which is here already",
    "locales: {de: {txt: a}}": "the channel has no field 'txt': did you mean 'text'?",
    "locales: {de: {text: null}}": "'text' is needed, and cannot be left out",
    'locales: {de: {text: "{{ evnt }}"}}': "the name 'evnt' is unknown: did you mean 'event'?",
    "fallback: {content: {}, replaces: all}": "the content needs 'text'",
    "fallback: {content: {txt: a}}": "the channel has no field 'txt': did you mean 'text'?",
    "fallback: {content: {text: a}, replaces: some}": "'replaces' must be field or all, not 'some'",
    "fallback: {content: {text: a}, locales: {de: {text: 5}}}": "'text' must be a text: put it in quotes",
}


@pytest.mark.parametrize(("rest", "message"), WRONG.items(), ids=WRONG.keys())
def test_what_is_wrong_with_an_action_has_its_line(rest: str, message: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        pack_of(JOURNEY + ACTION + rest)
    assert [(found.line, found.message) for found in caught.value.problems] == [(6, message)]


def test_a_wrong_locale_hides_nothing_else() -> None:
    wrong = 'content: {text: "{{ evnt }}"}\nlocales: {xx-YYYY: {txt: a}, de: {txt: b}}\nfallback:\n'
    action = f"action: hi\nchannel: sms\n{wrong}  content: {{text: a}}\n  locales: {{yyy: {{text: b}}}}\n"
    with pytest.raises(DefinitionError) as caught:
        pack_of(JOURNEY.replace("act: hi", "act: hii") + action)
    assert [found.message.split(":")[0] for found in caught.value.problems] == [
        "the name 'evnt' is unknown",
        "'xx-YYYY' is no locale",
        "the channel has no field 'txt'",
        "'yyy' is no locale",
        "the action 'hii' is unknown",
    ]


def test_a_wrong_channel_hides_no_wrong_locale() -> None:
    with pytest.raises(DefinitionError) as caught:
        pack_of(JOURNEY + "action: hi\nchannel: smss\ncontent: {text: a}\nlocales: {xx-YYYY: {text: a}}\n")
    assert [found.message.split(":")[0] for found in caught.value.problems] == [
        "the channel 'smss' is unknown",
        "'xx-YYYY' is no locale",
    ]


def test_locales_take_effect_in_a_journey() -> None:
    driver = JourneyTestDriver.of_text(JOURNEY + ACTION + "locales: {de: {text: Hallo}}\n---\nlocale: de\n")
    for user, traits in {"u1": {"locale": "en-GB"}, "u2": {"locale": "de-CH"}, "u3": {}}.items():
        driver.identify(user, {"phone": "1", **traits})
        driver.track(user, "X")

    # Who reads English gets what the project's locale has, for nothing says that the content is English.
    assert [action["content"]["text"] for action in driver.actions] == ["Hallo", "Hallo", "Hallo"]


def test_the_content_does_not_depend_on_who_was_before() -> None:
    content = saying({"text": "{{ event.properties.total | money('EUR') }}"})
    first = [say(content, EVENT, {"locale": name})["text"] for name in ("en", "de", "fr")]

    assert [say(content, EVENT, {"locale": name})["text"] for name in ("fr", "de", "en")] == first[::-1]
