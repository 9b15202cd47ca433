"""Checking what another agent sends: whatever no honest agent sends ends its answer, and no other's.

A merge relies on columns that fit, on names and on positions; a peer that breaks them could end the whole answer, give
its lines another host's name, or make the cursor of all hosts useless. What can be true is believed: which lines there
are, and their times.
"""

from __future__ import annotations

import operator

from logagent.core.batch import Batch, LineFlag, Position
from logagent.core.columns import bounds
from logagent.core.hits.counts import are_counts, counts_of
from logagent.core.hits.steps import LADDER
from logagent.core.merging.keys import keys_of
from logagent.core.outcome import Failure, Outcome, Status
from logagent.core.query import Query
from logagent.core.wire.frames import WireError

MOST_BYTES = 2**54
"""Bytes of log, and lines of hits, that one answer of a peer may claim: more than any disk holds; the sum over all
hosts still has the 19 digits that a verdict may have."""
MOST_HOSTS = 1_000_000
"""Hosts that one peer may say that it left out of its verdict: more than any fleet has."""
MOST_NAMES = 32 * 1024 * 1024
"""Bytes of the names of different logs in one answer of a peer, some 200,000 logs: positions are held in
memory, and gone through with each batch."""
MOST_NOTES = 64
"""Notes of one host at a time: there is one for each kind, and there are few kinds."""
LARGEST = 2**63 - 1
"""The largest fingerprint and offset: a cursor holds no larger one."""
HEAD = 4
"""Bytes at the head of a file that need not be read, a byte order mark: newest first, a file that is read up to there
is read whole, and the next one may begin with the same bytes."""

_FLAGS = bytes(
    kind | gap | partial
    for kind in (0, LineFlag.CONTINUES, LineFlag.LEADS, LineFlag.TRAILS)
    for gap in (0, LineFlag.GAP)
    for partial in (0, LineFlag.PARTIAL)
)


class Checks:
    """Checks the batches of one answer of a peer.

    Args:
        query: what the peer was asked.
        host: the name that everything in its batches must carry; None: any.
    """

    def __init__(self, query: Query, host: str | None) -> None:
        self._query = query
        self._host = host
        self._places = _Places(query)
        self._records = self._lines = self._scanned = self._planned = 0

    def check(self, batch: Batch) -> Batch:
        """Return the batch.

        Raises:
            WireError: when no honest agent sends it; the message says what is wrong.
        """
        self._check_columns(batch)
        self._check_names(batch)
        if batch.count and self._query.form.hits:
            self._check_counts(batch)
        self._places.check(batch)
        self._check_amounts(batch)
        return batch

    def settle(self, outcome: Outcome) -> Outcome:
        """Return the outcome that the peer's verdict tells.

        Raises:
            Failure: DATA_LOSS when the peer says that the answer is complete, but another number of lines came;
                INTERNAL when the verdict cannot be true.
        """
        if outcome.bytes_scanned > MOST_BYTES or any(note.count > MOST_BYTES for note in outcome.notes):
            raise Failure(Status.INTERNAL, "its verdict tells more bytes than any disk holds")
        failing = [part for part in outcome.hosts if part.fails]
        if outcome.omitted.hosts > MOST_HOSTS:
            raise Failure(Status.INTERNAL, f"its verdict tells of {outcome.omitted.hosts} hosts that it does not name")
        if outcome.complete and outcome.omitted.failing:
            raise Failure(Status.INTERNAL, "its verdict is complete, but has hosts that failed and are not named")
        if outcome.complete and failing:
            raise Failure(Status.INTERNAL, f"its verdict is complete, but has a host that failed, {failing[0].host!r}")
        if outcome.complete and not self._query.follow and outcome.lines != self._lines:
            raise Failure(Status.DATA_LOSS, f"says that it sent {outcome.lines} lines, but {self._lines} came")
        return outcome

    def _check_columns(self, batch: Batch) -> None:
        form = self._query.form
        asked = [(form.times, batch.times), (form.places, batch.offsets), (form.places, batch.origins)]
        if batch.count and any(wanted and not column for wanted, column in asked):
            raise WireError("a column that was asked for is missing")
        if batch.flags is not None:
            self._check_flags(batch, batch.flags)
        if (batch.live or batch.notices) and not self._query.follow:
            raise WireError("an answer that ends holds notices of a follow")

    def _check_flags(self, batch: Batch, flags: bytes) -> None:
        if flags.translate(None, _FLAGS):
            raise WireError("a line has flags that contradict each other, or that nobody knows")
        if batch.count and flags[0] & LineFlag.CONTINUES:
            raise WireError("a first line continues one that is not there")
        keys = keys_of(batch)
        differing = map(operator.ne, keys[1:], keys)
        if any(flag & LineFlag.CONTINUES for flag, differs in zip(flags[1:], differing, strict=True) if differs):
            raise WireError("the lines of one event are merged by different times")

    def _check_names(self, batch: Batch) -> None:
        hosts = hosts_in(batch)
        if self._host is not None and not hosts <= {self._host}:
            other = min(hosts - {self._host})
            raise WireError(f"something is said of another host, {other[:100]!r}")
        if len(batch.notes) > MOST_NOTES * max(1, len(hosts)):
            raise WireError(f"more than {MOST_NOTES} notes of one host")
        if any(note.count > MOST_BYTES for note in batch.notes):
            raise WireError("a note counts more files than any disk holds")

    def _check_counts(self, batch: Batch) -> None:
        if not are_counts(batch):
            raise WireError("a line is no count")
        step = self._query.form.step
        for count in counts_of(batch):
            if count.step != step if step is not None else count.step not in LADDER:
                raise WireError(f"lines are counted by another step, {count.step} ns")
            if count.start % count.step:
                raise WireError("a bucket of time begins within another")
            self._lines += count.lines

    def _check_amounts(self, batch: Batch) -> None:
        self._lines += 0 if self._query.form.hits else batch.count
        self._records += batch.records
        self._scanned += batch.scanned
        self._planned += batch.planned
        if max(self._scanned, self._planned, self._lines) > MOST_BYTES:
            raise WireError("more was read or counted than any disk holds")
        most = self._query.limits.n
        if most is not None and self._records > most and not (self._query.follow or self._query.form.hits):
            raise WireError(f"more lines came than n={most}")


