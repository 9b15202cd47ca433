"""Time fields of structured lines: where in a JSON object or a logfmt line its time stands.

A line that begins with `{"` is a JSON object, one that begins with `name=` is logfmt. A field counts that has the name
of a time (`time`, `ts` and the like) and the value of a time, whatever times are in other fields. Of a JSON object
only its own members count, not those of objects within: names such as `timestamp` before `time` and `ts`, these before
`date`, and of several the earliest. In logfmt the earliest field counts. It is looked for in the first `HEAD` bytes,
and in the last `TAIL` bytes of a JSON object, where Docker writes it.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator, Sequence

from logagent.core.times.formats import EPOCH_FRACTION, EPOCH_SECONDS

HEAD = 4096
"""Bytes from a line's beginning in which a time field is looked for: some programs write it behind the message."""
TAIL = 1024
"""Bytes up to a line's end in which a time field is looked for: more than Docker, and Kubernetes' audit log, write
behind the longest part."""
LONGEST = 64 * 1024
"""Bytes of the longest line whose tail is looked at: Docker cuts lines at 16 KiB, before it escapes them."""
_BEST = b'tamp"'
"""The end of the names that go before all others; a line without it has none of them."""
_LONGEST_BEST = 20
"""Bytes of the longest of them. `requestReceivedTimestamp` is longer: Kubernetes writes an event when a stage ends."""
_FIRST_NAMES = (
    rb"(?:t(?:ime(?:[Ss]tamp|Millis|_local|_iso8601|UnixNano)?|s)?|@t(?:imestamp|s)?|T(?:ime(?:[Ss]tamp)?|IME(?:STAMP)?|S)?"
    rb"|[Dd]ate_?[Tt]ime|DATE_?TIME|asctime|[Ee]vent_?[Tt]ime|_time(?:stamp)?|__REALTIME_TIMESTAMP|instant|stageTimestamp"
    rb"|requestReceivedTimestamp)"
)
_NAMES = b"(?:" + _FIRST_NAMES + rb"|[Dd]ate|DATE)"
_is_name = re.compile(_NAMES).fullmatch
_is_of_another = re.compile(
    r"(?i)due|exp|(?:valid|not)_?-?(?:until|after|before|from|to)|until|since|birth|born|creat|updat|modif|change|delet"
    r"|remov|start|begin|began|first|last|next|prev|old|deadline|schedul|plan|issue|iat|nbf|publish|releas|built|build"
    r"|version|commit|login|renew|seen|boot|message|msg|text|body|quer|sql|descr|title|note|comment|reason|error"
).search
_NUMBER = EPOCH_SECONDS + EPOCH_FRACTION
_NAME = rb"[A-Za-z_@][\w.@-]{0,63}+"
_OBJECT = rb'\{\s*+["}]'
FIELD_HINTS = (_OBJECT, _NAME + b"=")
"""Patterns of which one holds at the beginning of every structured line."""
TEXT_GROUPS = ("text", "other")
"""The groups of a time field's match that hold a value to be read like a line."""

# Text within a string never looks like a member's name, for there its quotes are escaped. MongoDB has an object for a
# time, and so has log4j: {"$date":"2000-10-10T13:55:36.123+00:00"}, {"epochSecond":971186136,"nanoOfSecond":123000000}
_VALUE = (
    rb'"\s*+:\s*+(?:\{\s*+"(?:\$date|epochSecond)"\s*+:\s*+)?'
    rb'(?:"(?P<text>[^"\\]++)"|' + _NUMBER + rb"(?=[\s,}\]])"
    rb'(?:\s*+,\s*+"nanoOfSecond"\s*+:\s*+(?P<nanoseconds>\d{1,9})(?!\d))?+|(?P<other>[\d.eE+-]++)(?=[\s,}\]]))'
)
_is_name = re.compile(_NAMES).fullmatch
is_object = re.compile(_OBJECT).match
_first_member = re.compile(rb'"(?=[@_DETadeirst])' + _FIRST_NAMES + _VALUE).search
_member = re.compile(rb'"(?=[@_DETadeirst])' + _NAMES + _VALUE)
_strings = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_ANY_NAME = (b'"',)
_ENDS = (b"}", b"}\r")
_BEFORE = (b",", b" ")
_Search = Callable[[bytes, int, int], re.Match[bytes] | None]
_UNSEEN = bytes(set(range(256)) - set(b'"{}\\'))

