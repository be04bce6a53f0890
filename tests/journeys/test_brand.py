"""What authors may not leave out, and what is wrong with blocks, partners and surveys before a customer meets them."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.errors import DefinitionError
from orchestrator.journeys.load import load
from orchestrator.journeys.pack import Pack
from orchestrator.testing.texts import pack_of

FOOTED = """
channels:
  mail: {{address: id, consent: none, content: {{html: {{type: html}}, text: {{required: false}}}}}}
---
locked:
  legal: {{in: {{mail: [html]}}}}
---
partial: legal
Holt &amp; Harrow
---
partial: footer
<hr>{{% include "legal" %}}
---
action: mail
channel: mail
content:
  html: |
    {html}
---
journey: a
entry: {{on: Page Viewed}}
steps: [act: mail]
"""

LACKS = "'html' lacks 'legal', which brand.yaml locks"


def problems(text: str) -> list[str]:
    """What is wrong with definitions, without where."""
    try:
        pack_of(text)
    except DefinitionError as error:
        return [problem.message for problem in error.problems]
    return []


@pytest.mark.parametrize(
    "html",
    [
        'Hello {% include "legal" %}',
        'Hello {% include "footer" %}',
        'Hello {% if customer.known %}{% include "legal" %}{% else %}{% include "footer" %}{% endif %}',
        'Hello <!-- no more --> {% include "legal" %}',
    ],
)
def test_a_message_with_the_locked_partial_is_right(html: str) -> None:
    assert problems(FOOTED.format(html=html)) == []


@pytest.mark.parametrize(
    "html",
    [
        "Hello",
        'Hello {% if customer.known %}{% include "legal" %}{% endif %}',
        'Hello {% for a in range(0) %}{% include "legal" %}{% endfor %}',
        'Hello <!-- {% include "legal" %} -->',
        'Hello {% macro foot() %}{% include "legal" %}{% endmacro %}',
    ],
)
def test_a_message_that_may_lack_it_is_refused(html: str) -> None:
    (problem,) = problems(FOOTED.format(html=html))
    assert problem.startswith(LACKS)


def test_the_sentence_says_what_to_write() -> None:
    (problem,) = problems(FOOTED.format(html="Hello"))
    assert problem.endswith('{% include "legal" %} must stand in it, outside of any if, loop or comment')


def test_what_a_locale_says_instead_needs_it_too() -> None:
    text = FOOTED.format(html='{% include "legal" %}').replace(
        "---\njourney: a", "locales: {de: {html: Hallo}}\nfallback: {content: {html: Hello}}\n---\njourney: a"
    )
    assert [problem[: len(LACKS)] for problem in problems(text)] == [LACKS, LACKS]


def test_only_messages_of_its_purposes_need_it() -> None:
    text = FOOTED.format(html="Hello").replace("in: {mail: [html]}", "in: {mail: html}, purpose: marketing")
    assert problems(text.replace("journey: a", "journey: a\npurpose: service")) == []
    assert len(problems(text)) == 1


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("legal: {in: {mail", "leagl: {in: {mail", "the partial 'leagl' is unknown: did you mean 'legal'?"),
        ("in: {mail: [html]}", "in: {male: [html]}", "the channel 'male' is unknown: did you mean 'mail'?"),
        ("in: {mail: [html]}", "in: {mail: [htm]}", "the channel 'mail' has no field 'htm': did you mean 'html'?"),
        (
            "Holt &amp; Harrow",
            "{{ edit.name | default('') }}",
            "the partial 'legal' is locked, and reads 'edit': what others write would change it",
        ),
    ],
)
def test_what_is_wrong_with_the_brand_itself(old: str, new: str, problem: str) -> None:
    assert problem in problems(FOOTED.format(html='{% include "legal" %}').replace(old, new))


ACTION = """
channels:
  mail: {{address: id, consent: none, content: {{text: {{}}}}}}
