"""Cursors as a client may give them back: damaged ones are refused, and any other goes on where it says."""

from __future__ import annotations

import base64
import json
import zlib
from dataclasses import replace

from fuzz.draws import Draws
from logagent.core.batch import SIGN_OF_LIFE, Position
from logagent.core.cursor import MAX_ASKED, continued, encode
from logagent.core.query import BadParameter, Order, Query
from logagent.core.wire.frames import FrameDecoder
from logagent.core.wire.frames import encode as frame_of
from logagent.core.wire.parameters import parse, to_query_string

_NOW = 1_700_000_000_000_000_000
_QUERIES = [
    Query.of(files=("app.log",)),
    Query.of(files=("**/*.log",), hosts=("web-*",), keywords=(b"refused",), n=5),
    Query.of(files=("app.log",), order=Order.OLDEST, follow=True, since=5),
]


def probe(data: bytes) -> None:
    draws = Draws(data)
    query = draws.one_of(_QUERIES)
    draws.one_of([_text, _checked_bytes, _checked_json, _checked_array])(draws, query)


def _text(draws: Draws, query: Query) -> None:
    """Any text."""
    _go_on(draws.rest().decode("utf-8", "surrogateescape"), query)


def _checked_bytes(draws: Draws, query: Query) -> None:
    """Any bytes, with the right checksum."""
    _go_on(_with_checksum(draws.rest()), query)


def _checked_json(draws: Draws, query: Query) -> None:
    """Any text, compressed as JSON is."""
    _go_on(_with_checksum(zlib.compress(draws.rest(), 1)), query)


def _checked_array(draws: Draws, query: Query) -> None:
    """Anything in place of what stands behind the version and the digest of the question."""
    told = json.loads(zlib.decompress(_without_checksum(encode(query, (Position("web-1", "app.log", 1, 2),)))))
    head = json.dumps(told[:2])[:-1].encode()
    _go_on(_with_checksum(zlib.compress(head + b"," + draws.rest() + b"]", 1)), query)


def _with_checksum(compressed: bytes) -> str:
    return base64.urlsafe_b64encode(zlib.crc32(compressed).to_bytes(4, "big") + compressed).decode().rstrip("=")


def _without_checksum(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))[4:]


def _go_on(text: str, query: Query) -> None:
    try:
        further = continued(query, text)
    except BadParameter as error:
        assert error.name == "cursor"
        return
    if not further.positions:
        return
    again = encode(query, further.positions, MAX_ASKED)
    if again:  # a peer is asked to go on there, and reads what is meant
        asked = parse(to_query_string(further).encode(), _NOW)
        assert asked.range == further.range
        assert set(asked.positions) == set(further.positions)
    batch = replace(SIGN_OF_LIFE, positions=further.positions)
    assert [*FrameDecoder().receive(frame_of(batch))] == [batch]