class _Places:
    """Checks where lines stand, and that positions go on and never back."""

    def __init__(self, query: Query) -> None:
        self._newest = query.is_newest_first
        self._follows = query.follow is not None
        self._goes_on = self._newest and not self._follows
        self._has_lines = not self._follows and not query.form.hits
        """Counts stand nowhere: positions that come with them say how far the logs were read."""
        self._logs: set[tuple[str, str]] = set()
        self._reached: dict[tuple[str, str], Position] = {}
        self._room = MOST_NAMES

    def check(self, batch: Batch) -> None:
        self._check_offsets(batch)
        for origin in batch.origins:
            self._note_log(origin.log_id)
            if origin.fingerprint > LARGEST:
                raise WireError("a file has a fingerprint that no file has")
        for position in batch.positions:
            self._note_log((position.host, position.log))
            self._check_position(position)
        if self._has_lines:
            self._check_against_lines(batch)

    def _check_offsets(self, batch: Batch) -> None:
        if batch.offsets:
            least, greatest = bounds(batch.offsets)
            if least < 0 or greatest > LARGEST - 8 * len(batch.body):
                raise WireError("a line stands where no file has a place")

    def _note_log(self, log: tuple[str, str]) -> None:
        if log in self._logs:
            return
        self._logs.add(log)
        self._room -= sum(map(len, log)) + 100  # a position takes some hundred bytes itself
        if self._room < 0:
            raise WireError(f"more than {MOST_NAMES} bytes of names of logs")

    def _check_position(self, position: Position) -> None:
        """Check that a position lies behind the one before it, in the order of the answer.

        Oldest first nothing tells whether a file with the same first bytes was read to its end and the next begins; in
        a follow a file may be truncated and written anew.
        """
        log = position.host, position.log
        known = self._reached.get(log)
        if max(position.fingerprint, position.offset) > LARGEST:
            raise WireError("a position lies where no file has a place")
        if known is not None and known.fingerprint == position.fingerprint and self._goes_on:
            self._check_progress(known.offset, position.offset)
        self._reached[log] = position

    def _check_progress(self, before: int, now: int) -> None:
        if HEAD < before < now:
            raise WireError("a position runs backwards")

    def _check_against_lines(self, batch: Batch) -> None:
        """Check that a position lies behind the lines of its batch, in the order of the answer."""
        if not batch.positions or not batch.offsets or not batch.origins:
            return
        files = [(*origin.log_id, origin.fingerprint) for origin in batch.origins]
        ends = [(0, batch.count - 1)] if batch.origin is None else zip(batch.origin, range(batch.count), strict=True)
        last = {files[index]: place for index, place in sorted(dict(ends).items(), key=operator.itemgetter(1))}
        for host, log, fingerprint, reached in batch.positions:
            place = last.get((host, log, fingerprint))
            if place is None:
                continue
            if reached > batch.offsets[place] if self._newest else reached < batch.offsets[place]:
                raise WireError("a position lies before lines that came with it")


def hosts_in(batch: Batch) -> set[str]:
    """Return the names of all hosts of which a batch says something."""
    hosts = {origin.host for origin in batch.origins} | {position.host for position in batch.positions}
    return hosts | {notice.host for notice in batch.notices} | {note.host for note in batch.notes}