_PAIR = rb"(?!" + _NAMES + rb'=)[^\s"]*+(?:"[^"\\]*+(?:\\.[^"\\]*+)*+")?+[^\s"]*+\s++'
_LOGFMT = (
    rb"\s*+(?:" + _PAIR + rb")*+" + _NAMES + rb'=(?:"(?P<text>[^"\\]++)"|' + _NUMBER + rb"(?=\s|\Z)|(?P<other>\S++))"
)
_next_pair = re.compile(_LOGFMT).match
_first_pair = re.compile(rb"(?!node=|type=)(?=" + _NAME + rb"=)" + _LOGFMT).match


def time_fields(line: bytes) -> Iterator[re.Match[bytes]]:
    """Find the fields of a structured line that have a time's name, whether or not their values are times.

    Returns:
        Matches, those that go before others first. One of the `TEXT_GROUPS` holds the value, or else `seconds`,
        `fraction`, `more` and, of JSON, `nanoseconds` hold an epoch time's digits.
    """
    return _members(line) if line.startswith(b"{") else _pairs(line)


def name_of(field: re.Match[bytes]) -> str:
    """Return the name of a field that `time_fields` found."""
    begin = field.start(field.lastgroup) if field.lastgroup in TEXT_GROUPS else field.start("seconds")
    before = field.string[field.start() : begin]
    text = before[1 : before.index(b'"', 1)] if before.startswith(b'"') else before.rstrip(b'="').rsplit(None, 1)[-1]
    return text.decode("utf-8", "replace")


def preference(name: str) -> int:
    """Return how likely a field of this name holds the time of its line.

    Returns:
        0 for the best names, 1 for others of a time, 2 for those that are dates without a time as a rule, 3 for names
        that say nothing, 4 for those of another time: when something expires, or was created.
    """
    if name.lower().endswith("tamp") and len(name) <= _LONGEST_BEST and _is_name(name.encode()) is not None:
        return 0
    if _is_name(name.encode()) is not None:
        return 2 if name.lower() == "date" else 1
    return 4 if _is_of_another(name) is not None else 3


def first_time_field(line: bytes) -> re.Match[bytes] | None:
    """Find the time field that goes before others in the first `HEAD` bytes of a structured line."""
    return _first_in_object(line) if line.startswith(b"{") else _next_pair(line, 0, HEAD)


def values_of_members(lines: Sequence[bytes], names: tuple[bytes, ...] = _ANY_NAME) -> list[bytes]:
    """Return the first time field's value for each JSON line; nothing for other lines, or if it takes a closer look.

    Args:
        names: with their quotes; a field with another one counts as none.
    """
    if len(names) == 1 and names is not _ANY_NAME:
        return _texts_of(lines, _member_named(names[0]))
    find, some_are_better = _first_member, _BEST in b"".join(lines)
    return [
        field[1]
        if (field := find(line, 0, HEAD))
        and field.lastindex == 1
        and (line.rfind(b"{", 0, at := field.start()) == 0 or _is_outer(line, at))
        and line.startswith(names, at)
        and not (some_are_better and _may_be_better(line, at))
        else b""
        for line in lines
    ]


def _texts_of(lines: Sequence[bytes], find: _Search) -> list[bytes]:
    """Return the text of the one field that counts for each JSON line; nothing for other lines, or if that is in doubt.

    A field that ends an object's line is the object's own: the last brace is, and so are the quotes before it.
    """
    return [
        field[1]
        if line[:1] == b"{"
        and (field := find(line, 0, HEAD))
        and field.lastindex == 1
        and (
            line.rfind(b"{", 0, at := field.start()) == 0
            or (line[field.end() :] in _ENDS and line[at - 1 : at] in _BEFORE)
            or _is_outer(line, at)
        )
        else b""
        for line in lines
    ]


@functools.lru_cache(maxsize=1024)
def _member_named(name: bytes) -> _Search:
    """Return what finds the first member of a name, with its quotes, that has a value of the form of `time_fields`."""
    return re.compile(re.escape(name[:-1]) + _VALUE).search


def values_of_pairs(lines: Sequence[bytes]) -> list[bytes]:
    """Return the first time field's value for each logfmt line; nothing for other lines, or if it is an epoch time."""
    find = _first_pair
    return [
        field[field.lastgroup] if (field := find(line, 0, HEAD)) and field.lastgroup in TEXT_GROUPS else b""
        for line in lines
    ]


