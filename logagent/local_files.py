"""Files of this machine, read by the command line itself: what an agent would do with them, without one."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import trio

from logagent.config.page_cache import leaves_from
from logagent.config.table import SKIP_FILES
from logagent.core.batch import Batch, Out
from logagent.core.hits.tally import Tallied
from logagent.core.matching.matcher import check
from logagent.core.merging.answer_cursors import AnswerCursor
from logagent.core.notes import Note, NoteKind
from logagent.core.outcome import Failure, Outcome, Status, failed
from logagent.core.query import BadParameter, Query, Source
from logagent.core.wire.listing import ListedLog, Listing
from logagent.disk.catalog.catalog import MAX_FILES
from logagent.disk.catalog.listed_logs import LogLister
from logagent.disk.catalog.path_catalog import PathCatalog
from logagent.disk.catalog.typed_paths import spellings
from logagent.disk.following.shared_tails import open_shared_tails
from logagent.disk.search.options import ReadOptions
from logagent.disk.threads import DiskThreads
from logagent.disk.watch.watching import Watching
from logagent.fanout.follow import Follow
from logagent.fanout.gather import Gather
from logagent.local import PATIENCE_OF_FILES, LocalLogs, LocalSource
from logagent.local_listing import LocalLister
from logagent.terminal.answer import report
from logagent.terminal.bookmarks import show_bookmarked
from logagent.terminal.files import FilesQuestion, no_files, print_files
from logagent.terminal.local_files import LocalFiles, is_local
from logagent.terminal.question import Question
from logagent.terminal.showing import show
from logagent.terminal.streams import Streams
from logagent.terminal.unix.commands import Command
from logagent.terminal.unix.reading import AskedAgent
from logagent.terminal.unix.running import run_with

PATIENCE = 5.0
"""Seconds that a merge waits for a file that sends nothing, as an agent does for a host."""
COMPILING = 10.0
"""Seconds that the expressions of one query may take to compile, as an agent allows."""


@dataclass
class FileReader:
    """Answers queries over files of this machine, as an agent would that had them in its roots.

    Attributes:
        logs: finds and reads them.
        lister: looks into them.
        is_denied: whether something may not be read by whoever asks.
    """

    logs: LocalLogs
    lister: LocalLister
    is_denied: bool = False

    async def pump(self, query: Query, out: Out) -> Outcome:
        """Answer a query; see `Source.pump`."""
        late = time.monotonic() + COMPILING
        try:
            await self.logs.threads.in_thread(check, query, lambda: time.monotonic() > late)
        except BadParameter as wrong:
            return failed(Failure(Status.INTERNAL, f"{wrong.name}: {wrong.reason}"))
        outcome = await self._answered(query, out)
        self._note(outcome)
        return outcome

    async def _answered(self, query: Query, out: Out) -> Outcome:
        if query.follow is not None:
            return await Follow([(self.logs.host, self.logs.live())], lambda _: self._ended(), PATIENCE).pump(
                query, out
            )
        cursor, source = AnswerCursor(query), self._ended()
        source = Tallied(source) if query.form.hits else source
        outcome = await source.pump(query, _Noting(out, cursor))
        text, missing = cursor.after(outcome)
        lacks = (Note(NoteKind.CURSOR, (), missing, self.logs.host),) if missing else ()
        return replace(outcome, cursor=text, notes=(*outcome.notes, *lacks))

    async def list_files(self, query: Query, patience: float) -> Listing:
        """List files, within so many seconds."""
        files = tuple(filter(is_local, query.files))
        if not files:
            return Listing((), ())
        listing = await self.lister.listing(replace(query, files=files), patience / PATIENCE_OF_FILES)
        self._note(listing.outcome)
        return replace(listing, logs=tuple(_by_all_spellings(listing.logs, files)))

    def _note(self, outcome: Outcome) -> None:
        statuses = {outcome.status, *(part.status for part in outcome.hosts)}
        self.is_denied |= Status.PERMISSION_DENIED in statuses

    def _ended(self) -> Source:
        source = LocalSource(self.logs, PATIENCE * PATIENCE_OF_FILES, narrows=True)
        return Gather([(self.logs.host, source)], PATIENCE, of_hosts=True)


@dataclass(frozen=True, slots=True)
class _Noting:
    """Forwards batches, and notes how far the answer has come with them."""

    out: Out
    cursor: AnswerCursor

    async def send(self, batch: Batch) -> None:
        await self.out.send(batch)
        self.cursor.note(batch)


def _by_all_spellings(logs: Sequence[ListedLog], files: Sequence[str]) -> list[ListedLog]:
    """Return logs, each under all the paths that name it."""
    others = spellings(files)
    return [each for log in logs for each in (log, *(_called(log, path) for path in others.get(log.name, ())))]


def _called(log: ListedLog, path: str) -> ListedLog:
    end = len(log.name)
    files = tuple(
        replace(file, name=path + file.name[end:]) if file.name.startswith(log.name) else file
        for file in log.generations
    )
    return replace(log, name=path, generations=files)


@asynccontextmanager
async def reading(asked: LocalFiles, *, follows: bool = False) -> AsyncIterator[FileReader]:
    """Provide what reads files of this machine.

    Args:
        asked: says how.
        follows: whether they may be followed.
    """
    threads = DiskThreads()
    logs = LocalLogs(
        catalog=PathCatalog(skip=SKIP_FILES.split(","), formats=asked.formats),
        threads=threads,
        options=ReadOptions(host=asked.host, zone=asked.zone, leaves_from=leaves_from("auto")),
        max_files=MAX_FILES,
        formats=asked.formats,
    )
    if not follows:
        yield FileReader(logs, LocalLister(logs, LogLister(logs.lister)))
        return
    async with open_shared_tails(threads, Watching()) as tails:
        logs = replace(logs, tails=tails)
        yield FileReader(logs, LocalLister(logs, LogLister(logs.lister)))


async def ask(asked: Question, local: LocalFiles, streams: Streams, environ: Mapping[str, str]) -> int:
    """Answer a query over files of this machine, print the answer, and return the exit code.

    Raises:
        OSError: if the answer cannot be written.
    """
    async with reading(local, follows=asked.query.follow is not None) as reader:
        if asked.query.follow is not None:
            code = await show_bookmarked(reader, asked, streams, environ)
        else:
            code = report(await show(reader, asked, streams, environ), asked, streams)
    _say_who_may_read(reader, local, streams)
    return code


async def list_files(asked: FilesQuestion, local: LocalFiles, streams: Streams) -> int:
    """List files of this machine, and return the exit code."""
    async with reading(local) as reader:
        with trio.move_on_after(asked.timeout):
            code = print_files(await reader.list_files(asked.query, asked.timeout), asked, streams)
            _say_who_may_read(reader, local, streams)
            return code
    return no_files(None, asked, streams)


async def run_unix(command: Command, local: LocalFiles, streams: Streams, environ: Mapping[str, str]) -> int:
    """Run `grep`, `tail`, `ls` or `cat` over files of this machine, and return the exit code.

    Raises:
        OSError: if the answer cannot be written.
    """
    readers: list[FileReader] = []

    @asynccontextmanager
    async def answering(until: float) -> AsyncIterator[AskedAgent]:
        async with reading(local, follows=command.waits_for_lines) as reader:
            readers.append(reader)
            yield reader

    code = await run_with(answering, command, streams, environ)
    for reader in readers:
        _say_who_may_read(reader, local, streams)
    return code


def _say_who_may_read(reader: FileReader, local: LocalFiles, streams: Streams) -> None:
    """Say who may be asked for files that whoever types may not read."""
    if reader.is_denied:
        streams.say(f"an agent that may read it answers with --agent; that of this host: --agent {local.agent}")
