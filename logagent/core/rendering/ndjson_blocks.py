"""Records of a whole batch at once: NDJSON without a step for each line.

The text of a batch is escaped as a whole. Where all its lines come from one file, each line break is then replaced by
the end of a record and room for the head of the next, and numpy writes these heads, which are equally long as long as
the offsets have as many digits. Else one format for the whole batch is filled with one tuple.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from functools import cache
from itertools import chain, pairwise
from json.encoder import encode_basestring
from typing import Any

from logagent.core.arrays import as_array, is_long, numpy
from logagent.core.batch import Batch, Origin, shown
from logagent.core.rendering.json_text import without_line_breaks
from logagent.core.units import MILLISECOND, SECOND

MOST_RUNS = 8
"""Runs of lines with equally long heads, up to which each is written by itself: more cost as much as a format."""

_quote: Callable[[str], str] = encode_basestring

_SHORT_ESCAPES = {8: b"\\b", 9: b"\\t", 12: b"\\f", 13: b"\\r"}
_CONTROLS = {bytes([code]): _SHORT_ESCAPES.get(code, b"\\u%04x" % code) for code in range(32) if code != 10}
_LINE_BREAKS = {sign.encode(): b"\\u%04x" % ord(sign) for sign in "\u0085\u2028\u2029"}
_TIME_AT = len('{"time":"')
_SECOND_LENGTH = len("2026-11-29T10:00:00")
_NO_TIME = '{"time":null'


def plain_records(batch: Batch) -> bytes | None:
    """Return the records of a batch as NDJSON, byte for byte as they are made one by one.

    It depends on nothing but the batch, so any thread may call it.

    Returns:
        None if they have to be made one by one: where the batch is small, has flags or lacks columns, where a time
        takes more than 64 bits, or as long as numpy is not loaded.
    """
    if batch.flags is not None or not batch.origins or not is_long(batch.times, batch.offsets):
        return None
    assert batch.times is not None
    assert batch.offsets is not None
    times, offsets = as_array(batch.times), as_array(batch.offsets)
    text, encoded = _as_text(batch)
    text = _escaped(text, batch.count)
    if batch.origin is None and not encoded and offsets.min() >= 0:
        runs = _runs(offsets)
        if len(runs) <= MOST_RUNS:
            return _headed(text, batch.origins[0], times, offsets, runs)
    return _formatted(batch, text, encoded, times)


def _as_text(batch: Batch) -> tuple[bytes, set[int]]:
    """Return the body as UTF-8, and the indices of the lines that are not: these stand in it in base64."""
    if _is_text(batch.body):
        return batch.body, set()
    lines = batch.lines()
    encoded = {place for place, line in enumerate(lines) if not _is_text(line)}
    for place in encoded:
        lines[place] = base64.b64encode(lines[place])
    return b"\n".join([*lines, b""]), encoded


def _is_text(text: bytes) -> bool:
    if text.isascii():
        return True
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


def _escaped(text: bytes, lines: int) -> bytes:
    """Escape a text of so many lines as strings of JSON, but for its line breaks."""
    np = numpy()
    controls = np.count_nonzero(np.frombuffer(text, np.uint8) < 32) > lines
    if b"\\" in text:
        text = text.replace(b"\\", b"\\\\")
    if b'"' in text:
        text = text.replace(b'"', b'\\"')
    for sign, escape in _CONTROLS.items() if controls else ():
        text = text.replace(sign, escape)
    if not text.isascii():
        for sign, escape in _LINE_BREAKS.items():
            text = text.replace(sign, escape)
    return text


def _runs(offsets: Any) -> list[tuple[int, int, int]]:
    """Return each run of offsets with as many digits: its first index, the one after its last, how many these are."""
    np = numpy()
    digits = np.maximum(np.searchsorted(_powers(), offsets, "right"), 1)
    borders = [0, *(np.flatnonzero(digits[1:] != digits[:-1]) + 1).tolist(), len(offsets)]
    return [(first, behind, int(digits[first])) for first, behind in pairwise(borders)]


def _headed(text: bytes, origin: Origin, times: Any, offsets: Any, runs: list[tuple[int, int, int]]) -> bytes:
    """Return the records of lines of one file, with a head before each line."""
    np = numpy()
    ends = np.flatnonzero(np.frombuffer(text, np.uint8) == 10)
    parts = []
    for first, behind, digits in runs:
        begin, end = int(ends[first - 1]) + 1 if first else 0, int(ends[behind - 1]) + 1
        heads = _heads(origin, times[first:behind], offsets[first:behind], digits)
        parts.append(_with_heads(text[begin:end], ends[first:behind] - begin, heads))
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _with_heads(text: bytes, ends: Any, heads: Any) -> bytes:
    """Return the records of lines whose ends are known, `heads` standing before them."""
    np = numpy()
    count, length = heads.shape
    # Behind each line is room for the head of the next, behind the last in vain: copies are large, so these are few.
    records = bytearray(text).replace(b"\n", b'"}\n' + bytes(length))
    starts = ends[:-1] + 1
    starts += np.arange(2, 2 * count, 2)
    starts += np.arange(0, length * (count - 1), length)
    heads = heads.view(f"V{length}").ravel()
    # As if a head began at each byte: those at the starts are replaced as a whole.
    np.ndarray((len(records) - length + 1,), f"V{length}", records, 0, (1,))[starts] = heads[1:]
    with memoryview(records) as view:
        return b"".join([heads[:1].tobytes(), view[:-length]])


def _heads(origin: Origin, times: Any, offsets: Any, digits: int) -> Any:
    """Return what stands before each line in its record: a row of bytes for each."""
    np = numpy()
    time = _NO_TIME if not origin.timed else '{"time":"' + "0" * (_SECOND_LENGTH + 10) + 'Z"'
    template = without_line_breaks(f'{time},{_where(origin)}{"0" * digits},"line":"')
    heads = np.empty((len(times), len(template)), np.uint8)
    heads[:] = np.frombuffer(template, np.uint8)
    if origin.timed:
        _write_times(heads[:, _TIME_AT:], times)
    end, left = len(template) - len(',"line":"'), digits
    while left > 2:
        higher = offsets // 1000
        _write(heads, end - 3, _threes()[offsets - higher * 1000])
        offsets, end, left = higher, end - 3, left - 3
    if left:
        heads[:, end - left : end] = _threes().view(np.uint8).reshape(-1, 3)[offsets, 3 - left :]
    return heads


def _write_times(texts: Any, times: Any) -> None:
    """Write times into rows of bytes, as `2026-11-29T10:00:00.123456789`."""
    np = numpy()
    seconds = times // SECOND
    borders = np.flatnonzero(seconds[1:] != seconds[:-1]) + 1
    spelled = np.datetime_as_string(np.concatenate((seconds[:1], seconds[borders])).astype("datetime64[s]"))
    lengths = np.diff(np.concatenate(([0], borders, [len(times)])))
    _write(texts, 0, np.repeat(spelled.astype(f"S{_SECOND_LENGTH}"), lengths))
    texts[:, _SECOND_LENGTH] = ord(".")
    fractions = times - seconds * SECOND
    milliseconds = fractions // MILLISECOND
    _write(texts, _SECOND_LENGTH + 1, _threes()[milliseconds])
    rest = fractions - milliseconds * MILLISECOND
    if rest.any():
        _write(texts, _SECOND_LENGTH + 4, _threes()[rest // 1000])
        _write(texts, _SECOND_LENGTH + 7, _threes()[rest % 1000])
    else:
        texts[:, _SECOND_LENGTH + 4 : _SECOND_LENGTH + 10] = ord("0")


def _write(rows: Any, at: int, texts: Any) -> None:
    """Write texts of equal length into rows of bytes, from a column on."""
    kind = f"V{texts.itemsize}"
    rows[:, at : at + texts.itemsize].view(kind)[:, 0] = texts.view(kind)


def _formatted(batch: Batch, text: bytes, encoded: set[int], times: Any) -> bytes:
    """Return the records by a format for the whole batch, of which one tuple holds all values."""
    np = numpy()
    assert batch.offsets is not None, "a batch without places"
    spelled = np.full((len(times), _SECOND_LENGTH + 13), ord('"'), np.uint8)
    _write_times(spelled[:, 1:], times)
    spelled[:, -2] = ord("Z")
    texts = spelled.view(f"S{_SECOND_LENGTH + 13}").ravel().tolist()
    files = batch.origin_of_each()
    if not all(origin.timed for origin in batch.origins):
        texts = [text if batch.origins[file].timed else b"null" for file, text in zip(files, texts, strict=True)]
    formats = [_format(origin, "line") for origin in batch.origins]
    rows = list(map(formats.__getitem__, files))
    for place in encoded:
        rows[place] = _format(batch.origins[files[place]], "line_base64")
    values = zip(texts, batch.offsets, text[:-1].split(b"\n"), strict=True)
    return b"".join(rows) % tuple(chain.from_iterable(values))


def _format(origin: Origin, line: str) -> bytes:
    where = without_line_breaks(_where(origin)).replace(b"%", b"%%")
    return b'{"time":%%b,%b%%d,"%b":"%%b"}\n' % (where, line.encode())


def _where(origin: Origin) -> str:
    return f'"host":{_quote(shown(origin.host))},"file":{_quote(shown(origin.file))},"offset":'


@cache
def _threes() -> Any:
    """Return the three digits of each number below 1000."""
    return numpy().array([b"%03d" % number for number in range(1000)], "S3")


@cache
def _powers() -> Any:
    """Return the powers of ten that 64 bits hold."""
    np = numpy()
    return np.array([10**power for power in range(19)], np.int64)
