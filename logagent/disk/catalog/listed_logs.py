"""The listing of logs: their files, the times at the ends of the oldest and the newest, and what cannot be read."""

from __future__ import annotations

import os
import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from functools import partial

from logagent.core.notes import NoteKind, Notes
from logagent.core.outcome import Failure, Status, joined_causes
from logagent.core.times.judgement import SETTLED, Distrust, Judgement
from logagent.core.times.named_formats import NamedFormat
from logagent.core.times.place_words import in_words
from logagent.core.wire.listed_times import ListedTimes
from logagent.core.wire.listing import UNTIMED, UNTRUSTED, ListedFile, ListedLog
from logagent.disk.catalog.ends import KEPT, Ends, Lister
from logagent.disk.catalog.logs import Generation, Log
from logagent.disk.files.beneath import failure_of
from logagent.disk.files.blocks import Read

MAX_LISTED = 20_000
"""Logs of one listing: some twelve megabytes of JSON, and as much memory until it is sent. An agent that asks for it
takes 64 megabytes at most, and more than anyone reads are listed only for programs."""
MAX_TRIED = 3
"""Files of a log that are looked into from either end until one has lines: after a rotation the newest is empty."""

_Unchanged = tuple[tuple[int, int] | None, int, int]
"""The inode, the size and the time of modification of a file, by which it is known to be the same."""
_Asked = tuple[str, str, tzinfo, NamedFormat | None]
_State = tuple[tuple[str, tuple[int, int] | None, int, int], ...]
"""The names of the files of a log, and by what each is known to be the same."""


@dataclass(slots=True)
class _Seen:
    """What looking into the files of one log has shown so far, by their names."""

    compressed: dict[str, bool] = field(default_factory=dict)
    failures: dict[str, Failure] = field(default_factory=dict)

    def has(self, file: Generation) -> bool:
        return file.name in self.compressed or file.name in self.failures


class LogLister:
    """Looks into logs; threads may share it.

    Args:
        lister: reads the ends of files.
        kept: files that are remembered.
        read: `os.pread`, or its stand-in.
    """

    def __init__(self, lister: Lister | None = None, *, kept: int = KEPT, read: Read = os.pread) -> None:
        self._lister = lister or Lister(kept=kept, read=read)
        self._kept = kept
        self._read = read
        self._readable: OrderedDict[_Unchanged, None] = OrderedDict()
        self._looked: dict[_Asked, tuple[Log, _State, ListedLog]] = {}
        self._lock = threading.Lock()

    def look(
        self, host: str, log: Log, zone: tzinfo, named: NamedFormat | None = None, notes: Notes | None = None
    ) -> ListedLog:
        """Return a log with its times; opens each of its files that it has not seen as it is now, and blocks.

        Of the files only the ends of at most twice `MAX_TRIED` are read, of the others a byte. Each that cannot be read
        is named in the log's message; the times are those of the others. Whether a file is compressed is decided by its
        content if its ends were read, else by its name.

        Args:
            zone: time zone of times that name none.
            named: the format of time that was named for the log, if one was.
            notes: gets the files that may not be read, if a glob met the log.
        """
        known = self.known(host, log, zone, named)
        return self._looked_into(host, log, zone, named, notes or Notes()) if known is None else known

    def known(self, host: str, log: Log, zone: tzinfo, named: NamedFormat | None = None) -> ListedLog | None:
        """Return a log as `look` does, if that takes no look at its files; else None."""
        known = self._looked.get((host, log.name, zone, named))
        return known[2] if known is not None and (known[0] is log or known[1] == _state_of(log)) else None

    def _looked_into(self, host: str, log: Log, zone: tzinfo, named: NamedFormat | None, notes: Notes) -> ListedLog:
        looked, state = self._look(host, log, zone, named, notes), _state_of(log)
        if state and looked.status is Status.OK:
            if len(self._looked) >= self._kept:
                self._looked.clear()
            self._looked[host, log.name, zone, named] = log, state, looked
        return looked

    def _look(self, host: str, log: Log, zone: tzinfo, named: NamedFormat | None, notes: Notes) -> ListedLog:
        seen = _Seen()
        ends_of = partial(self._lister.ends, zone=zone, named=named, opened=log.named)
        first = _first_with_lines(log.generations, ends_of, seen)
        last = first if len(log.generations) == 1 else _first_with_lines(log.generations[::-1], ends_of, seen)
        for file in log.generations:
            if not seen.has(file) and (failure := self._failure_of(file)) is not None:
                seen.failures[file.name] = failure
        times = _times(_telling([first.judgement] if first is last else [first.judgement, last.judgement]))
        failures = [seen.failures[file.name] for file in log.generations if file.name in seen.failures]
        _note_denied(log, seen, notes)
        causes = [*(failure.message for failure in failures), _message(times)]
        return ListedLog(
            host,
            log.name,
            _files(log, seen.compressed),
            last.oldest,
            first.newest,
            tuple(name for name, _ in times.formats) if times is not None else (),
            str(zone),
            None if times is None else not times.distrust,
            joined_causes(causes) if any(causes) else "",
            times,
            failures[0].status if failures else Status.OK,
        )

    def _failure_of(self, file: Generation) -> Failure | None:
        """Return why a file cannot be read; None if it can, or could when it was as it is now."""
        unchanged = file.identity, file.size, file.modified
        with self._lock:
            if file.identity is not None and unchanged in self._readable:
                self._readable.move_to_end(unchanged)
                return None
        try:
            _require_readable(file, self._read)
        except Failure as failure:
            return failure
        with self._lock:
            self._readable[unchanged] = None
            while len(self._readable) > self._kept:
                self._readable.popitem(last=False)
        return None


