"""Frames: the encoding of batches between agents, encoder beside decoder.

The layout of a frame; numbers are big-endian, but columns are little-endian, so that most machines copy them unchanged:

    u32  length of all that follows
    u8   columns present: 1 times, 2 offsets, 4 origin, 8 flags, 16 keys; 32: the batch is live; 64: it has notes;
         128: it tells labels of hosts
    u32  count of lines
    u64  bytes scanned since the frame before it
    u64  bytes planned since then
    u16  count of origins, then for each: u16 length and UTF-8 of host, file and log, u8 timed, u64 fingerprint
    u16  count of positions, then for each: u16 length and UTF-8 of host and log, u64 fingerprint, u64 offset
    u16  count of notices, then for each: u16 length and UTF-8 of host and message, u8 status
    u16  count of notes, if present, then for each: u16 length and UTF-8 of host and kind, u64 count, u16 count of
         files, then for each: u16 length and UTF-8
    the labels of the hosts of origins, if present (see `frame_labels`)
    i64  times[count]     if present
    i64  offsets[count]   if present
    u16  origin[count]    if present
    u8   flags[count]     if present
    i64  keys[count]      if present
    the lines, each ended by \\n
"""

from __future__ import annotations

import struct
import sys
from array import array
from collections.abc import Iterator

from logagent.core.arrays import line_breaks
from logagent.core.batch import Batch, Column, Notice, Origin, Position
from logagent.core.notes import Note
from logagent.core.outcome import Status
from logagent.core.wire.frame_cuts import MAX_NAMED, fits, frames_of
from logagent.core.wire.frame_labels import encode_labels, with_labels

BATCHES = "application/vnd.logagent.batches"
"""The media type; its parameters `times` and `places` (true or false) ask for these columns.

`notes` asks for notes, which agents of the first version cannot read, `labels` for the labels of hosts."""
SCOPE_HEADER = "log-scope"
"""`log-scope: own` asks an agent for its own files only, so that agents never ask each other in circles."""
VERSION_HEADER = "logagent-version"
"""The header that every response of an agent has, and no response of another server."""
MAX_FRAME = 64 * 1024 * 1024
"""Bytes of one frame at most. A batch holds a few hundred KiB or one overlong line; more is not a frame."""
MAX_LINES = 1024 * 1024
"""Lines of one frame at most: an agent sends at most a mebibyte of lines at a time, or else one record. Each line takes
some hundred bytes of the receiver's memory, be it empty."""

_LENGTH = struct.Struct(">I")
_HEAD = struct.Struct(">BIQQH")
_SHORT = struct.Struct(">H")
_ORIGIN_END = struct.Struct(">?Q")
_POSITION_END = struct.Struct(">QQ")
_NOTE_END = struct.Struct(">QH")
_MAX_COUNT = 2**64 - 1
_TIMES, _OFFSETS, _ORIGIN, _FLAGS, _KEYS, _LIVE, _NOTES, _LABELS = 1, 2, 4, 8, 16, 32, 64, 128
_STATUSES = frozenset(Status)
_EARLIEST, _LATEST = -(2**63), 2**63 - 1
_BIG_ENDIAN = sys.byteorder == "big"


class WireError(ValueError):
    """The bytes received are not a frame."""


def encode(batch: Batch) -> bytes:
    """Return the frame of a batch, or several frames if it names more than one frame can."""
    if fits(batch):
        return _encode_frame(batch)
    return b"".join(map(_encode_frame, frames_of(batch)))


def _encode_frame(batch: Batch) -> bytes:
    columns: list[tuple[int, str, Column | None]] = [
        (_TIMES, "q", batch.times),
        (_OFFSETS, "q", batch.offsets),
        (_ORIGIN, "H", batch.origin),
        (_FLAGS, "B", batch.flags),
        (_KEYS, "q", batch.keys),
    ]
    present = [(flag, kind, column) for flag, kind, column in columns if column is not None]
    columns_present = sum(flag for flag, _, _ in present)
    has_labels = any(origin.labels is not None for origin in batch.origins)
    columns_present |= (_LIVE if batch.live else 0) | (_NOTES if batch.notes else 0) | (_LABELS if has_labels else 0)
    progress = min(batch.scanned, _MAX_COUNT), min(batch.planned, _MAX_COUNT)
    parts = [_HEAD.pack(columns_present, batch.count, *progress, len(batch.origins))]
    parts += [_encode_origin(origin) for origin in batch.origins]
    parts.append(_SHORT.pack(len(batch.positions)))
    parts += [_encode_position(position) for position in batch.positions]
    parts.append(_SHORT.pack(len(batch.notices)))
    parts += [_encode_notice(notice) for notice in batch.notices]
    parts += [_SHORT.pack(len(batch.notes)), *map(_encode_note, batch.notes)] if batch.notes else []
    parts += [encode_labels(batch.origins, _encode_names)] if has_labels else []
    parts += [_encode_column(kind, column) for _, kind, column in present]
    parts.append(batch.body)
    return b"".join([_LENGTH.pack(sum(map(len, parts))), *parts])


