"""A project's folder, read whole or not at all: every problem is found, each with its place."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

from pydantic import ValidationError

from orchestrator.errors import DefinitionError, Problem
from orchestrator.journeys.action import ActionDefinition
from orchestrator.journeys.audience import CUSTOMER_VARIABLES, EVENT_VARIABLES
from orchestrator.journeys.audience_checks import check_segments, check_traits
from orchestrator.journeys.brand import BrandDefinition, check_brand, check_locked
from orchestrator.journeys.capacities import check_capacities
from orchestrator.journeys.channel_checks import check_channel_policy, check_channels_of
from orchestrator.journeys.channel_policy import fixed_channels
from orchestrator.journeys.checks import check_action, check_journey
from orchestrator.journeys.contact_checks import check_contact_policy, purposes_of
from orchestrator.journeys.definition import ChannelDefinition, ChannelsDefinition, JourneyDefinition
from orchestrator.journeys.event_schemas import EVENTS, EventsDefinition, default_schemas, schemas_of
from orchestrator.journeys.expressions import ENTRY_VARIABLES
from orchestrator.journeys.finding import Finding
from orchestrator.journeys.model import Model
from orchestrator.journeys.outline import actions_of
from orchestrator.journeys.own_checks import check_blocks, check_survey
from orchestrator.journeys.pack import Pack
from orchestrator.journeys.partials import PARTIALS, PartialFiles
from orchestrator.journeys.partners import PartnersDefinition, check_partners
from orchestrator.journeys.path_checks import check_joins
from orchestrator.journeys.placements import PlacementsDefinition, check_placements
from orchestrator.journeys.policy import PolicyDefinition
from orchestrator.journeys.policy_checks import check_policy
from orchestrator.journeys.scopes import LEARNT, Scopes, computed_types
from orchestrator.journeys.segments import SegmentsDefinition
from orchestrator.journeys.sentences import MOST_PROBLEMS, readable, sentences
from orchestrator.journeys.size import MOST_BYTES, too_large
from orchestrator.journeys.source import LARGEST_FILE, Source, read_source
from orchestrator.journeys.step_checks import Named, check_experiments
from orchestrator.journeys.strays import stray, strays_in_tests
from orchestrator.journeys.suppression_lists import SuppressionFiles
from orchestrator.journeys.traits import TraitsDefinition
from orchestrator.journeys.treatments import PURPOSE
from orchestrator.journeys.type_checks import check_action_types, check_journey_types, check_types_in

JOURNEYS: Final = "journeys"
ACTIONS: Final = "actions"
CHANNELS: Final = "channels.yaml"
POLICY: Final = "policy.yaml"
TRAITS: Final = "traits.yaml"
SEGMENTS: Final = "segments.yaml"
PARTNERS: Final = "partners.yaml"
BRAND: Final = "brand.yaml"
PLACEMENTS: Final = "placements.yaml"
_DEFAULT_CHANNELS: Final = Path(__file__).with_name(CHANNELS)

M = TypeVar("M", bound=Model)


@dataclass(frozen=True, slots=True)
class Known:
    """What there is in a project: the names that may be used, and the types of what has some."""

    named: Named
    scopes: Scopes


Others = Callable[[Path, Known], Iterable[tuple[Path, list[Problem]]]]
"""Gives the files that it checked in a project's folder, each with what is wrong in it."""


def load(folder: Path) -> Pack:
    """The definitions of a project: ``journeys/*.yaml``, ``actions/*.yaml`` and what there is beside them.

    Raises:
        DefinitionError: with every problem of all files; then nothing is loaded.
    """
    project = _Project()
    project.read(folder)
    return project.pack()


def known_in(folder: Path) -> Known:
    """What there is in a project, by what names; whatever is wrong in it is for others to tell."""
    project = _Project()
    project.read(folder)
    return project.known()


