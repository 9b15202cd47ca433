"""Which rule decides about a file, and why, told to the people who wrote the rules."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from logagent.core.access.caller import Caller
from logagent.core.access.decisions import Decision, Decisions
from logagent.core.access.rules import Rule, Rules, What, needed_for

OF_FILES = (What.LOGS, What.HITS, What.FILES, What.FOLLOW)
"""Kinds of questions about files; the others are about a host as a whole."""


class FileNames(NamedTuple):
    """One name of a file, as rules judge it.

    Attributes:
        root: the name of its root.
        name: of the file below it.
        logs: its name, and those of the logs that it is a generation of.
        perhaps: those of the logs that it may be a generation of.
    """

    root: str
    name: str
    logs: Sequence[str]
    perhaps: Sequence[str]


class Ruling(NamedTuple):
    """What rules say of one kind of question.

    Attributes:
        rule: the one that decides; None: none does, so that it is denied.
        needed: the permission that decides, of those that the question needs.
        name: the name by which it decides; None: about the host as a whole.
        back: nanoseconds that lines may be old; None: as old as they are.
    """

    what: What
    allowed: bool
    rule: Rule | None
    needed: What
    name: FileNames | None = None
    back: int | None = None


def judged(rules: Rules, caller: Caller, host: str, what: What, files: Sequence[FileNames]) -> Ruling:
    """Return what rules say of a caller's questions of a kind about a file: each name of it must be allowed.

    Args:
        rules: one at least.
        files: all names of the file, one at least.
    """
    if what not in OF_FILES:
        return _of_host(rules, caller, host, what)
    every = [_of_name(rules, caller, host, what, needed, file) for needed in needed_for(what) for file in files]
    denied = next((one for one in every if not one.allowed), None)
    back = min((one.back for one in every if one.back is not None), default=None)
    return denied or next((one for one in every if one.back == back), every[0])._replace(back=back)


def _of_name(rules: Rules, caller: Caller, host: str, what: What, needed: What, file: FileNames) -> Ruling:
    rule = next((one for one in rules.matching(caller, host, needed) if _is_about(one, file)), None)
    if rule is None or not rule.allows:
        return Ruling(what, False, rule, needed, file)
    return Ruling(what, True, rule, needed, file, rule.back)


def _of_host(rules: Rules, caller: Caller, host: str, what: What) -> Ruling:
    for rule in rules.matching(caller, host, what):
        if rule.allows or rule.is_about_all_files:
            return Ruling(what, rule.allows, rule, what)
    return Ruling(what, False, None, what)


def _is_about(rule: Rule, file: FileNames) -> bool:
    directory, _, own = file.name.rpartition("/")
    here = Decisions.of_root([Decision(rule.allows, rule.files)], file.root)
    for part in filter(None, directory.split("/")):
        here = here.below(part)
    owns, perhaps = ([name.rpartition("/")[2] for name in names] for names in (file.logs, file.perhaps))
    return here.first(owns or [own], perhaps) is not None


def almost(rules: Rules, caller: Caller, host: str, found: Ruling) -> Iterator[tuple[Rule, str]]:
    """Yield the rules that would allow a question but for one thing, and which one that is.

    Args:
        found: says that it is denied.
    """
    for rule in rules.rules:
        if rule.allows:
            wrong = [*_mismatches(rule, caller, host, found)]
            if len(wrong) == 1:
                yield rule, wrong[0]


def _mismatches(rule: Rule, caller: Caller, host: str, found: Ruling) -> Iterator[str]:
    if not rule.is_for(caller, host):
        if rule.is_for_caller(caller):
            yield f"is about {', '.join(rule.hosts)}"
        else:
            yield f"is for {', '.join(rule.who)}"
            if not rule.is_on(host):
                yield f"is about {', '.join(rule.hosts)}"
    if not rule.is_about(found.needed):
        yield f"is about {', '.join(what for what in What if what in rule.what)}"
    if found.name is not None and not _is_about(rule, found.name):
        yield f"is about {', '.join(glob.text for glob in rule.files)}"


def shadowing(rules: Sequence[Rule], number: int) -> Rule | None:
    """Return the rule before one that decides about all that the one is about, so that it never counts; None: none.

    Args:
        rules: in their order.
        number: the place of the one, from 0.
    """
    one = rules[number]
    return next((before for before in rules[:number] if _covers(before, one)), None)


def _covers(before: Rule, one: Rule) -> bool:
    """Return whether a rule is about all that another is about, as far as that can be told from their words."""
    wider = before.is_about_all_files or (bool(one.files) and set(one.files) <= set(before.files))
    return (
        ("*" in before.who or (bool(one.who) and set(one.who) <= set(before.who)))
        and (not before.hosts or "*" in before.hosts or (bool(one.hosts) and set(one.hosts) <= set(before.hosts)))
        and (not before.what or (bool(one.what) and one.what <= before.what))
        and wider
    )
