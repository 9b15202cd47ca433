"""The verdict: an outcome as a client sees it, as trailers, encoder beside decoder; `end_records` has it in a body.

`log-hosts` is a structured-field list (RFC 9651) of strings with the parameters status, lines and message. `log-notes`
is one of inner lists, each of the names of some files, with the parameters kind, count and host. In messages and names,
all but printable ASCII is percent-encoded (RFC 3986), as in gRPC's `grpc-message`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import accumulate
from urllib.parse import unquote

from logagent.core.escapes import in_line
from logagent.core.notes import Note, brief
from logagent.core.outcome import HostOutcome, Outcome, Status, Untold
from logagent.core.wire.through import UNMATCHED_TRAILER, from_names, to_names

MAX_MESSAGE = 512
"""Bytes of an encoded message in a trailer: a sentence. Proxies and clients limit a header block to 8 KiB or more."""
MAX_HOSTS = 3072
"""Bytes of `log-hosts`: some forty failing hosts with their messages, which still fit into a header block."""
MAX_NOTES = 2048
"""Bytes of `log-notes`: the notes of some ten hosts, beside `log-hosts`."""

ROOM_BETWEEN_AGENTS = 8
"""How many times as many hosts and notes an agent takes that asked for the hosts behind another: some 24 and 16 KiB, of
the 64 KiB that a header block between agents may have."""

STAGES = frozenset({"open", "seek", "scan", "filter", "decompress", "merge"})
"""The stages of `server-timing` that are added up over hosts: what else a peer tells would only fill the trailer."""

TRAILERS = (
    "log-status",
    "log-message",
    "log-complete",
    "log-lines",
    "log-bytes-scanned",
    "log-cursor",
    "log-hosts",
    "log-hosts-omitted",
    "log-hosts-failed",
    "log-notes",
    "log-notes-omitted",
    "server-timing",
)


class BadVerdict(ValueError):
    """The trailers are not a verdict."""


class NoVerdict(BadVerdict):
    """There is no verdict among the trailers: the answer was cut, or something between took them out."""


def to_trailers(outcome: Outcome, *, between_agents: bool = False) -> list[tuple[str, str]]:
    """Return the trailers of an answer.

    `log-notes` is among them only if there are notes, `log-hosts-omitted`, with it `log-hosts-failed`, and
    `log-notes-omitted` only if hosts or notes were left out, here or by other agents.

    Args:
        outcome: how the answer ended.
        between_agents: whether an agent has asked, for all that is behind this one; it takes larger ones.
    """
    room = ROOM_BETWEEN_AGENTS if between_agents else 1
    parts, omitted = failing_first(outcome.hosts), outcome.omitted
    hosts, left_out = _members(map(_encode_part, parts), room * MAX_HOSTS)
    notes, left_out_notes = _members(map(_encode_note, outcome.notes), room * MAX_NOTES)
    if left_out_notes:
        notes, left_out_notes = _members(map(_encode_note, first_of_each_kind(outcome.notes)), room * MAX_NOTES)
    omitted_hosts = left_out + omitted.hosts
    failed = sum(part.fails for part in parts) + omitted.failing
    trailers = [
        ("log-status", str(int(outcome.status))),
        ("log-message", _bounded(in_line(outcome.message).strip())),  # HTTP strips spaces around a field's value
        ("log-complete", _truth(outcome.complete)),
        ("log-lines", str(outcome.lines)),
        ("log-bytes-scanned", str(outcome.bytes_scanned)),
        ("log-cursor", outcome.cursor),
        ("log-hosts", hosts),
        ("server-timing", ", ".join(f"{stage};dur={ns / 1e6:.3f}" for stage, ns in outcome.timings.items())),
    ]
    further = {"log-hosts-omitted": str(omitted_hosts), "log-hosts-failed": str(failed)} if omitted_hosts else {}
    further |= {"log-notes": notes} if notes else {}
    further |= {"log-notes-omitted": str(left_out_notes + omitted.notes)} if left_out_notes + omitted.notes else {}
    further |= {UNMATCHED_TRAILER: to_names(outcome.unmatched)} if between_agents and outcome.unmatched else {}
    return trailers + list(further.items())


def from_trailers(trailers: Mapping[str, str]) -> Outcome:
    """Read the outcome of an answer from its trailers.

    Args:
        trailers: their values by their names in lower case; names that are not in `TRAILERS` are ignored.

    Raises:
        NoVerdict: when they lack a status.
        BadVerdict: when they hold a wrong value, or say that an answer is complete and is not.
    """
    try:
        outcome = Outcome(
            Status(_number(trailers["log-status"])),
            unquote(trailers.get("log-message", "")),
            _number(trailers.get("log-lines", "0")),
            _number(trailers.get("log-bytes-scanned", "0")),
            _decode_hosts(trailers.get("log-hosts", "")),
            _decode_timings(trailers.get("server-timing", "")),
            trailers.get("log-cursor", ""),
            _decode_notes(trailers.get("log-notes", "")),
        )
        unmatched = from_names(trailers.get(UNMATCHED_TRAILER, ""))
        outcome = replace(outcome, omitted=_decode_omitted(trailers, outcome.hosts), unmatched=unmatched)
    except KeyError:
        raise NoVerdict("there is no log-status") from None
    except ValueError as error:
        raise BadVerdict(str(error)) from None
    complete = trailers.get("log-complete", _truth(outcome.complete))
    if complete != _truth(outcome.complete):
        raise BadVerdict(f"log-status: {int(outcome.status)} with log-complete: {complete[:40]}")
    return outcome


def _decode_omitted(trailers: Mapping[str, str], parts: Iterable[HostOutcome]) -> Untold:
    """Read what was left out; an agent that does not tell how many hosts failed in all has named those that did."""
    listed = sum(part.fails for part in parts)
    hosts = _number(trailers.get("log-hosts-omitted", "0"))
    failed = _number(trailers.get("log-hosts-failed", "0"))
    return Untold(hosts, min(max(failed - listed, 0), hosts), _number(trailers.get("log-notes-omitted", "0")))


def _truth(value: bool) -> str:
    return "true" if value else "false"


def failing_first(parts: tuple[HostOutcome, ...]) -> list[HostOutcome]:
    """Sort parts: failures, then hosts without the log (NOT_FOUND), then the others; by name within each group."""
    return sorted(parts, key=lambda part: (not part.fails, not part.status, part.host))


def first_of_each_kind(notes: Iterable[Note]) -> list[Note]:
    """Sort notes: the first of each kind, then the others, so that no kind is left out for want of room."""
    told: set[str] = set()
    firsts, others = list[Note](), list[Note]()
    for note in notes:
        (others if note.kind in told else firsts).append(note)
        told.add(note.kind)
    return [*firsts, *others]


def _members(encoded: Iterable[str], room: int) -> tuple[str, int]:
    """Return the list of the first members, as many as there is room for, and the number of the others."""
    members: list[str] = []
    all_members = list(encoded)
    for member in all_members:
        room -= len(member) + 2
        if room < 0:
            break
        members.append(member)
    return ", ".join(members), len(all_members) - len(members)


def _encode_part(part: HostOutcome) -> str:
    member = f"{_quoted(_percent(part.host))};status={int(part.status)};lines={part.lines}"
    return member + (f";message={_quoted(_bounded(in_line(part.message)))}" if part.message else "")


def _encode_note(note: Note) -> str:
    files = " ".join(_quoted(_percent(brief(name))) for name in note.files)
    return f"({files});kind={_quoted(_percent(note.kind))};count={note.count};host={_quoted(_percent(note.host))}"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _percent(text: str) -> str:
    return "".join(chr(byte) if 0x20 <= byte < 0x7F and byte != 0x25 else f"%{byte:02X}" for byte in _utf8(text))


def _bounded(message: str) -> str:
    """Percent-encode a message, and cut it between characters to at most `MAX_MESSAGE` bytes."""
    pieces = list(map(_percent, message))
    if sum(map(len, pieces)) <= MAX_MESSAGE:  # also what was cut before, which the next agent is not to cut again
        return "".join(pieces)
    sizes = accumulate(map(len, pieces))
    return "".join(piece for piece, size in zip(pieces, sizes, strict=True) if size <= MAX_MESSAGE - 3) + "..."


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "replace")


_MEMBER = (
    r'\s*"(?P<host>(?:[^"\\]|\\.)*)"'
    r'(?P<parameters>(?:;[a-z]+=(?:"(?:[^"\\]|\\.)*"|[0-9]+))*)\s*(?:,|$)'
)
_NOTE = (
    r"\s*\((?P<files>(?: *\"(?:[^\"\\]|\\.)*\")*)\)"
    r'(?P<parameters>(?:;[a-z]+=(?:"(?:[^"\\]|\\.)*"|[0-9]+))*)\s*(?:,|$)'
)
_STRING = r'"((?:[^"\\]|\\.)*)"'
_PARAMETER = r';([a-z]+)=(?:"((?:[^"\\]|\\.)*)"|([0-9]+))'


def _decode_hosts(text: str) -> tuple[HostOutcome, ...]:
    members = _each_member(text, _MEMBER, "log-hosts is not a list of hosts")
    return tuple(_decode_part(member["host"], _values(member["parameters"])) for member in members)


def _decode_notes(text: str) -> tuple[Note, ...]:
    members = _each_member(text, _NOTE, "log-notes is not a list of notes")
    return tuple(_decode_note(member["files"], _values(member["parameters"])) for member in members)


def _each_member(text: str, pattern: str, wrong: str) -> Iterator[re.Match[str]]:
    at, compiled = 0, re.compile(pattern)
    while at < len(text):
        member = compiled.match(text, at)
        if member is None:
            raise BadVerdict(f"{wrong}: {text[at : at + 40]!r}")
        yield member
        at = member.end()


def _values(parameters: str) -> dict[str, str]:
    return {name: number or unquote(_unquoted(text)) for name, text, number in re.findall(_PARAMETER, parameters)}


def _decode_note(files: str, values: Mapping[str, str]) -> Note:
    names = tuple(unquote(_unquoted(name)) for name in re.findall(_STRING, files))
    return Note(values.get("kind", ""), names, _number(values.get("count", "")), values.get("host", ""))


def _decode_part(host: str, values: Mapping[str, str]) -> HostOutcome:
    return HostOutcome(
        unquote(_unquoted(host)),
        Status(_number(values.get("status", "0"))),
        values.get("message", ""),
        _number(values.get("lines", "0")),
    )


def _number(digits: str) -> int:
    if not re.fullmatch(r"[0-9]{1,19}", digits):
        raise BadVerdict(f"not a number: {digits[:40]!r}")
    return int(digits)


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


_STAGE = r"([A-Za-z_-]{1,32});dur=([0-9]{1,12}(?:\.[0-9]{1,9})?)(?=\s*(?:,|$))"


def _decode_timings(text: str) -> dict[str, int]:
    return {stage: round(float(ms) * 1e6) for stage, ms in re.findall(_STAGE, text) if stage in STAGES}
