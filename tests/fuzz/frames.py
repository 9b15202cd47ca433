"""Frames and trailers as a peer may send them: any bytes are refused by name, or are what they would be sent as."""

from __future__ import annotations

import json
import struct
from itertools import pairwise

from fuzz.draws import Draws
from logagent.core.batch import Batch
from logagent.core.columns import cut_before, with_used_origins
from logagent.core.outcome import Outcome
from logagent.core.rendering.records import RecordsNdjson, RecordsText
from logagent.core.wire.end_records import end_record
from logagent.core.wire.frames import FrameDecoder, WireError, encode
from logagent.core.wire.verdict import TRAILERS, BadVerdict, from_trailers, to_trailers

_LENGTH = struct.Struct(">I")
_HEAD = struct.Struct(">BIQQH")


def probe(data: bytes) -> None:
    draws = Draws(data)
    draws.one_of([_stream, _frame, _fitting_frame, _trailers, _named_trailers])(draws)


def _stream(draws: Draws) -> None:
    """Bytes as they come, in one piece and in several."""
    cuts = draws.some(3, lambda: draws.number(255))
    stream = draws.rest()
    whole, wrong = _received(stream, [])
    in_pieces, also_wrong = _received(stream, cuts)
    assert (whole, wrong) == (in_pieces, also_wrong)
    for batch in whole:
        _look_at(batch)


def _frame(draws: Draws) -> None:
    """A frame whose length is right, and perhaps nothing else."""
    frame = draws.rest()
    for batch in _received(_LENGTH.pack(len(frame)) + frame, [])[0]:
        _look_at(batch)


def _fitting_frame(draws: Draws) -> None:
    """A frame that has as many lines as it says."""
    columns, origins = draws.number(255), draws.number(3)
    body = draws.text(40)
    body += b"" if body[-1:] in (b"", b"\n") else b"\n"
    head = _HEAD.pack(columns, body.count(b"\n"), draws.number(2**64 - 1), draws.number(2**64 - 1), origins)
    frame = head + draws.rest() + body
    for batch in _received(_LENGTH.pack(len(frame)) + frame, [])[0]:
        _look_at(batch)


def _received(stream: bytes, cuts: list[int]) -> tuple[list[Batch], str]:
    decoder, batches = FrameDecoder(), list[Batch]()
    try:
        for start, end in pairwise([0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]):
            batches += decoder.receive(stream[start:end])
        decoder.finish()
    except WireError as error:
        return batches, str(error)
    return batches, ""


def _look_at(batch: Batch) -> None:
    """What is decoded can be sent on, cut, and shown."""
    assert _received(encode(batch), []) == ([batch], "")
    assert len(batch.lines()) == batch.count
    assert 0 <= batch.records <= batch.count
    parts = list(cut_before(batch, [*range(1, batch.count)]))
    assert sum(part.count for part in parts) == batch.count
    assert b"".join(part.body for part in parts) == batch.body
    if not batch.count:
        return
    if batch.origins:  # as `peers.source` demands where places are asked for
        assert with_used_origins(batch).body == batch.body
        RecordsText(prefix=True, groups=True).batch(batch)
        for row in RecordsNdjson(follow=True).batch(batch).splitlines():
            json.loads(row)


def _trailers(draws: Draws) -> None:
    """Any text as one of the trailers, beside a right status."""
    name = draws.one_of(TRAILERS)
    _judge({"log-status": "0", name: draws.rest().decode("latin-1")})


def _named_trailers(draws: Draws) -> None:
    """All trailers, each with any text."""
    given = {name: draws.text(60).decode("latin-1") for name in TRAILERS}
    _judge(given | {"log-status": str(draws.number(20))})


def _judge(trailers: dict[str, str]) -> None:
    try:
        outcome = from_trailers(trailers)
    except BadVerdict:
        return
    json.dumps(end_record(outcome), ensure_ascii=False).encode()
    once = _sent_on(outcome)
    assert _sent_on(once) == once


def _sent_on(outcome: Outcome) -> Outcome:
    trailers = to_trailers(outcome)
    for _, value in trailers:
        value.encode("latin-1")
    return from_trailers(dict(trailers))
