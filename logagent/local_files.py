"""The commands over files of this machine, which they read themselves, as an agent would do."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import trio

from logagent.core.outcome import Failure
from logagent.local_reading import FileReader, reading
from logagent.terminal.answer import report
from logagent.terminal.bookmarks import show_bookmarked
from logagent.terminal.files import FilesQuestion, no_files, print_files
from logagent.terminal.local_files import LocalFiles
from logagent.terminal.question import Question
from logagent.terminal.showing import show
from logagent.terminal.streams import Streams
from logagent.terminal.unix.commands import Command
from logagent.terminal.unix.reading import AskedAgent
from logagent.terminal.unix.running import run_with


async def ask(asked: Question, local: LocalFiles, streams: Streams, environ: Mapping[str, str]) -> int:
    """Answer a query over files of this machine, print the answer, and return the exit code.

    Raises:
        OSError: if the answer cannot be written.
    """
    async with reading(local, streams.say) as reader:
        if asked.query.follow is not None:
            code = await show_bookmarked(reader, asked, streams, environ)
        else:
            code = report(await show(reader, asked, streams, environ), asked, streams)
    _say_who_may_read(reader, local, streams)
    return code


async def list_files(asked: FilesQuestion, local: LocalFiles, streams: Streams) -> int:
    """List files of this machine, and return the exit code."""
    async with reading(local, streams.say) as reader:
        with trio.move_on_after(asked.timeout):
            try:
                code = print_files(await reader.list_read(asked.query, asked.timeout), asked, streams)
            except Failure as failure:
                code = no_files(failure, asked, streams)
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
        async with reading(local, streams.say) as reader:
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
