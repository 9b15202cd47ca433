"""Query strings as anybody may send them: refused by the name of a parameter, or understood alike by the next agent."""

from __future__ import annotations

from urllib.parse import quote_from_bytes

from fuzz.draws import Draws
from logagent.core.query import BadParameter
from logagent.core.wire.parameters import HITS_PARAMETERS, PARAMETERS, parse, parse_hits, to_query_string

_NOW = 1_700_000_000_123_456_789
_VALUES = [
    b"true", b"false", b"1", b"0", b"20", b"newest", b"oldest", b"event", b"15m", b"2h", b"1.5s", b"500ms", b"10s",
    b"1700000000", b"-1.5", b"2026-11-23T10:00:00Z", b"2026-11-23 10:00+0100", b"app.log", b"**/*.log", b"a.*b|c",
]  # fmt: skip


def probe(data: bytes) -> None:
    draws = Draws(data)
    hits = draws.flag()
    _ask(draws.one_of([_string, _pairs])(draws), hits)


def _string(draws: Draws) -> bytes:
    """Any bytes."""
    return draws.rest()


def _pairs(draws: Draws) -> bytes:
    """Known names, with values that are likely or any."""
    names = sorted({*PARAMETERS, *HITS_PARAMETERS})
    pairs = ["filename=app.log"] if draws.flag() else []
    while draws.left:
        value = draws.one_of(_VALUES) if draws.flag() else draws.text(30)
        pairs.append(f"{draws.one_of(names)}={quote_from_bytes(value)}")
    return "&".join(pairs).encode()


def _ask(query_string: bytes, hits: bool) -> None:
    read = parse_hits if hits else parse
    try:
        query = read(query_string, _NOW)
    except BadParameter as error:
        assert error.name in str(error)
        assert error.reason
        return
    spelled = to_query_string(query).encode()
    assert read(spelled, _NOW + 10**15) == query
    assert to_query_string(read(spelled, _NOW)).encode() == spelled