def validate(path: Path, others: Others | None = None) -> tuple[Path, ...]:
    """Checks a project, a folder in it or one file, in the light of all the project; returns the files it checked.

    A file outside of any project is checked by itself. ``others`` checks what a project has besides definitions.

    Raises:
        DefinitionError: with every problem of those files.
    """
    wanted = path.absolute()
    root = _root(wanted)
    project = _Project()
    if root is None:
        project.read_alone(wanted)
    else:
        project.read(root)
    others_found = list(others(root, project.known())) if root is not None and others is not None else []

    def shown(found: Path) -> Path:
        return found if path.is_absolute() else Path(os.path.relpath(found))

    all_files = [*project.files, *(file for file, _ in others_found)]
    files = tuple(shown(file) for file in all_files if file.is_relative_to(wanted))
    problems = [
        Problem(shown(problem.path), problem.line, problem.message)
        for problem in [*project.problems(), *_besides(root, others_found)]
        if problem.path.is_relative_to(wanted)
    ]
    if not files and not problems:
        what = "is no definition" if path.exists() else "there is no such file"
        problems.append(Problem(path, 0, f"{what}: a project has {JOURNEYS}/*.yaml, {ACTIONS}/*.yaml and {CHANNELS}"))
    if problems:
        raise DefinitionError(problems)
    return files


def _besides(root: Path | None, others: Iterable[tuple[Path, list[Problem]]]) -> Iterator[Problem]:
    """What is wrong in a project besides its definitions."""
    if root is not None:
        yield from strays_in_tests(root)
    for _, found in others:
        yield from found


def _root(path: Path) -> Path | None:
    """The project that a path belongs to; None for a file outside of any."""
    for folder in (path, *path.parents):
        if (folder / JOURNEYS).is_dir() or (folder / ACTIONS).is_dir():
            return folder
    return None if path.is_file() else path


class _Definitions(Generic[M]):
    """All files of one kind, and what could be made of them."""

    def __init__(self, kind: str, model: type[M], name_of: Callable[[M], str]) -> None:
        self.sources: dict[str, Source] = {}
        self.models: dict[str, M] = {}
        self.names: set[str] = set()
        self._kind = kind
        self._model = model
        self._name_of = name_of

    def read(self, path: Path) -> Iterator[Problem]:
        """Reads one file. Its name counts as there even if the file is wrong, so that one mistake is one problem."""
        try:
            source = read_source(path)
        except DefinitionError as error:
            self.names.add(path.stem)
            yield from error.problems
            return
        self.names.add(str(source.value.get(self._kind, path.stem)))
        try:
            model = self._model.model_validate(source.value, by_alias=True, by_name=False)
        except ValidationError as error:
            for location, message in sentences(error, self._model):
                yield source.problem(location, message)
            return
        name, excess = self._name_of(model), too_large(model)
        if excess is not None:
            yield source.problem(excess.location, excess.message)
        elif name in self.sources:
            first = self.sources[name]
            message = f"the {self._kind} '{name}' is in {first.path}:{first.line((self._kind,))} already"
            yield source.problem((self._kind,), message)
        else:
            self.sources[name], self.models[name] = source, model

    def placed(self, name: str, findings: Iterable[Finding]) -> Iterator[Problem]:
        """The findings about one definition, with their places in its file."""
        return _placed(self.sources[name], findings)