---
action: mail
channel: mail
editable: {{words: {block}}}
content: {{text: "{text}"}}
---
journey: a
entry: {{api: true}}
steps: [act: mail]
"""


@pytest.mark.parametrize(
    ("block", "problem"),
    [
        ("{default: Hi, max_length: 1}", "the default itself is not allowed: the block takes up to 1 characters"),
        ("{type: choice, default: a}", "a block of type choice needs 'one_of': what is allowed"),
        ("{type: image, default: a}", "a block of type image needs 'images': what is allowed"),
        ("{type: choice, one_of: [b], default: a}", "the default itself is not allowed: the block takes one of b"),
        ("{default: a, one_of: [a]}", "'one_of' belongs to a block of type choice, not to a line"),
        ("{type: link, default: a}", "must begin with https://"),
        ("{type: link, default: 'https://a.example', hosts: ['https://a.example']}", "is no host"),
        ("{type: image, images: ['javascript:x'], default: 'javascript:x'}", "is no http, https, mailto or tel link"),
        ("{}", "'default' is missing"),
    ],
)
def test_what_is_wrong_with_a_block(block: str, problem: str) -> None:
    (found,) = problems(ACTION.format(block=block, text="{{ edit.words }}"))
    assert problem in found


def test_a_template_reads_blocks_that_there_are() -> None:
    (found,) = problems(ACTION.format(block="{default: Hi}", text="{{ edit.words }} {{ edit.word }}"))
    assert found.startswith("the block 'word' is not in 'editable' of the action 'mail': did you mean 'words'?")


def test_a_block_that_nothing_reads_is_told() -> None:
    (found,) = problems(ACTION.format(block="{default: Hi}", text="Hello"))
    assert found == "no template reads the block 'words': write {{ edit.words }} where it is to be shown"


PARTNERS = ACTION.format(block="{default: Hi}", text="{{ edit.words }}")


@pytest.mark.parametrize(
    ("partner", "problem"),
    [
        ("{journeys: b}", "the journey 'b' is unknown: there are a, c"),
        ("{journeys: c}", "nobody can be put into the journey 'c': its entry has no 'api: true'"),
        ("{journeys: a, actions: male}", "the action 'male' is unknown: did you mean 'mail'?"),
        ("{journeys: a, daily_limit: 0}", "'daily_limit'"),
        ("{journeys: []}", "'journeys'"),
    ],
)
def test_what_is_wrong_with_a_partner(partner: str, problem: str) -> None:
    other = "journey: c\nentry: {on: Page Viewed}\nsteps: [act: mail]"
    (found,) = problems(f"{PARTNERS}\n---\n{other}\n---\npartners: {{p: {partner}}}")
    assert problem in found


def test_a_key_belongs_to_one_partner() -> None:
    partners = "partners:\n  p: {journeys: a, keys: k}\n  q: {journeys: a, keys: [k]}"
    assert problems(f"{PARTNERS}\n---\n{partners}") == ["the key 'k' is that of the partner 'p' already"]


def test_blocks_partners_and_surveys_travel_with_the_definitions() -> None:
    survey = "survey: {kind: nps, name: liked}\neditable"
    policy = "surveys: {link: https://shop.example.com/s}"
    text = PARTNERS.replace("editable", survey).replace("{{ edit.words }}", "{{ edit.words }} {{ survey.question }}")
    pack = pack_of(f"{text}\n---\npartners: {{p: {{journeys: a, daily_limit: 5}}}}\n---\n{policy}")
    assert Pack.from_json(pack.to_json()) == pack


def test_a_survey_needs_a_page_to_be_answered_on() -> None:
    (found,) = problems(PARTNERS.replace("editable", "survey: {kind: nps, name: liked}\neditable"))
    assert found.startswith("there is no page to answer the survey on: write into policy.yaml")


def test_a_template_asks_for_a_survey_that_there_is() -> None:
    (found,) = problems(PARTNERS.replace("{{ edit.words }}", "{{ edit.words }} {{ survey.question }}"))
    assert "the action has no 'survey'" in found


def test_what_stands_in_a_policy_that_is_wrong_elsewhere_is_not_said_to_be_missing(tmp_path: Path) -> None:
    (tmp_path / "actions").mkdir()
    (tmp_path / "actions" / "ask.yaml").write_text(
        "action: ask\nchannel: crm\nsurvey: {kind: nps, name: liked}\n"
        "content: {object: task, fields: {text: '{{ survey.question }} {{ recommend(2) | length }}'}}\n"
    )
    (tmp_path / "policy.yaml").write_text(
        "timezone: Atlantis\nsurveys: {link: https://shop.example.com/s}\nrecommendations: {}\n"
    )
    with pytest.raises(DefinitionError) as error:
        load(tmp_path)
    assert [problem.path.name for problem in error.value.problems] == ["policy.yaml"]