def number_of_member(line: bytes) -> re.Match[bytes] | None:
    """Find the first time field of a JSON line, if it is an epoch time."""
    field = _first_in_object(line) if line[:1] == b"{" else None
    return None if field is None or field.lastgroup in TEXT_GROUPS else field


def numbers_of_member(names: tuple[bytes, ...]) -> Callable[[bytes], re.Match[bytes] | None]:
    """Return what finds the first time field of a JSON line, if it is an epoch time and has one of these names.

    Args:
        names: with their quotes.
    """
    if len(names) != 1:
        return lambda line: found if (found := number_of_member(line)) and found[0].startswith(names) else None
    find = _member_named(names[0])

    def number_of_named(line: bytes) -> re.Match[bytes] | None:
        field = find(line, 0, HEAD) if line[:1] == b"{" else None
        if field is None or field.lastgroup in TEXT_GROUPS:
            return None
        return field if line.rfind(b"{", 0, at := field.start()) == 0 or _is_outer(line, at) else None

    return number_of_named


def number_of_pair(line: bytes) -> re.Match[bytes] | None:
    """Find the first time field of a logfmt line, if it is an epoch time."""
    field = _first_pair(line, 0, HEAD)
    return None if field is None or field.lastgroup in TEXT_GROUPS else field


def is_nested(line: bytes, at: int) -> bool:
    """Return whether a place in a JSON line is within an object of the object that the line is."""
    return _depth(line[:at]) > 1


def _depth(text: bytes) -> int:
    """Return how many more objects begin in a text than end, strings aside; it begins outside of strings."""
    marks = text.translate(None, _UNSEEN).replace(b'""', b"")
    if b'"' in marks or b"\\" in marks:  # a string holds a mark, or is not at its end
        marks = _strings.sub(b"", text).partition(b'"')[0]
    return marks.count(b"{") - marks.count(b"}")


def _is_outer(line: bytes, at: int) -> bool:
    """Return whether a place is surely in the object that the line is, and in none within; a string's mark puts it in
    doubt."""
    return line[:1] == b"{" and _is_within_one(line[:at].translate(None, _UNSEEN))


@functools.lru_cache(maxsize=1024)
def _is_within_one(marks: bytes) -> bool:
    return b"\\" not in marks and b'"' not in marks.replace(b'""', b"") and _depth(marks) == 1


def _may_be_better(line: bytes, at: int) -> bool:
    """Return whether a member with a better name than that at `at` may be in a line."""
    best = line.find(_BEST)
    return best >= 0 and not 0 < best - at < _LONGEST_BEST


def _first_in_object(line: bytes) -> re.Match[bytes] | None:
    field = _first_member(line, 0, HEAD)
    at = 0 if field is None else field.start()
    if at and (line.rfind(b"{", 0, at) == 0 or _is_outer(line, at)) and not _may_be_better(line, at):
        return field
    return min(_members_of_head(line), key=_rank, default=None)


def _rank(field: re.Match[bytes]) -> int:
    """Return 0 for the best names, 1 for others, 2 for those that are dates without a time as a rule."""
    start = field.start()
    if field.string.find(_BEST, start, start + _LONGEST_BEST + len(_BEST) - 1) >= 0:
        return 0
    return 2 if field.string[start + 1 : start + 6].lower() == b'date"' else 1


def _members(line: bytes) -> Iterator[re.Match[bytes]]:
    yield from sorted(_members_of_head(line), key=_rank)
    if HEAD < len(line) <= LONGEST:
        yield from sorted(filter(_is_outermost, _member.finditer(line, len(line) - TAIL)), key=_rank)


def _members_of_head(line: bytes) -> Iterator[re.Match[bytes]]:
    return (field for field in _member.finditer(line, 0, HEAD) if not is_nested(line, field.start()))


def _is_outermost(field: re.Match[bytes]) -> bool:
    """Return whether of all objects only the line itself ends behind a field."""
    return _depth(field.string[field.end() :]) == (-2 if b"{" in field[0] else -1)


def _pairs(line: bytes) -> Iterator[re.Match[bytes]]:
    at = 0
    while found := _next_pair(line, at, HEAD):
        yield found
        at = found.end()
