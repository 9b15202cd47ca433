"""The cursor: how far an answer came in each log, so that another answer continues exactly there.

It holds, for each host and log, the fingerprint of the file that was being read (names and inodes change when logs are
rotated) and the offset in it. It is bound to its query, and has a checksum, since a client keeps it as text and may
damage it. The text is the base64url of a CRC-32 (big-endian) and of a JSON array, compressed by zlib:
`[1, digest of the query, since, until, {host: {log: [fingerprint, offset]}}]`.

Where that takes more than half of the room, it is version 2: the array is `[2, digest, since, until, {}]`, and behind
it come the positions as `packed_positions` packs them. An agent that knows only version 1 reads the array and says
that the cursor is of another version.

A question with conditions on labels has a cursor of version 3: the array is `[3, digest, since, until, {}]`, behind it
comes a second one, compressed likewise, `[{host: {log: [fingerprint, offset]}}, [hosts], [hosts]]`, and then the
positions that are packed. So the answer that goes on is about the hosts of the first one, whatever labels they have by
then: those with positions, further ones that were chosen, and those that had not told their labels.
"""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from collections.abc import Iterable, Sequence, Set
from dataclasses import replace
from typing import Any, NamedTuple

from logagent.core.batch import Position
from logagent.core.code_units import untagged
from logagent.core.outcome import HostOutcome, Status
from logagent.core.packed_positions import pack, unpack
from logagent.core.query import BadParameter, ChosenHosts, Query
from logagent.core.time_range import FARTHEST, TimeRange

MAX_CURSOR = 16 * 1024
"""Characters of a cursor for a client: some 1,200 logs. Clients take header blocks of this size, and proxies where they
are told to."""
MAX_OF_RECORD = 8192
"""Characters of the cursor of one record: some 250 logs, as there may be a million records in an answer."""
MAX_ASKED = 48 * 1024
"""Characters of a cursor in a request: an agent asks a peer to continue with all logs of a query, some 3,500."""
FINGERPRINT_BYTES = 1024
"""Bytes from a file's beginning that tell it from others: the first lines of a log, with their times."""
_MAX_DECOMPRESSED = 256 * 1024
"""Bytes of JSON that are decompressed at most: far more than a cursor in a request can hold."""
_LONGEST_NAME = 0xFFFF
"""Bytes of the name of a host or a log at most: agents send its length in 16 bits."""
_PLAIN, _PACKED, _CHOSEN = 1, 2, 3
"""The versions of cursors."""
_LARGEST = 2**63 - 1
"""The largest fingerprint or offset: they fit into 64 bits with a sign."""


class Cursor(NamedTuple):
    """A decoded cursor.

    Attributes:
        since: the beginning of the first answer's range of time, in nanoseconds since the epoch; None if it had none.
        until: the end of that range, likewise.
        positions: how far each log was read.
        chosen: the hosts of the first answer, if conditions on labels had chosen them.
    """

    since: int | None
    until: int | None
    positions: tuple[Position, ...]
    chosen: ChosenHosts | None = None


def fingerprint(head: bytes) -> int:
    """Return the fingerprint of a file that begins with these bytes.

    It is made of the first `FINGERPRINT_BYTES` bytes at most: the upper 32 bits are their number, the lower 32 bits
    their CRC-32.
    """
    head = head[:FINGERPRINT_BYTES]
    return len(head) << 32 | zlib.crc32(head)


def has_fingerprint(head: bytes, known: int) -> bool:
    """Return whether a known fingerprint is of this file, also if it was taken when the file was shorter.

    Args:
        head: all bytes of the file, or the first `FINGERPRINT_BYTES`.
        known: the fingerprint.
    """
    known = untagged(known)
    size = known >> 32
    return 0 < size <= len(head) and fingerprint(head[:size]) == known


