"""The cursor: how far an answer came in each log, so that another answer goes on exactly there.

It holds, for each host and log, the fingerprint of the file that was being read (names and inodes change when logs are
rotated), and the offset in it. It is bound to what was asked, and has a checksum, since a client keeps it as text, and
may mangle it. The text is the base64url of a CRC-32 (big-endian) and of a JSON array, compressed by zlib:
`[version, digest of the query, since, until, {host: {log: [fingerprint, offset]}}]`.
"""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from logagent.core.batch import Position
from logagent.core.query import BadParameter, Query

MAX_CURSOR = 8192
"""Characters of a cursor for a client: some 250 logs. Header blocks with longer ones are refused by proxies."""
MAX_ASKED = 48 * 1024
"""Characters of a cursor in a request: agents ask each other to go on with all logs of a query."""
FINGERPRINT_BYTES = 1024
"""Bytes from a file's beginning that tell it from others: the first lines of a log, with their times."""
_MAX_UNPACKED = 256 * 1024
"""Bytes of JSON that are decompressed at most: far more than a cursor in a request can hold."""
_VERSION = 1
_LARGEST = 2**63 - 1
"""Of a fingerprint or offset: what fits into 64 bits with a sign."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """A cursor as it was read.

    Attributes:
        since: the beginning of the first answer's range of time, in nanoseconds since the epoch; None if it had none.
        until: its end.
        positions: how far each log was read.
    """

    since: int | None
    until: int | None
    positions: tuple[Position, ...]


def fingerprint(head: bytes) -> int:
    """Return the fingerprint of a file that begins with these bytes.

    It holds how many bytes it is made of, `FINGERPRINT_BYTES` at most, and their CRC-32.
    """
    head = head[:FINGERPRINT_BYTES]
    return len(head) << 32 | zlib.crc32(head)


def has_fingerprint(head: bytes, known: int) -> bool:
    """Whether a file is the one with a known fingerprint, though it may have been shorter then.

    Args:
        head: all bytes of the file, or the first `FINGERPRINT_BYTES`.
        known: the fingerprint.
    """
    size = known >> 32
    return 0 < size <= len(head) and fingerprint(head[:size]) == known


def encode(query: Query, positions: Iterable[Position], most: int = MAX_CURSOR) -> str:
    """Spell a cursor.

    Args:
        query: what was answered.
        positions: how far each log was read.
        most: characters of the cursor at most.

    Returns:
        The text; empty if there are no positions, or more than fit.
    """
    hosts: dict[str, dict[str, tuple[int, int]]] = {}
    for position in positions:
        hosts.setdefault(position.host, {})[position.log] = (position.fingerprint, position.offset)
    if not hosts:
        return ""
    told = [_VERSION, _digest(query), query.range.since, query.range.until, hosts]
    packed = zlib.compress(json.dumps(told, separators=(",", ":")).encode(), 9)
    text = base64.urlsafe_b64encode(zlib.crc32(packed).to_bytes(4, "big") + packed).decode().rstrip("=")
    return text if len(text) <= most else ""


def continued(query: Query, text: str) -> Query:
    """Return a query that goes on where a cursor says, with the range of time that the first answer had.

    Raises:
        BadParameter: when the text is not a cursor of an answer to the query.
    """
    cursor = decode(text, query)
    return replace(
        query, positions=cursor.positions, range=query.range._replace(since=cursor.since, until=cursor.until)
    )


def decode(text: str, query: Query) -> Cursor:
    """Read a cursor.

    Args:
        text: what `encode` made.
        query: what is asked now; it must ask for the same lines in the same order as the first query, but for the range
            of time.

    Raises:
        BadParameter: when the text is not a cursor, or belongs to another query.
    """
    try:
        told = _unpacked(text)
        version, digest, since, until, hosts = told
        cursor = Cursor(_moment(since), _moment(until), tuple(_positions(hosts)))
    except (ValueError, TypeError, AttributeError, zlib.error, RecursionError):
        raise BadParameter("cursor", "is damaged; give it as it came in log-cursor") from None
    if version != _VERSION:
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


def _unpacked(text: str) -> list[Any]:
    if len(text) > MAX_ASKED or not text.isascii():
        raise ValueError("too long")
    try:
        whole = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from None
    check, packed = whole[:4], whole[4:]
    if check != zlib.crc32(packed).to_bytes(4, "big"):
        raise ValueError("damaged")
    stream = zlib.decompressobj()
    told = json.loads(stream.decompress(packed, _MAX_UNPACKED))
    if not isinstance(told, list) or stream.unconsumed_tail:
        raise ValueError("not a cursor")
    return told


def _positions(hosts: dict[str, dict[str, list[int]]]) -> Iterable[Position]:
    for host, logs in hosts.items():
        for log, (known, offset) in logs.items():
            if not (_is_number(known) and _is_number(offset)):
                raise ValueError("not a position")
            yield Position(host, log, known, offset)


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _LARGEST


def _moment(value: object) -> int | None:
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    raise ValueError("not a time")


def _digest(query: Query) -> int:
    """The CRC-32 of all that decides which lines an answer has and in which order, except for times and hosts."""
    asked = (
        query.files,
        query.match.keywords,
        query.match.exclude,
        query.match.regex,
        query.match.exclude_regex,
        query.match.ignore_case,
    )
    how = (query.form.order.value, query.form.unit.value, query.match.before, query.match.after, query.rotated)
    return zlib.crc32(repr((asked, how)).encode())