def _state_of(log: Log) -> _State:
    """Return by what a log is known to be as it was; nothing if its files are to be opened in any case."""
    files = log.generations
    if log.named or not all(file.readable and file.identity is not None for file in files):
        return ()
    return tuple((file.name, file.identity, file.size, file.modified) for file in files)


def _first_with_lines(generations: Sequence[Generation], ends_of: Callable[[Generation], Ends], seen: _Seen) -> Ends:
    for generation in generations[:MAX_TRIED]:
        try:
            ends = ends_of(generation)
        except Failure as failure:
            seen.failures[generation.name] = failure
            continue
        seen.compressed[generation.name] = ends.compressed
        if ends.loss:
            seen.failures[generation.name] = Failure(Status.DATA_LOSS, ends.loss)
        if ends.judgement.lines:
            return ends
    return Ends()


def _note_denied(log: Log, seen: _Seen, notes: Notes) -> None:
    for file in log.generations if not log.named else ():
        if file.name in seen.failures and seen.failures[file.name].status is Status.PERMISSION_DENIED:
            notes.add(NoteKind.UNREADABLE, file.name.removeprefix(file.prefix))


def _require_readable(file: Generation, read: Read) -> None:
    """Open a file and read a byte; raise `Failure` if that does not succeed."""
    descriptor = file.open()
    try:
        read(descriptor, 1, 0)
    except OSError as error:
        raise failure_of(error, file.name) from error
    finally:
        os.close(descriptor)


def _telling(judgements: Sequence[Judgement]) -> Sequence[Judgement]:
    """Leave out files of few lines, which are judged by the generation beside them, if there is another."""
    return [one for one in judgements if one.stands_alone or one.lines >= SETTLED] or judgements


def _times(judgements: Sequence[Judgement]) -> ListedTimes | None:
    """Return what was found out about the files at both ends of a log; trusted if those of one of them are."""
    first, *others = judgements
    if not first.lines:
        return None
    counts = sum((Counter(judgement.formats) for judgement in others), Counter(first.formats))
    reasons = [judgement.distrust.value for judgement in judgements if judgement.distrust is not None]
    return ListedTimes(
        sum(judgement.lines for judgement in judgements),
        sum(judgement.timed for judgement in judgements),
        tuple(counts.most_common()),
        tuple(sorted({in_words(place) for judgement in judgements for place in judgement.places})),
        judgements[0].named is not None,
        any(judgement.local for judgement in judgements),
        reasons[0] if len(reasons) == len(judgements) else "",
    )


def _message(times: ListedTimes | None) -> str:
    if times is None or not times.distrust:
        return ""
    return UNTIMED if times.distrust == Distrust.NONE.value else UNTRUSTED.format(times.distrust)


def unlooked(host: str, log: Log, zone: tzinfo, message: str) -> ListedLog:
    """Return a log that there was no time to look into, with a message that says so."""
    files = _files(log, {})
    return ListedLog(host, log.name, files, zone=str(zone), message=message, status=Status.DEADLINE_EXCEEDED)


def sorted_out(logs: Iterable[Log]) -> tuple[list[Log], list[Failure]]:
    """Return the logs that were found, and a failure for everything that could not be reached."""
    found, failures = [], []
    for log in logs:
        if log.root is not None:
            found.append(log)
        else:
            failures.append(_failure(log))
    return found, failures


def _failure(refused: Log) -> Failure:
    try:
        refused.generations[0].open()
    except Failure as failure:
        return failure
    raise AssertionError(f"{refused.name} was not reached, and opens")


def _files(log: Log, compressed: Mapping[str, bool]) -> tuple[ListedFile, ...]:
    return tuple(
        ListedFile(each.name, each.size, each.modified, compressed.get(each.name, each.compressed))
        for each in log.generations
    )