def encode(query: Query, positions: Iterable[Position], most: int = MAX_CURSOR) -> str:
    """Encode a cursor as text.

    Args:
        query: what was answered.
        positions: how far each log was read.
        most: characters of the cursor at most.

    Returns:
        The text; empty if there are no positions, or more than fit.
    """
    known = list(positions)
    text = encode_plain(query, known, most // 2)
    if text or not known:
        return text
    beside = _hosts_beside(query, {position.host for position in known}, {})
    text = _to_text(_array(query, _CHOSEN if beside else _PACKED, {}) + beside + pack(known))
    return text if len(text) <= most else ""


def encode_plain(query: Query, positions: Iterable[Position], most: int = MAX_OF_RECORD) -> str:
    """Encode a cursor as text in the version that takes least time and most room; see `encode`."""
    hosts: dict[str, dict[str, tuple[int, int]]] = {}
    for position in positions:
        hosts.setdefault(position.host, {})[position.log] = (position.fingerprint, position.offset)
    if not hosts:
        return ""
    beside = _hosts_beside(query, hosts.keys(), hosts)
    text = _to_text(_array(query, _CHOSEN, {}) + beside if beside else _array(query, _PLAIN, hosts))
    return text if len(text) <= most else ""


def _hosts_beside(query: Query, read: Set[str], hosts: object) -> bytes:
    """Return the second array of a cursor, with the hosts that conditions on labels have chosen; empty: none have."""
    if query.chosen is None:
        return b""
    untold = {part.host for part in query.chosen.untold} - read
    told = [hosts, sorted({*query.chosen.hosts} - read - untold), sorted(untold)]
    return _compressed(told)


def _array(query: Query, version: int, hosts: object) -> bytes:
    return _compressed([version, _digest(query), query.range.since, query.range.until, hosts])


def _compressed(told: object) -> bytes:
    return zlib.compress(json.dumps(told, separators=(",", ":")).encode(), 9)


def _to_text(content: bytes) -> str:
    return base64.urlsafe_b64encode(zlib.crc32(content).to_bytes(4, "big") + content).decode().rstrip("=")


def continued(query: Query, text: str) -> Query:
    """Return a query that continues at a cursor, with the range of time of the first answer.

    Raises:
        BadParameter: when the text is not a cursor of an answer to the query.
    """
    cursor = decode(text, query)
    if query.follow is not None and cursor.until is not None:
        raise BadParameter("cursor", "belongs to an answer up to a time (until); leave out follow, or the cursor")
    bounds = query.range._replace(since=cursor.since, until=cursor.until)
    return replace(query, positions=cursor.positions, range=bounds, chosen=cursor.chosen)


def decode(text: str, query: Query) -> Cursor:
    """Decode a cursor.

    Args:
        text: what `encode` made.
        query: what is asked now; it must ask for the same lines in the same order as the first query, but for the range
            of time.

    Raises:
        BadParameter: when the text is not a cursor, or belongs to another query.
    """
    try:
        told, packed = _decompressed(text)
        version, digest, since, until, hosts = told
        chosen, untold = None, list[str]()
        if version == _CHOSEN:
            (hosts, chosen, untold), packed = _array_in(packed)
        positions = unpack(packed) if version != _PLAIN and packed else _positions(hosts)
        cursor = Cursor(*_range(since, until), tuple(map(_checked, positions)))
        if chosen is not None:
            cursor = cursor._replace(chosen=_chosen(cursor.positions, chosen, untold))
    except (ValueError, TypeError, AttributeError, zlib.error, RecursionError):
        raise BadParameter("cursor", "is damaged; give it as it came in log-cursor") from None
    if version not in (_PLAIN, _PACKED, _CHOSEN):
        raise BadParameter("cursor", "is of another version of logagent; ask without it")
    if digest != _digest(query):
        raise BadParameter("cursor", "belongs to another question; ask the same one, or leave the cursor out")
    return cursor


def of_host(positions: Sequence[Position], host: str) -> tuple[Position, ...]:
    """Return the positions in one host's logs."""
    return tuple(position for position in positions if position.host == host)


def of_log(positions: Sequence[Position], log: str) -> Position | None:
    """Return the position in a log.

    Args:
        positions: of one host.
        log: its name.
    """
    return next((position for position in positions if position.log == log), None)


def _decompressed(text: str) -> tuple[list[Any], bytes]:
    """Return the array of a cursor, and the bytes behind it."""
    if len(text) > MAX_ASKED or not text.isascii():
        raise ValueError("too long")
    try:
        whole = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from None
    check, compressed = whole[:4], whole[4:]
    if check != zlib.crc32(compressed).to_bytes(4, "big"):
        raise ValueError("damaged")
    return _array_in(compressed)


def _array_in(compressed: bytes) -> tuple[list[Any], bytes]:
    """Return the array that stands first in some bytes, and the bytes behind it."""
    stream = zlib.decompressobj()
    told = json.loads(stream.decompress(compressed, _MAX_DECOMPRESSED))
    if not isinstance(told, list) or stream.unconsumed_tail:
        raise ValueError("not a cursor")
    return told, stream.unused_data


def _chosen(positions: Iterable[Position], further: list[str], untold: list[str]) -> ChosenHosts:
    names = [*dict.fromkeys(position.host for position in positions), *further]
    if not all(map(_is_name, [*names, *untold])):
        raise ValueError("not the names of hosts")
    return ChosenHosts(tuple(names), tuple(HostOutcome(name, Status.UNAVAILABLE) for name in untold))


def _positions(hosts: dict[str, dict[str, list[int]]]) -> Iterable[Position]:
    for host, logs in hosts.items():
        for log, (known, offset) in logs.items():
            yield Position(host, log, known, offset)


def _checked(position: Position) -> Position:
    names, numbers = (position.host, position.log), (position.fingerprint, position.offset)
    if not all(map(_is_name, names)) or not all(map(_is_number, numbers)):
        raise ValueError("not a position")
    return position


def _is_name(name: str) -> bool:
    """Return whether a name is one that bytes decode to, and not too long to be sent."""
    encoded = name.encode("utf-8", "surrogateescape")
    return len(encoded) <= _LONGEST_NAME and encoded.decode("utf-8", "surrogateescape") == name


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _LARGEST


def _range(since: object, until: object) -> TimeRange:
    told = TimeRange(_moment(since), _moment(until))
    if told.since is not None and told.until is not None and told.since >= told.until:
        raise ValueError("not a range of time")
    return told


def _moment(value: object) -> int | None:
    if value is None:
        return None
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= FARTHEST:
        return value
    raise ValueError("not a time")


def _digest(query: Query) -> int:
    """Return the CRC-32 of all that decides which lines an answer has and in which order, without times and hosts."""
    asked: tuple[object, ...] = (
        query.files,
        query.match.keywords,
        query.match.exclude,
        query.match.regex,
        query.match.exclude_regex,
        query.match.ignore_case,
    )
    how = (query.form.order.value, query.form.unit.value, query.match.before, query.match.after, query.rotated)
    asked = (*asked, "any") if query.match.any else asked  # others have the digests of agents that do not know `any`
    asked = (*asked, sorted(query.hosts)) if query.has_conditions else asked
    return zlib.crc32(repr((asked, how)).encode())
