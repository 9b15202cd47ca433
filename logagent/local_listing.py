"""The list of this host's logs, as an agent gives it."""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace

import trio

from logagent.core.merging.outcomes import combine
from logagent.core.notes import Note, Notes, of_host
from logagent.core.outcome import Failure, HostOutcome, Outcome, Status, failed
from logagent.core.query import Query
from logagent.core.wire.listing import ListedLog, Listing, failing
from logagent.disk.catalog.catalog import Log
from logagent.disk.catalog.found_files import STEP
from logagent.disk.catalog.left_out import LeftOut, Wanted
from logagent.disk.catalog.listed_logs import MAX_LISTED, LogLister, sorted_out, unlooked
from logagent.local import PATIENCE_OF_FILES, LocalLogs


@dataclass(frozen=True, slots=True)
class LocalLister:
    """Lists the logs of this host within a part of the time that others wait for it.

    Attributes:
        logs: all logs of this host.
        lister: looks into files for the times of their first and last lines.
    """

    logs: LocalLogs
    lister: LogLister

    async def listing(self, query: Query, patience: float) -> Listing:
        """List the logs that a query names; logs that could not be read in time are listed without their times.

        Args:
            query: its files, and whether rotated ones belong to them.
            patience: seconds that others wait for this host.
        """
        looked: list[ListedLog] = []
        notes, left_out = Notes(), LeftOut()
        seconds = patience * PATIENCE_OF_FILES
        with trio.move_on_after(seconds) as in_time:
            try:
                found = await self.logs.threads.in_slices(self._finding(query, notes, left_out))
            except Failure as failure:
                return replace(failing(self.logs.host, failure.status, failure.message), notes=self._told(notes))
        if in_time.cancelled_caught:
            return failing(self.logs.host, Status.UNAVAILABLE, f"no answer from the disk within {seconds:g} s")
        logs, failures = sorted_out(found)
        with trio.move_on_at(in_time.deadline):
            await self.logs.threads.in_slices(self._looking_into(logs, looked, notes))
        listed = looked.copy()  # a thread that is left behind may still add to it
        failures += [*_unreadable(logs, listed), *([left_out.failure("listed")] if left_out else [])]
        every = (*listed, *map(self._unlooked, logs[len(listed) :]))
        return Listing(every, (self._part(logs, listed, failures),), self._told(notes))

    def _finding(self, query: Query, notes: Notes, left_out: LeftOut) -> Generator[None, None, list[Log]]:
        wanted = Wanted(MAX_LISTED)
        return self.logs.catalog.finding(
            query.files, rotated=query.rotated, wanted=wanted, notes=notes, unreadable=True, left_out=left_out
        )

    def _told(self, notes: Notes) -> tuple[Note, ...]:
        return of_host(notes.told(), self.logs.host)

    def _looking_into(self, logs: Sequence[Log], looked: list[ListedLog], notes: Notes) -> Generator[None, None, None]:
        """Look into one log after the other, and add what is found; yields before each that takes a look at files."""
        host, local = self.logs.host, self.logs
        is_seen_whole = local.catalog.sight is None
        for number, log in enumerate(logs):
            zone, named = local.zone_of(log), local.named_for(log)
            listed = self.lister.known(host, log, zone, named)
            if listed is None or number % STEP == STEP - 1:
                yield
            listed = listed or self.lister.look(host, log, zone, named, notes)
            back = None if is_seen_whole else log.back
            looked.append(listed if back is None else _aged(listed, time.time_ns() - back))

    def _unlooked(self, log: Log) -> ListedLog:
        return unlooked(self.logs.host, log, self.logs.zone_of(log), "not looked into in time")

    def _part(self, logs: list[Log], listed: list[ListedLog], failures: list[Failure]) -> HostOutcome:
        outcomes = [failed(failure) for failure in failures]
        if len(listed) < len(logs):
            message = f"{len(logs) - len(listed)} of {len(logs)} logs were not looked into in time; ask again for them"
            outcomes.append(Outcome(Status.DEADLINE_EXCEEDED, message))
        whole = combine([*outcomes, Outcome()], lines=len(logs), timings={})
        return HostOutcome(self.logs.host, whole.status, whole.message)


def _aged(listed: ListedLog, since: int) -> ListedLog:
    """Return a log with no earlier time than the first that may be read."""
    return listed if listed.oldest is None else replace(listed, oldest=max(since, listed.oldest))


def _unreadable(logs: Sequence[Log], listed: Sequence[ListedLog]) -> list[Failure]:
    """Return a failure for each log that could not be looked into; one that is gone by now is none.

    Logs that globs met and that may not be read are noted instead, unless no file at all may be read.
    """
    unread = [(log, one) for log, one in zip(logs, listed, strict=False) if one.status not in _WELL]
    noted = [one for log, one in unread if one.status is Status.PERMISSION_DENIED and not log.named]
    is_any_readable = any(file.readable for log in logs for file in log.generations)
    failing = [one for _, one in unread if one not in noted or not is_any_readable]
    return [Failure(one.status, one.message) for one in failing]


_WELL = (Status.OK, Status.NOT_FOUND)