class FrameDecoder:
    """Decodes the bytes of a connection, which may arrive in pieces of any size, into batches."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._size = 0
        self._wanted = _LENGTH.size  # bytes of the next frame, as far as is known

    def receive(self, received: bytes) -> Iterator[Batch]:
        """Yield the batches that are complete now.

        Args:
            received: the next bytes of the connection.

        Raises:
            WireError: when the bytes are not a frame; nothing more can be received.
        """
        self._pieces.append(received)
        self._size += len(received)
        if self._size < self._wanted:
            return
        pending = memoryview(b"".join(self._pieces))
        while len(pending) >= (wanted := _size_of_first(pending)):
            yield _decode(pending[_LENGTH.size : wanted])
            pending = pending[wanted:]
        self._pieces, self._size, self._wanted = [bytes(pending)], len(pending), wanted

    def finish(self) -> None:
        """End the stream.

        Raises:
            WireError: when the last frame is cut.
        """
        if self._size:
            raise WireError("the last frame is cut")


def _size_of_first(pending: memoryview) -> int:
    """Return the size of the frame that begins here, or that of its length if not even that is there."""
    if len(pending) < _LENGTH.size:
        return _LENGTH.size
    (length,) = _LENGTH.unpack_from(pending)
    if length > MAX_FRAME:
        raise WireError(f"a frame of {length} bytes is longer than {MAX_FRAME}")
    return int(_LENGTH.size + length)


def _encode_origin(origin: Origin) -> bytes:
    names = _encode_names(origin.host, origin.file, origin.log)
    return names + _ORIGIN_END.pack(origin.timed, origin.fingerprint)


def _encode_position(position: Position) -> bytes:
    return _encode_names(position.host, position.log) + _POSITION_END.pack(position.fingerprint, position.offset)


def _encode_notice(notice: Notice) -> bytes:
    return _encode_names(notice.host, notice.message) + bytes([notice.status])


def _encode_note(note: Note) -> bytes:
    names = _encode_names(note.host, note.kind) + _NOTE_END.pack(min(note.count, _MAX_COUNT), len(note.files))
    return names + _encode_names(*note.files)


def _encode_names(*names: str) -> bytes:
    encoded = [name.encode("utf-8", "surrogateescape") for name in names]
    return b"".join(part for name in encoded for part in (_SHORT.pack(min(len(name), MAX_NAMED)), name[:MAX_NAMED]))


def _encode_column(kind: str, column: Column) -> bytes:
    if isinstance(column, bytes):
        return column
    try:
        values = array(kind, column)
    except OverflowError:  # a time before 1677 or after 2262: sent as the earliest or latest that 64 bits can hold
        values = array(kind, [min(max(value, _EARLIEST), _LATEST) for value in column])
    if _BIG_ENDIAN:
        values.byteswap()
    return values.tobytes()


def _decode(frame: memoryview) -> Batch:
    try:
        return _Frame(frame).batch()
    except (struct.error, IndexError) as error:
        raise WireError(f"a frame is damaged: {error}") from None


class _Frame:
    """Reads one frame from front to back, and copies no more of it than a batch keeps."""

    def __init__(self, frame: memoryview) -> None:
        self._frame = frame
        self._at = 0

    def batch(self) -> Batch:
        columns_present, count, scanned, planned, origin_count = _HEAD.unpack(self._take(_HEAD.size))
        if count > MAX_LINES:
            raise WireError(f"a frame of {count} lines; there are at most {MAX_LINES}")
        origins = tuple(self._origin() for _ in range(origin_count))
        positions = tuple(self._position() for _ in range(self._number()))
        notices = tuple(self._notice() for _ in range(self._number()))
        notes = self._notes() if columns_present & _NOTES else ()
        origins = self._with_labels(origins) if columns_present & _LABELS else origins
        times = self._column("q", count) if columns_present & _TIMES else None
        offsets = self._column("q", count) if columns_present & _OFFSETS else None
        origin = self._column("H", count) if columns_present & _ORIGIN else None
        flags = bytes(self._take(count)) if columns_present & _FLAGS else None
        keys = self._column("q", count) if columns_present & _KEYS else None
        body = bytes(self._take(len(self._frame) - self._at))
        if line_breaks(body) != count or (body and not body.endswith(b"\n")):
            raise WireError(f"a frame of {count} lines holds others")
        if origin and max(origin) >= origin_count:
            raise WireError("a line comes from an origin that the frame does not name")
        columns = (times, offsets, origins, origin, scanned, planned, flags, keys)
        return Batch(body, count, *columns, positions, notices, bool(columns_present & _LIVE), notes)

    def _take(self, size: int) -> memoryview:
        taken = self._frame[self._at : self._at + size]
        if len(taken) < size:
            raise WireError("a frame is shorter than it says")
        self._at += size
        return taken

    def _origin(self) -> Origin:
        host, file, log = self._text(), self._text(), self._text()
        timed, fingerprint = _ORIGIN_END.unpack(self._take(_ORIGIN_END.size))
        return Origin(host, file, timed, log, fingerprint)

    def _position(self) -> Position:
        host, log = self._text(), self._text()
        return Position(host, log, *_POSITION_END.unpack(self._take(_POSITION_END.size)))

    def _notice(self) -> Notice:
        host, message = self._text(), self._text()
        status = self._take(1)[0]
        if status not in _STATUSES:
            raise WireError(f"a notice has the status {status}")
        return Notice(host, Status(status), message)

    def _notes(self) -> tuple[Note, ...]:
        return tuple(self._note() for _ in range(self._number()))

    def _note(self) -> Note:
        host, kind = self._text(), self._text()
        count, named = _NOTE_END.unpack(self._take(_NOTE_END.size))
        return Note(kind, tuple(self._text() for _ in range(named)), count, host)

    def _with_labels(self, origins: tuple[Origin, ...]) -> tuple[Origin, ...]:
        try:
            return with_labels(origins, self._number, self._text)
        except ValueError as error:
            raise WireError(str(error)) from None

    def _number(self) -> int:
        return int(_SHORT.unpack(self._take(_SHORT.size))[0])

    def _text(self) -> str:
        return str(self._take(self._number()), "utf-8", "surrogateescape")

    def _column(self, kind: str, count: int) -> Column:
        values: array[int] = array(kind)
        values.frombytes(self._take(count * values.itemsize))
        if _BIG_ENDIAN:
            values.byteswap()
        return values
