"""The caller for whom an agent asks another, as it stands in the header of the request.

The header is a dictionary of structured fields (RFC 9651): `who="token:alice", groups=("ops" "web"), chain=("web-1")`,
with `aliases` where there are any. A text that is not ASCII is a display string.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from urllib.parse import unquote_to_bytes

from logagent.core.access.caller import Caller, Proof

CALLER_HEADER = "log-caller"
"""The header of an agent's request to another: for whom it asks, and through whom. Agents of earlier versions do not
look at it."""
TAKES_HEADER = "log-takes"
"""The header of every response in which an agent says what it takes that agents of earlier versions do not."""
TAKES_CALLERS = "caller"
"""What stands in `TAKES_HEADER`: the agent looks at `CALLER_HEADER` where it has rules."""
MOST_BYTES = 6 * 1024
"""Bytes of the header at most: beside the longest path it fits into what agents take for the head of a request."""
LONGEST_TEXT = 1024
"""Characters of one name: those of identity providers have hundreds."""

_KEYS = ("who", "aliases", "groups", "chain")
_STRING = r'"(?:[ !#-\[\]-~]|\\["\\])*+"'
_DISPLAY = r'%"(?:[ !#$&-~]|%[0-9a-f]{2})*+"'
_TEXT = rf"(?:{_STRING}|{_DISPLAY})"
_MEMBER = rf"([a-z]{{1,20}})=({_TEXT}|\( *+(?:{_TEXT}(?: ++{_TEXT})*+)?+ *+\))"


class BadCaller(ValueError):
    """A header does not say properly for whom an agent asks."""


class CannotTell(ValueError):
    """Another agent cannot be told of a caller."""


def to_header(caller: Caller) -> str:
    """Return the value of the header that tells another agent of a caller.

    Args:
        caller: with a chain, whose last name is that of the agent that asks.

    Raises:
        CannotTell: if it would have more than `MOST_BYTES`, as with hundreds of groups, or one of its texts is no name.
    """
    lists = {"aliases": sorted(caller.aliases), "groups": sorted(caller.groups), "chain": caller.chain}
    members = [f"{key}={_spelled_list(texts)}" for key, texts in lists.items() if texts]
    value = ", ".join([f"who={_spelled(caller.identity)}", *members])
    if len(value) > MOST_BYTES:
        raise CannotTell(f"with {len(caller.groups)} groups he takes {len(value)} bytes, and {MOST_BYTES} is most")
    return value


def from_header(value: str) -> Caller:
    """Read the value of the header that tells of a caller.

    Raises:
        BadCaller: if it is none.
    """
    given = _read(value)
    if len(given.get("who", ())) != 1 or not given.get("chain"):
        raise BadCaller("it lacks who, or chain")
    word, colon, name = given["who"][0].partition(":")
    aliases, groups = given.get("aliases", ()), given.get("groups", ())
    if word not in tuple(Proof):
        raise BadCaller("who is no identity")
    proof = Proof(word)
    if proof is Proof.ANONYMOUS and (colon or aliases or groups):
        raise BadCaller("who is anonymous has no name and no groups")
    if proof is not Proof.ANONYMOUS and not name:
        raise BadCaller("who has no name")
    return Caller(proof, name, frozenset(groups), chain=tuple(given["chain"]), aliases=frozenset(aliases))


def _spelled_list(texts: Iterable[str]) -> str:
    return f"({' '.join(map(_spelled, texts))})"


def _spelled(text: str) -> str:
    if not _is_name(text):
        raise CannotTell("a name of his cannot be printed, or is too long")
    if text.isascii():
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    shown = (chr(byte) if 0x20 <= byte < 0x7F and chr(byte) not in '%"' else f"%{byte:02x}" for byte in text.encode())
    return f'%"{"".join(shown)}"'


def _read(value: str) -> Mapping[str, Sequence[str]]:
    if len(value) > MOST_BYTES:
        raise BadCaller(f"it is longer than {MOST_BYTES} bytes")
    given = dict[str, list[str]]()
    for key, member in _members(value):
        if key in given or key not in _KEYS:
            raise BadCaller(f"{key} {'stands twice' if key in given else 'is not known'}")
        if member.startswith("(") is (key == "who"):
            raise BadCaller(f"{key} is no {'text' if key == 'who' else 'list'}")
        given[key] = [_text(spelled) for spelled in re.findall(_TEXT, member)]
    return given


def _members(value: str) -> Iterator[tuple[str, str]]:
    at, pattern = 0, re.compile(_MEMBER)
    while True:
        member = pattern.match(value, at)
        if member is None:
            raise BadCaller("it is no dictionary of structured fields")
        yield member[1], member[2]
        if member.end() == len(value):
            return
        between = re.compile(r"[ \t]*,[ \t]*").match(value, member.end())
        if between is None:
            raise BadCaller("it is no dictionary of structured fields")
        at = between.end()


def _text(spelled: str) -> str:
    try:
        inner = spelled.lstrip("%")[1:-1]
        plain = re.sub(r"\\(.)", r"\1", inner)
        text = unquote_to_bytes(inner).decode() if spelled.startswith("%") else plain
    except UnicodeDecodeError:
        raise BadCaller("a text in it is no UTF-8") from None
    if not _is_name(text):
        raise BadCaller("a text in it is no name")
    return text


def _is_name(text: str) -> bool:
    return 0 < len(text) <= LONGEST_TEXT and text.isprintable()
