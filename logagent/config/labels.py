"""Labels of hosts as people type them: `role=web`, and for a peer `web-1=role=web,zone=a`."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping

from logagent.config import values
from logagent.config.setting import Setting

NAME = r"[A-Za-z_][A-Za-z0-9_./-]{0,62}"
"""A label's name, as a pattern; `core.wire.labels`, which settings do not know, has the same, as a test holds."""
VALUE = r"[A-Za-z0-9][A-Za-z0-9_.:/@+~-]{0,126}"
"""A label's value, likewise."""
MOST = 32
"""Labels of one host, likewise."""
MOST_CHARACTERS = 2048
"""Characters of all labels of a host together, likewise."""


def label(text: str) -> tuple[str, str]:
    """Read a label, such as `role=web`."""
    name, equals, value = text.partition("=")
    if not equals:
        raise ValueError("must be a name and a value, such as role=web")
    if not re.fullmatch(NAME, name, re.ASCII):
        raise ValueError(
            "must begin with a label's name: letters, digits and _ . / -, a letter or _ first, 63 characters at most"
        )
    if not re.fullmatch(VALUE, value, re.ASCII):
        rule = "letters, digits and _ . : / @ + ~ -, a letter or digit first, 127 characters at most"
        raise ValueError(f"must end with the value of {name}: {rule}")
    return name, value


def peer_label(text: str) -> tuple[str, dict[str, str]]:
    """Read the labels of a peer, such as `web-1=role=web,zone=a`."""
    peer, equals, labels = text.partition("=")
    if not equals or "=" not in labels:
        raise ValueError("must be a peer and its labels, such as web-1=role=web,zone=a")
    return values.host_name(peer), labels_of(map(label, labels.split(",")))


def labels_of(given: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return labels by name.

    Raises:
        ValueError: for a label that is given twice, and for more than a host may have.
    """
    labels: dict[str, str] = {}
    for name, value in given:
        if name in labels:
            raise ValueError(f"{name} is given twice; a label has one value")
        labels[name] = value
    characters = sum(len(f'"{name}={value}", ') for name, value in labels.items())
    if len(labels) > MOST or characters > MOST_CHARACTERS:
        raise ValueError(f"a host has {MOST} labels at most, of {MOST_CHARACTERS} characters together")
    return labels


def labels_of_peers(
    given: Iterable[tuple[str, Mapping[str, str]]], peers: Collection[str]
) -> dict[str, dict[str, str]]:
    """Return labels by peer.

    Args:
        given: a peer's name, and labels of it.
        peers: the names that there are.

    Raises:
        ValueError: for another name, a label that is given twice, and for more than a host may have.
    """
    labelled: dict[str, dict[str, str]] = {}
    for peer, labels in given:
        if peer not in peers:
            known = f"peers are {', '.join(sorted(peers))}" if peers else "there are no peers"
            raise ValueError(f"{peer} is no peer; {known}")
        try:
            labelled[peer] = labels_of([*labelled.get(peer, {}).items(), *labels.items()])
        except ValueError as error:
            raise ValueError(f"{peer}: {error}") from None
    return labelled


OWN = Setting(
    "label",
    label,
    "a label of this host, by which questions choose it, as with `--host role=web`; in the file also a table "
    "[label] of name = value",
    "name=value",
    otherwise="none",
    repeatable=True,
)
"""The setting of the labels of this host."""
OF_PEERS = Setting(
    "peer_label",
    peer_label,
    "labels of a peer, which override those that it tells itself; in the environment `;` stands between peers, in "
    "the file is a table [peer_label] of peer = labels",
    "peer=name=value,name=value",
    otherwise="none",
    repeatable=True,
    between=";",
)
"""The setting of the labels that this host has for its peers."""
