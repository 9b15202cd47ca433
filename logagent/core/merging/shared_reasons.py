"""The reasons why hosts failed, told once for all hosts that share one: a thousand hosts fail for a few reasons.

Two messages are the same reason if they differ only in what varies from host to host: numbers, addresses, words with
digits in them, and the host's own name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from logagent.core.outcome import MOST_CAUSES, MOST_OF_CAUSES, HostOutcome, Status, beginning, size_in_trailer

ALONE = 2
"""Hosts up to which each is told by itself, in its own words: to tell of them together would save nothing."""
NAMED = 3
"""Hosts that are named for a reason that more of them share: enough to look at, and to recognise a site or a rack."""

_WORD = r"([\w.:/@\[\]+%-]*[\w/\]])"
"""What varies as a whole: `12`, `0.25`, `10.0.0.7:8443`, `https://web-1:8443`, `web-1.example`."""
_NUMBER, _OTHER = "a number", "a name"


class SharedReason(NamedTuple):
    """Why some hosts ended as they did.

    Attributes:
        status: how they ended.
        reason: in words, with the range of each number that differs, and `...` for all else that does.
        hosts: their names, in the order in which they were given.
    """

    status: Status
    reason: str
    hosts: tuple[str, ...]


class _Word(NamedTuple):
    """A part of a message; `kind` is empty if it must be the same for hosts to share the reason."""

    kind: str
    text: str


def shared_reasons(parts: Iterable[HostOutcome]) -> list[SharedReason]:
    """Return the different reasons of some hosts, those of most hosts first.

    Args:
        parts: how the hosts ended; one that says nothing has its status for a reason.
    """
    alike: dict[tuple[Status, tuple[str, ...]], list[tuple[str, list[_Word]]]] = {}
    for part in parts:
        words = list(_words(part.message or part.status.name, part.host))
        key = part.status, tuple(word.kind or word.text for word in words)
        alike.setdefault(key, []).append((part.host, words))
    reasons = [
        SharedReason(status, _in_common([words for _, words in told]), tuple(host for host, _ in told))
        for (status, _), told in alike.items()
    ]
    return sorted(reasons, key=lambda reason: -len(reason.hosts))


def _words(message: str, host: str) -> Iterator[_Word]:
    for number, text in enumerate(re.split(_WORD, message)):
        is_word = number % 2 == 1
        if is_word and re.fullmatch(r"[0-9]+(\.[0-9]+)?", text):
            yield _Word(_NUMBER, text)
        elif is_word and (re.search("[0-9]|://", text) or text == host or text.startswith((f"{host}.", f"{host}:"))):
            yield _Word(_OTHER, text)
        elif text:
            yield _Word("", text)


def _in_common(messages: Sequence[Sequence[_Word]]) -> str:
    """Return messages that share a reason as one."""
    return "".join(map(_one_for, zip(*messages, strict=True)))


def _one_for(words: Sequence[_Word]) -> str:
    texts = {word.text for word in words}
    if len(texts) == 1:
        return words[0].text
    if words[0].kind == _NUMBER:
        return f"{min(texts, key=float)} to {max(texts, key=float)}"
    return "..."


def first_names(hosts: Sequence[str], more: int = 0) -> str:
    """Return the names of some hosts: of all if they are few, else of the first `NAMED`, and the number of the others.

    Args:
        hosts: their names.
        more: how many further hosts there are, whose names are not known.
    """
    named = hosts if not more and len(hosts) <= NAMED + 1 else hosts[:NAMED]
    more += len(hosts) - len(named)
    if more:
        return f"{', '.join(named)} and {more:,} more"
    return " and ".join(filter(None, [", ".join(named[:-1]), *named[-1:]]))


def told_together(failing: Sequence[HostOutcome], hosts: int, more: int = 0, *, room: int = MOST_OF_CAUSES) -> str:
    """Return one message for the failures of several hosts, which fits into a trailer.

    Args:
        failing: the hosts that failed, with their reasons.
        hosts: how many were asked in all.
        more: how many further hosts failed, whose names and reasons are not known.
        room: bytes of the message in a trailer.
    """
    message = f"{len(failing) + more:,} of {hosts:,} hosts failed: "
    left, separator = len(failing) + more, ""
    for reason in shared_reasons(failing)[:MOST_CAUSES]:
        told = f"{separator}{reason.reason} ({first_names(reason.hosts)})"
        rest = left - len(reason.hosts)
        left_over = room - size_in_trailer(message + _and_more(rest))
        if size_in_trailer(told) > left_over:
            if separator:
                break
            told = f"{beginning(told, left_over - len('...'))}..."
        message, left, separator = message + told, rest, "; "
    return message + _and_more(left)


def _and_more(hosts: int) -> str:
    return f"; and {hosts:,} more" if hosts else ""