class _Project:
    """What was read of a project so far."""

    def __init__(self) -> None:
        self.files: list[Path] = []
        self._size = 0
        self._problems: list[Problem] = []
        self._journeys = _Definitions("journey", JourneyDefinition, lambda journey: journey.journey)
        self._actions = _Definitions("action", ActionDefinition, lambda action: action.action)
        self._channels = default_channels()
        self._channel_names = set(self._channels)
        self._partials = PartialFiles()
        self._suppressed = SuppressionFiles()
        self._policy = PolicyDefinition()
        self._traits: TraitsDefinition | None = TraitsDefinition()
        self._segments: SegmentsDefinition | None = SegmentsDefinition(segments={})
        self._partners = PartnersDefinition(partners={})
        self._placements = PlacementsDefinition(placements={})
        self._brand = BrandDefinition(locked={})
        self._sources: dict[str, Source] = {}
        self._schemas = default_schemas()
        self._knows_actions = True
        self._knows_policy = True

    def read(self, folder: Path) -> None:
        """Reads all definitions of a project."""
        if not (folder / JOURNEYS).is_dir() and not (folder / ACTIONS).is_dir():
            what = "there is no such folder" if not folder.exists() else f"there is no folder '{JOURNEYS}' in it"
            self._problems.append(Problem(folder, 0, f"{what}: a project has {JOURNEYS}/*.yaml and {ACTIONS}/*.yaml"))
            return
        if _is_there(folder / CHANNELS):
            self._read_channels(folder / CHANNELS)
        if _is_there(folder / EVENTS):
            self._read_events(folder / EVENTS)
        self._read_singles(folder)
        if (folder / PARTIALS).is_dir():
            self._problems += self._partials.read(folder / PARTIALS)
            self.files += self._partials.files
        for path in self._definitions_in(folder / JOURNEYS):
            self._problems += self._journeys.read(path)
        for path in self._definitions_in(folder / ACTIONS):
            self._problems += self._actions.read(path)

    def _read_singles(self, folder: Path) -> None:
        """Reads the files of which a project has at most one."""
        if _is_there(folder / POLICY):
            policy = self._read_one(folder / POLICY, PolicyDefinition)
            self._policy, self._knows_policy = policy or self._policy, policy is not None
            self._read_suppressed(folder)
        if _is_there(folder / TRAITS):
            self._traits = self._read_one(folder / TRAITS, TraitsDefinition)
        if _is_there(folder / SEGMENTS):
            self._segments = self._read_one(folder / SEGMENTS, SegmentsDefinition)
        if _is_there(folder / PARTNERS):
            self._partners = self._read_one(folder / PARTNERS, PartnersDefinition) or self._partners
        if _is_there(folder / PLACEMENTS):
            read = self._read_one(folder / PLACEMENTS, PlacementsDefinition)
            self._placements = read or self._placements
        if _is_there(folder / BRAND):
            self._brand = self._read_one(folder / BRAND, BrandDefinition) or self._brand

    def _read_suppressed(self, folder: Path) -> None:
        """Reads the lists of those who are not to be contacted."""
        contact = self._policy.contact
        for wrong in self._suppressed.read(folder, contact.suppression) if contact is not None else ():
            if isinstance(wrong, Problem):
                self._problems.append(wrong)
            else:
                number, message = wrong
                self._problems.append(self._sources[POLICY].problem(("contact", "suppression", number), message))
        self.files += self._suppressed.files

    def read_alone(self, path: Path) -> None:
        """Reads one file that says itself what it is, without knowing what others there are."""
        self._knows_actions = False
        self.files.append(path)
        try:
            source = read_source(path)
        except DefinitionError as error:
            self._problems += error.problems
            return
        if "channels" in source.value:
            self._read_channels(path)
        elif "events" in source.value:
            self._read_events(path)
        elif "action" in source.value:
            self._problems += self._actions.read(path)
        else:
            self._problems += self._journeys.read(path)

    def problems(self) -> list[Problem]:
        """All problems, in the order of files and lines."""
        found = list(self._problems)
        scopes, users, named = self._scopes(), self._users(), self._named()
        for name, journey in self._journeys.models.items():
            found += self._journeys.placed(name, check_journey(journey, named))
            found += self._journeys.placed(name, check_journey_types(journey, scopes))
        for name, finding in [*check_joins(self._journeys.models), *check_experiments(self._journeys.models)]:
            found += self._journeys.placed(name, [finding])
        for name, action in self._actions.models.items():
            checked = check_action(action, self._channels, self._channel_names, self._partials.texts)
            found += self._actions.placed(name, (each for each in checked if each.partial not in self._partials.wrong))
            found += self._actions.placed(name, check_channels_of(action, self._policy.channel))
            found += self._typed(name, action, users.get(name, ()), scopes)
            found += self._actions.placed(name, self._branded(action, users.get(name, ())))
        if POLICY in self._sources and self._policy.channel is not None:
            found += _placed(self._sources[POLICY], check_channel_policy(self._policy.channel, self._channel_names))
        if POLICY in self._sources and self._policy.contact is not None:
            groups = {action.group for action in self._actions.models.values() if action.group is not None}
            contact, purposes = self._policy.contact, self._purposes()
            checked = check_contact_policy(contact, self._channel_names, self._actions.names, groups, purposes)
            found += _placed(self._sources[POLICY], checked)
        if POLICY in self._sources:
            found += _placed(self._sources[POLICY], check_policy(self._policy))
            found += _placed(self._sources[POLICY], check_types_in(self._policy, scopes, ENTRY_VARIABLES))
        if TRAITS in self._sources and self._traits is not None:
            found += _placed(self._sources[TRAITS], check_traits(self._traits))
            found += _placed(self._sources[TRAITS], check_types_in(self._traits, scopes, EVENT_VARIABLES))
        if SEGMENTS in self._sources and self._segments is not None:
            found += _placed(self._sources[SEGMENTS], check_segments(self._segments))
            found += _placed(
                self._sources[SEGMENTS],
                check_types_in(self._segments, replace(scopes, presence=None), CUSTOMER_VARIABLES),
            )
        if PARTNERS in self._sources:
            partners = check_partners(self._partners.partners, self._journeys.models, self._actions.names)
            found += _placed(self._sources[PARTNERS], partners)
        if PLACEMENTS in self._sources:
            found += self._check_placements(scopes)
        if BRAND in self._sources:
            found += _placed(self._sources[BRAND], check_brand(self._brand, self._partials.texts, self._channels))
        return sorted(set(found), key=lambda problem: (problem.path, problem.line, problem.message))

    def _check_placements(self, scopes: Scopes) -> Iterator[Problem]:
        definitions = self._placements
        checked = check_placements(
            definitions.placements,
            self._actions.models,
            self._actions.names,
            self._channel_names,
            fixed_channels(self._policy.channel),
        )
        yield from _placed(self._sources[PLACEMENTS], checked)
        yield from _placed(self._sources[PLACEMENTS], check_types_in(definitions, scopes, ENTRY_VARIABLES))

    def pack(self) -> Pack:
        """What was read. Raises DefinitionError if anything is wrong."""
        problems = self.problems()
        if problems:
            raise DefinitionError(problems)
        assert self._traits is not None
        assert self._segments is not None
        return Pack(
            self._journeys.models,
            self._actions.models,
            self._channels,
            self._policy,
            self._traits,
            self._segments.segments,
            self._partials.texts,
            self._partners.partners,
            placements=self._placements.placements,
            suppressed=self._suppressed.digests,
        )

    def known(self) -> Known:
        """What there is, by what names."""
        return Known(self._named(), self._scopes())

    def _named(self) -> Named:
        """The names that steps may use; of what is not looked at, or wrong, nothing is known."""
        if not self._knows_actions:
            return Named(None, None, None, None)
        segments = self._segments.segments if self._segments is not None else None
        given = self._traits.given if self._traits is not None else {}
        traits = {*given, *LEARNT} if given else None
        placements, purposes = self._placements.placements, self._purposes()
        return Named(self._actions.names, self._journeys.names, segments, traits, placements, purposes)

    def _typed(
        self, name: str, action: ActionDefinition, journeys: Iterable[JourneyDefinition], scopes: Scopes
    ) -> Iterator[Problem]:
        own: list[Finding] = []
        for finding in islice(check_action_types(action, journeys, scopes, self._partials.texts), MOST_PROBLEMS + 1):
            if finding.partial is None:
                own.append(finding)
            elif finding.partial not in self._partials.wrong:
                yield Problem(self._partials.path(finding.partial), finding.line, finding.message)
        yield from self._actions.placed(name, own)

    def _branded(self, action: ActionDefinition, journeys: Iterable[JourneyDefinition]) -> Iterator[Finding]:
        """What is locked in it, and what of it others may write; a survey needs a page to be answered on."""
        purposes = [action.purpose] if action.purpose else [journey.purpose for journey in journeys] or [PURPOSE]
        yield from check_locked(action, purposes, self._brand, self._partials.texts)
        yield from check_blocks(action, self._partials.texts)
        if self._knows_actions and self._knows_policy:
            yield from check_survey(action, self._actions.models, self._policy)

    def _purposes(self) -> set[str]:
        """Those that messages have, and those that mean something by themselves."""
        return purposes_of(self._actions.models.values(), self._journeys.models.values())

    def _users(self) -> dict[str, list[JourneyDefinition]]:
        """The journeys that use each action."""
        users: dict[str, list[JourneyDefinition]] = {}
        for journey in self._journeys.models.values():
            for action in sorted({action for _, action in actions_of(journey)}):
                users.setdefault(action, []).append(journey)
        return users

    def _scopes(self) -> Scopes:
        """What conditions may use; of a file that is wrong, or not looked at, nothing is known."""
        traits = self._traits if self._knows_actions else None
        return Scopes(
            self._schemas,
            given=traits.given or None if traits is not None else None,
            computed=computed_types(traits, self._schemas) if traits is not None else None,
            segments=tuple(self._segments.segments) if self._segments is not None and self._knows_actions else None,
            channels=tuple(sorted(self._channel_names)),
            presence=self._policy.channel is not None or not self._knows_policy,
            recommends=self._policy.recommendations is not None or not (self._knows_actions and self._knows_policy),
            surveys=self._surveys(),
        )

    def _surveys(self) -> tuple[str, ...] | None:
        """The names of all surveys; not known where an action is wrong or not looked at, or where none asks any."""
        actions = self._actions
        if not self._knows_actions or len(actions.models) < len(actions.names):
            return None
        asked = {action.survey.name for action in actions.models.values() if action.survey is not None}
        return tuple(sorted(asked)) or None

    def _definitions_in(self, folder: Path) -> Iterator[Path]:
        for path in sorted(folder.rglob("*")):
            if any(part.startswith(".") for part in path.relative_to(folder).parts):
                continue
            if path.suffix == ".yml":
                self._problems.append(Problem(path, 0, "is not read: name it .yaml"))
            elif path.suffix == ".yaml" and not path.is_dir():
                self.files.append(path)
                self._size += min(path.stat().st_size, LARGEST_FILE) if path.is_file() else 0
                if self._size > MOST_BYTES:
                    message = f"the files up to here have more than {MOST_BYTES // 1_000_000} MB: make several projects"
                    self._problems.append(Problem(path, 0, message))
                    return
                yield path
            else:
                sentence = stray(path)
                self._problems += [Problem(path, 0, sentence)] if sentence is not None else []

    def _read_one(self, path: Path, model: type[M]) -> M | None:
        """A file of which a project has at most one; None if it is wrong."""
        self.files.append(path)
        try:
            source = read_source(path)
        except DefinitionError as error:
            self._problems += error.problems
            return None
        self._sources[path.name] = source
        try:
            found = model.model_validate(source.value, by_alias=True, by_name=False)
        except ValidationError as error:
            self._problems += [source.problem(*each) for each in sentences(error, model)]
            return None
        excess = too_large(found)
        if excess is None:
            return found
        self._problems.append(source.problem(excess.location, excess.message))
        return None

    def _read_events(self, path: Path) -> None:
        """The package's schemas go on where the file is wrong, so that one mistake is one problem."""
        if path not in self.files:
            self.files.append(path)
        try:
            source = read_source(path)
        except DefinitionError as error:
            self._problems += error.problems
            return
        try:
            self._schemas = schemas_of(source.value)
        except ValidationError as error:
            self._problems += [source.problem(*found) for found in sentences(error, EventsDefinition)]

    def _read_channels(self, path: Path) -> None:
        if path not in self.files:
            self.files.append(path)
        try:
            source = read_source(path)
        except DefinitionError as error:
            self._problems += error.problems
            return
        merged = _merged(source.value)
        try:
            self._channels = dict(_channels(merged))
        except ValidationError as error:
            self._problems += [source.problem(*found) for found in sentences(error, ChannelsDefinition)]
            own = source.value.get("channels")
            wrong = set(own) if isinstance(own, dict) else set()
            self._channels = {name: channel for name, channel in self._channels.items() if name not in wrong}
            self._channel_names |= wrong
        else:
            self._channel_names = set(self._channels)
            found = check_capacities(self._channels, frozenset(self._channel_names))
            self._problems += _placed(source, found)


