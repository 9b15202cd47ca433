"""Labels of hosts, such as `role=web`: their spelling, how two tellings of them add up, and the header that tells them.

An agent tells its labels in `log-labels`: a structured-field list (RFC 9651) of strings, `"role=web", "zone=a"`, or the
token `none`, which tells an agent without labels from one that is too old for them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

LABELS_HEADER = "log-labels"
"""The header of a response in which an agent tells its own labels, to whom it answers anything."""
NONE = "none"
"""What it holds where there are no labels."""
MOST_LABELS = 32
"""Labels of one host: people tell hosts apart by a handful."""
MOST_CHARACTERS = 2048
"""Characters of all labels of a host together: they stand in one header, of which servers take a few thousand bytes."""
LABEL_NAME = r"[A-Za-z_][A-Za-z0-9_./-]{0,62}"
"""A label's name, as a pattern; those of Prometheus and of Kubernetes are among them."""
LABEL_VALUE = r"[A-Za-z0-9][A-Za-z0-9_.:/@+~-]{0,126}"
"""A label's value, as a pattern: what needs no quoting in a URL, a shell, a glob or a header."""
NAME_RULE = "letters, digits and _ . / -, a letter or _ first, 63 characters at most"
"""How a label's name is spelled, for people."""
VALUE_RULE = "letters, digits and _ . : / @ + ~ -, a letter or digit first, 127 characters at most"
"""How a label's value is spelled, for people."""

_MEMBER = re.compile(f'"({LABEL_NAME})=({LABEL_VALUE})"', re.ASCII)


@dataclass(frozen=True, slots=True)
class HostLabels:
    """What is known of the labels of a host.

    Attributes:
        values: by the names of labels.
        complete: whether it has no others, since it has told its own; else further ones are not known.
    """

    values: Mapping[str, str] = field(default_factory=dict)
    complete: bool = True


UNTOLD = HostLabels(complete=False)
"""The labels of a host of which nothing is known."""


def check_label(name: str, value: str) -> None:
    """Check how a label is spelled.

    Raises:
        ValueError: if it is not spelled as a label, saying what would be right.
    """
    if not re.fullmatch(LABEL_NAME, name, re.ASCII):
        raise ValueError(f"{name[:80]!r} is no name of a label: {NAME_RULE}")
    if not re.fullmatch(LABEL_VALUE, value, re.ASCII):
        raise ValueError(f"{value[:80]!r} is no value of the label {name}: {VALUE_RULE}")


def check_amount(labels: Mapping[str, str]) -> None:
    """Check that a host has not more labels than fit.

    Raises:
        ValueError: if it has, saying how many there may be.
    """
    if len(labels) > MOST_LABELS:
        raise ValueError(f"{len(labels)} labels are too many: a host has {MOST_LABELS} at most")
    if (characters := len(labels_to_header(labels))) > MOST_CHARACTERS:
        raise ValueError(f"the labels take {characters} characters together, and may take {MOST_CHARACTERS}")


def added_up(listed: Mapping[str, str], told: Mapping[str, str] | None) -> HostLabels:
    """Return what is known of a host's labels.

    Args:
        listed: by whoever has listed the host here; each of them counts, whatever the host says.
        told: by the host itself; None: it has not told any yet.
    """
    return HostLabels({**(told or {}), **listed}, told is not None)


def spelled(labels: Mapping[str, str]) -> str:
    """Return labels as people read them, `role=web zone=a`, sorted by name."""
    return " ".join(f"{name}={value}" for name, value in sorted(labels.items()))


def labels_to_header(labels: Mapping[str, str]) -> str:
    """Return the value of the header that tells labels."""
    return ", ".join(f'"{name}={value}"' for name, value in sorted(labels.items())) or NONE


def labels_from_header(value: str) -> dict[str, str] | None:
    """Read the value of the header that tells labels; None if it is none, or tells more than a host may have."""
    if value.strip() == NONE:
        return {}
    if len(value) > MOST_CHARACTERS:
        return None
    found = [_MEMBER.fullmatch(member.strip()) for member in value.split(",")]
    return None if len(found) > MOST_LABELS else _unless_damaged(found)


def _unless_damaged(found: Iterable[re.Match[str] | None]) -> dict[str, str] | None:
    labels: dict[str, str] = {}
    for member in found:
        if member is None or member[1] in labels:
            return None
        labels[member[1]] = member[2]
    return labels
