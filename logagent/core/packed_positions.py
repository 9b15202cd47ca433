"""Positions of many logs in few bytes, for cursors: some ten bytes for each log, of which four are its fingerprint's.

The bytes are a zlib stream of two parts, separated by a NUL. The first is a JSON array with two entries for each host:
its name, and a list of the names of its logs, sorted; each name without the beginning that it shares with the one
before it, after a character that says how long that is. The second part holds, for all logs in this order, columns of
numbers: the upper halves of the fingerprints, the offsets, and the lower halves of the fingerprints, which are random.
The bytes of equal weight of a column lie together, since most of the higher ones are zeros.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, pairwise

from logagent.core.batch import Position

MAX_UNPACKED = 1024 * 1024
"""Bytes that are unpacked at most: far more than fit, packed, into a request."""
_UPPER, _OFFSET, _LOWER = 4, 8, 4
"""Bytes of a number of each column."""
_MOST_SHARED = 0x7E - 0x23
"""Characters that a name shares with the one before it at most, so that their number is a printable character."""


def pack(positions: Iterable[Position]) -> bytes:
    """Pack positions; the last one of a log counts."""
    last = sorted({(position.host, position.log): position for position in positions}.values())
    hosts: list[object] = []
    for host, logs in groupby(last, lambda position: position.host):
        hosts += [host, list(_shortened([position.log for position in logs]))]
    columns = [
        _column([position.fingerprint >> 32 for position in last], _UPPER),
        _column([position.offset for position in last], _OFFSET),
        _column([position.fingerprint & 0xFFFFFFFF for position in last], _LOWER),
    ]
    names = json.dumps(hosts, separators=(",", ":")).encode()
    return zlib.compress(b"%b\0%b" % (names, b"".join(columns)), 9)


def unpack(packed: bytes) -> list[Position]:
    """Return the positions that `pack` packed, sorted by host and log.

    Raises:
        ValueError: when the bytes hold no positions.
        zlib.error: when they are damaged.
        RecursionError: when they were made to do harm.
    """
    stream = zlib.decompressobj()
    names, _, numbers = stream.decompress(packed, MAX_UNPACKED).partition(b"\0")
    if not stream.eof or stream.unused_data:
        raise ValueError("damaged")
    hosts = json.loads(names)
    if not isinstance(hosts, list):
        raise ValueError("not a list of hosts")
    logs = list(_logs(hosts))
    if len(numbers) != len(logs) * (_UPPER + _OFFSET + _LOWER):
        raise ValueError("not as many numbers as logs")
    upper, offsets, lower = (
        numbers[: len(logs) * _UPPER],
        numbers[len(logs) * _UPPER : -len(logs) * _LOWER],
        numbers[-len(logs) * _LOWER :],
    )
    columns = zip(_numbers(upper, _UPPER), _numbers(offsets, _OFFSET), _numbers(lower, _LOWER), strict=True)
    return [Position(*log, high << 32 | low, offset) for log, (high, offset, low) in zip(logs, columns, strict=True)]


def _shortened(names: Sequence[str]) -> Iterator[str]:
    for before, name in pairwise(["", *names]):
        shared = 0
        for one, other in zip(before[:_MOST_SHARED], name, strict=False):
            if one != other:
                break
            shared += 1
        yield chr(0x23 + shared) + name[shared:]


def _logs(hosts: Sequence[object]) -> Iterator[tuple[str, str]]:
    for host, names in zip(hosts[::2], hosts[1::2], strict=True):
        if not isinstance(host, str) or not isinstance(names, list):
            raise ValueError("not a host")
        before = ""
        for name in names:
            if not isinstance(name, str) or not name:
                raise ValueError("not a name")
            before = before[: ord(name[0]) - 0x23] + name[1:]
            yield host, before


def _column(numbers: Sequence[int], size: int) -> bytes:
    whole = b"".join(number.to_bytes(size, "big") for number in numbers)
    return b"".join(whole[place::size] for place in range(size))


def _numbers(column: bytes, size: int) -> Iterator[int]:
    count = len(column) // size
    planes = [column[place * count : (place + 1) * count] for place in range(size)]
    return (int.from_bytes(bytes(digits), "big") for digits in zip(*planes, strict=True))