def _is_there(path: Path) -> bool:
    """A link that leads nowhere is there too: it was meant to be read."""
    return path.exists() or path.is_symlink()


def _placed(source: Source, findings: Iterable[Finding]) -> Iterator[Problem]:
    """The findings with their places; of very many, the first."""
    for number, finding in enumerate(findings):
        if number == MOST_PROBLEMS:
            yield Problem(source.path, 0, f"more is wrong here than these {MOST_PROBLEMS} things")
            return
        line = source.line(finding.location)
        if finding.line:
            line = source.line_in(finding.location, finding.line, finding.column)
        yield Problem(source.path, line, readable(finding.message))


@cache
def _defaults() -> dict[str, Any]:
    value: dict[str, Any] = read_source(_DEFAULT_CHANNELS).value["channels"]
    return value


def default_channels() -> dict[str, ChannelDefinition]:
    """The channels that come with the package."""
    return _channels({"channels": _defaults()})


def _channels(value: Any) -> dict[str, ChannelDefinition]:
    return ChannelsDefinition.model_validate(value, by_alias=True, by_name=False).channels


def _merged(value: dict[str, Any]) -> dict[str, Any]:
    """A project's channels over those of the package: a key that is given replaces the package's."""
    own = value.get("channels")
    if not isinstance(own, dict):
        return value
    changed = {
        name: {**_defaults()[name], **channel} if name in _defaults() and isinstance(channel, dict) else channel
        for name, channel in own.items()
    }
    return {**value, "channels": {**_defaults(), **changed}}
