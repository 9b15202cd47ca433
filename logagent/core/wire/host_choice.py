"""Which hosts a question means: names and globs, one of which must fit, and conditions on labels, which must all hold.

`web-*`, `role=web` and `zone!=a` together mean the hosts named web-* whose label `role` is `web` and whose label `zone`
is anything but `a`, or missing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import NamedTuple

from logagent.core.globs import is_glob
from logagent.core.outcome import Failure, Status
from logagent.core.wire.hosts import chosen, listed, meant
from logagent.core.wire.labels import LABEL_NAME, NAME_RULE, HostLabels

_CONDITION = re.compile(f"({LABEL_NAME})(!?=)(.+)", re.ASCII | re.DOTALL)
_LONGEST_SHOWN = 80


class LabelCondition(NamedTuple):
    """A condition on one label of a host.

    Attributes:
        label: its name.
        value: or a glob of values.
        equals: whether the label must be there and its value fit; else it must not.
    """

    label: str
    value: str
    equals: bool = True

    def __str__(self) -> str:
        return f"{self.label}{'=' if self.equals else '!='}{self.value}"

    def holds(self, labels: HostLabels) -> bool | None:
        """Return whether it holds for a host; None if what is known of the host's labels does not say."""
        value = labels.values.get(self.label)
        if value is None:
            return not self.equals if labels.complete else None
        return _fits(value, self.value) is self.equals


class HostChoice(NamedTuple):
    """What a question says of the hosts that it means.

    Attributes:
        names: names or globs, one of which must fit; none: every name does.
        conditions: all of which must hold.
    """

    names: tuple[str, ...] = ()
    conditions: tuple[LabelCondition, ...] = ()

    def means_name(self, name: str) -> bool:
        """Return whether a host's name fits."""
        return not self.names or any(_fits(name, pattern) for pattern in self.names)

    def means(self, name: str, labels: HostLabels) -> bool | None:
        """Return whether a host is meant; None if what is known of its labels does not say."""
        if not self.means_name(name):
            return False
        held = [condition.holds(labels) for condition in self.conditions]
        return False if False in held else None if None in held else True


@lru_cache(256)
def choice_of(patterns: tuple[str, ...]) -> HostChoice:
    """Return what the values of `hostname` say.

    Raises:
        ValueError: for one that is neither a name, a glob nor a condition, saying what would be right.
    """
    names = tuple(pattern for pattern in patterns if not is_condition(pattern))
    return HostChoice(names, tuple(_condition(pattern) for pattern in patterns if is_condition(pattern)))


def selected(patterns: Sequence[str], name: str, labels: Mapping[str, str]) -> bool:
    """Return whether a host is among those that the values of `hostname` mean.

    Args:
        patterns: names, globs and conditions on labels, which can be read; none: every host is meant.
        name: of the host.
        labels: all that it has.
    """
    return choice_of(tuple(patterns)).means(name, HostLabels(labels)) is True


def is_condition(pattern: str) -> bool:
    """Return whether a value of `hostname` is about labels: no host's name has such signs."""
    return "=" in pattern or "!" in pattern.replace("[!", "")  # as in the glob web-[!0-9]


def _condition(pattern: str) -> LabelCondition:
    read = _CONDITION.fullmatch(pattern)
    shown = pattern[:_LONGEST_SHOWN]
    if read is not None:
        return LabelCondition(read[1], read[3], read[2] == "=")
    if re.fullmatch(f"{LABEL_NAME}!?=", pattern, re.ASCII):
        label = pattern.rstrip("!=")
        raise ValueError(f"{shown} names no value: {label}=* means hosts with the label, {label}!=* those without it")
    if "=" not in pattern:
        raise ValueError(f"{shown} is no host's name, since it has a !; a condition is spelled label!=value")
    raise ValueError(f"{shown} is no condition label=value or label!=value: a label's name has {NAME_RULE}")


def _fits(text: str, pattern: str) -> bool:
    return text == pattern or (is_glob(pattern) and fnmatchcase(text, pattern))


def candidates(choice: HostChoice, known: Mapping[str, HostLabels]) -> list[str]:
    """Return the hosts that may be meant, sorted: those that are, and those whose labels do not say.

    Args:
        choice: what is asked.
        known: the labels of all hosts that the caller may know of, by name.

    Raises:
        Failure: NOT_FOUND if no host is left, or a name or glob fits none, so that a misspelt one does not look like an
            empty answer.
    """
    named = chosen(choice.names, known)
    for condition in choice.conditions:
        if all(condition.holds(known[name]) is False for name in named):
            raise _none_with(choice, [condition], {name: known[name] for name in named})
    found = [name for name in named if choice.means(name, known[name]) is not False]
    if not found:
        raise _none_with(choice, choice.conditions, {})
    return found


def _none_with(choice: HostChoice, conditions: Sequence[LabelCondition], named: Mapping[str, HostLabels]) -> Failure:
    """Return the failure of conditions that hold for none of the hosts that fit by name."""
    among = f" named {' or '.join(choice.names)}" if choice.names else ""
    spelled = " and ".join(map(str, conditions))
    told = [_instead(condition, named.values()) for condition in conditions if named]
    return Failure(Status.NOT_FOUND, "; ".join([f"no host{among} with {spelled}", *told]))


def _instead(condition: LabelCondition, hosts: Iterable[HostLabels]) -> str:
    """Return what would be right in place of a condition that holds for none of these hosts."""
    each = [labels.values for labels in hosts]
    values = sorted({values[condition.label] for values in each if condition.label in values})
    if values:
        near = meant(condition.value, values) if condition.equals else ""
        return f"{near}known values of {condition.label} are {listed(values)}"
    labels = sorted({label for values in each for label in values})
    if not labels:
        return "none of these hosts has any label"
    return f"no such label is known; {meant(condition.label, labels)}known labels are {listed(labels)}"
