"""The command `access explain`: says which rule decides about somebody's questions about a file, and why."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from logagent.config import rule_words
from logagent.config.errors import ConfigError
from logagent.config.loading import load
from logagent.config.settings import Settings
from logagent.core.access.caller import Caller, Proof
from logagent.core.access.rules import Rule, Rules, What
from logagent.core.access.rulings import OF_FILES, FileNames, Ruling, almost, judged
from logagent.core.escapes import in_line
from logagent.core.units import SECOND
from logagent.terminal import address
from logagent.terminal.setup_arguments import AccessExplainArguments
from logagent.terminal.streams import Streams
from logagent.terminal.tables import table
from logagent.terminal.verdicts import FOUND, NOTHING

MOST_ALMOST = 5
"""Rules that are named because one thing more would make them allow a question."""

_HEADER = ("QUESTION", "ANSWER", "BY", "WHY")
_SPANS = (("w", 7 * 86_400), ("d", 86_400), ("h", 3600), ("m", 60), ("s", 1))


class JudgedPlace(Protocol):
    """One name of a file below one root; `FilePlace` says more."""

    @property
    def root(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def logs(self) -> tuple[str, ...]: ...
    @property
    def perhaps(self) -> tuple[str, ...]: ...
    @property
    def never_served(self) -> bool: ...
    @property
    def there(self) -> bool: ...


class KnownGroups(NamedTuple):
    """The groups that somebody is in, as far as this host knows.

    Attributes:
        told: whence that is known, or why it is not.
    """

    groups: frozenset[str]
    told: str = ""


class Places(Protocol):
    """Returns the places of a file, `here` or of another host; raises ValueError for a name that no file can have."""

    def __call__(self, settings: Settings, file: str, *, here: bool) -> Sequence[JudgedPlace]: ...


@dataclass(frozen=True, slots=True)
class OfHost:
    """What is known of this host, by those who may read its disk.

    Attributes:
        rules: makes the rules of its settings.
        places: returns the places of a file.
        groups: returns the groups of an identity, by its proof and its name.
    """

    rules: Callable[[Settings], Rules]
    places: Places
    groups: Callable[[Settings, Proof, str], KnownGroups]


def settings_of(config: str | None, environ: Mapping[str, str], hostname: str) -> tuple[Settings, str | None]:
    """Return the settings of this host's agent, and the file that they were read from.

    Args:
        config: the file; None: that of `LOGAGENT_CONFIG`, or the usual one if it is there.

    Raises:
        ConfigError: for settings that cannot be used.
    """
    usual = address.CONFIG if os.path.exists(address.CONFIG) else None  # noqa: PTH110 - as the address is looked for
    file = config or environ.get("LOGAGENT_CONFIG") or usual
    return load({}, environ, host=hostname, file=file), file


class _Asked(NamedTuple):
    caller: Caller
    host: str
    places: Sequence[JudgedPlace]
    whats: Sequence[What]


def explain(
    typed: AccessExplainArguments, environ: Mapping[str, str], streams: Streams, of_host: OfHost, hostname: str
) -> int:
    """Say which rule decides about somebody's questions about a file; return the exit code: whether all are allowed.

    Raises:
        ConfigError: for arguments or settings that cannot be used.
    """
    settings, file = settings_of(typed.config, environ, hostname)
    caller, known = _caller(typed, settings, of_host)
    try:
        whats = [What(rule_words.known(word, tuple(What))) for word in typed.what]
    except ValueError as error:
        raise ConfigError("--what", str(error)) from None
    host = typed.host or settings.name
    try:
        places = of_host.places(settings, typed.file, here=host == settings.name)
    except ValueError as error:
        raise ConfigError("FILE", str(error)) from None
    asked = _Asked(caller, host, places, whats)
    rules = of_host.rules(settings)
    streams.print("".join(f"{line}\n" for line in _heading(asked, settings, known)))
    if not rules:
        where = f"{file} has no [[rule]]" if file else "there is no file of settings"
        streams.print(f"no rules are in force, since {where}: whoever is served may read every file\n")
        return NOTHING if _is_never_served(places) else FOUND
    return _judge(asked, rules, streams)


def _caller(typed: AccessExplainArguments, settings: Settings, of_host: OfHost) -> tuple[Caller, str]:
    """Return whom the arguments name, and what is to be told of his groups."""
    text = typed.identity
    try:
        if text == rule_words.EVERYBODY or text.startswith("group:"):
            raise ValueError(f"{text} is nobody in particular; write an identity, such as token:alice")
        rule_words.who(text)
    except ValueError as error:
        raise ConfigError("IDENTITY", str(error)) from None
    proof, _, name = text.partition(":")
    known = KnownGroups(frozenset(typed.group)) if typed.group else of_host.groups(settings, Proof(proof), name)
    return Caller(Proof(proof), name, known.groups), f"; {known.told}" if known.told else ""


def _heading(asked: _Asked, settings: Settings, known: str) -> list[str]:
    groups = ", ".join(sorted(asked.caller.groups))
    lines = [f"who:   {asked.caller.identity}, {f'in {groups}' if groups else 'in no group'}{known}"]
    if asked.host == settings.name:
        lines.append(f"host:  {asked.host}")
    else:
        # A host that knows no other may share its rules with a fleet.
        known_here = not settings.peer or asked.host in settings.peer
        stranger = "" if known_here else f", which is neither {settings.name} nor one of its peers"
        by = f"by the rules of {settings.name}; {asked.host} applies its own, too"
        lines.append(f"host:  {asked.host}{stranger}, {by}")
    for place in asked.places:
        notes = [] if place.there else ["no such file here"]
        notes += [f"also judged as {', '.join(place.logs[1:])}"] if place.logs[1:] else []
        notes += [f"denied, but not allowed, with {' and '.join(place.perhaps)}"] if place.perhaps else []
        notes += ["never served, whoever asks: see never_serve"] if place.never_served else []
        lines.append("; ".join([f"file:  {_called(place)}", *notes]))
    return [in_line(line) for line in lines]


def _called(place: JudgedPlace | FileNames) -> str:
    return f"{place.root}:{place.name}" if place.root else place.name


def _is_never_served(places: Sequence[JudgedPlace]) -> bool:
    return any(place.never_served for place in places)


def _judge(asked: _Asked, rules: Rules, streams: Streams) -> int:
    files = [FileNames(place.root, place.name, place.logs, place.perhaps) for place in asked.places]
    found = [judged(rules, asked.caller, asked.host, what, files) for what in What]
    hidden = _is_never_served(asked.places)
    streams.print("\n" + table(_HEADER, [_row(one, hidden=hidden, several=len(files) > 1) for one in found]))
    if not rules.accepts(asked.caller, asked.host):
        streams.print(
            f"\n{in_line(asked.host)} gives {in_line(asked.caller.identity)} nothing at all: it refuses him\n"
        )
    wanted = [one for one in found if one.what in (asked.whats or (What.LOGS,))]
    for one in wanted:
        if not one.allowed and one.rule is None:
            near = [*almost(rules, asked.caller, asked.host, one)][:MOST_ALMOST]
            streams.print("".join(f"{rule.place} would allow {one.what}, but {in_line(why)}\n" for rule, why in near))
    denied = any(not one.allowed or (hidden and one.what in OF_FILES) for one in wanted)
    return NOTHING if denied else FOUND


def _row(one: Ruling, *, hidden: bool, several: bool) -> tuple[str, str, str, str]:
    if hidden and one.what in OF_FILES:
        return one.what, "denied", "never_serve", "such files are never served"
    answer = "allowed" if one.allowed else "denied"
    if one.allowed and one.back is not None:
        answer += f", {span(one.back)} back"
    why = "no rule allows it" if one.rule is None else in_words(one.rule)
    if one.needed is not one.what:
        why = f"as for {one.needed}: {why}"
    if several and one.name is not None:
        why += f" [{_called(one.name)}]"
    return one.what, answer, one.rule.place if one.rule else "-", why


def in_words(rule: Rule) -> str:
    """Return a rule in one line."""
    whom = ", ".join(rule.who) if rule.who and rule.who != ("*",) else "everybody"
    parts = [f"{'allows' if rule.allows else 'denies'} {whom}"]
    parts += [f"hosts {', '.join(rule.hosts)}"] if rule.hosts else []
    parts += [f"files {', '.join(glob.text for glob in rule.files)}"] if rule.files else []
    parts += [f"what {', '.join(what for what in What if what in rule.what)}"] if rule.what else []
    return "; ".join(parts)


def span(nanoseconds: int) -> str:
    """Spell a span in the largest unit that it is a multiple of."""
    seconds = nanoseconds // SECOND
    return next(f"{seconds // length}{unit}" for unit, length in _SPANS if seconds % length == 0)
