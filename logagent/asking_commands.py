"""The commands that ask: each imports its modules when it runs, since none is to wait for those of another."""

from __future__ import annotations

import contextlib
import gc
import io
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING

from logagent.peers.direct.waiting import SpeaksHttp1
from logagent.terminal import arguments
from logagent.terminal.arguments import (
    DoctorArguments,
    FilesArguments,
    FormatsArguments,
    HitsArguments,
    HostsArguments,
    QueryArguments,
)
from logagent.terminal.local_files import LocalFiles
from logagent.terminal.peer_addresses import PeerAddresses
from logagent.terminal.streams import Streams
from logagent.terminal.unix_arguments import UnixArguments
from logagent.terminal.verdicts import DIED_OF_SIGNAL

if TYPE_CHECKING:
    from types import ModuleType

    from logagent.terminal.address import Asked
    from logagent.terminal.hosts import HostsQuestion


@contextlib.contextmanager
def loading() -> Iterator[None]:
    """Let the garbage collector rest while modules are loaded: none of what it would look through is garbage."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _interruptible(act: Callable[[], Awaitable[int]]) -> int:
    import trio

    from logagent.terminal.interrupts import until_signalled

    return trio.run(until_signalled, act, signal.SIGINT)


def paged(
    act: Callable[[Streams], int], typed: arguments.AskArguments, environ: Mapping[str, str], streams: Streams
) -> int:
    """Run a command, on a terminal through a pager if what it prints does not fit there."""
    if typed.no_pager or not streams.interactive or not streams.stdout.isatty():
        return act(streams)
    from logagent.terminal.pager import paged

    return paged(act, streams, environ)


def _hint(typed: QueryArguments | HitsArguments, streams: Streams) -> None:
    from logagent.terminal.names import shell_hints

    for hint in shell_hints(typed.files[0], typed.words, os.path.isfile):
        streams.say(hint)


def run_follow(typed: QueryArguments, environ: Mapping[str, str], streams: Streams) -> int:
    """Run `follow`."""
    from logagent.terminal import follow
    from logagent.terminal.question import question

    _hint(typed, streams)
    asked = question(typed, environ)
    if (answering := _answering_here(asked.agent)) is not None:
        return _interruptible(partial(answering.ask, asked, asked.agent, streams, environ))
    return _interruptible(partial(follow.follow, asked, streams, environ))


def _answering_here(asked: Asked) -> ModuleType | None:
    """Return the module whose functions answer what does not go to one agent, named alike in each; None if it does."""
    with loading():
        if isinstance(asked, LocalFiles):
            from logagent import local_files

            return local_files
        if isinstance(asked, PeerAddresses):
            from logagent import peer_commands

            return peer_commands
    return None


def run_query(typed: QueryArguments | HitsArguments, environ: Mapping[str, str], streams: Streams) -> int:
    """Run `query` and `hits`."""
    with loading():
        from logagent.terminal import plain
        from logagent.terminal.question import hits_question, question

    _hint(typed, streams)
    asked = hits_question(typed, environ) if isinstance(typed, HitsArguments) else question(typed, environ)
    if (answering := _answering_here(asked.agent)) is not None:
        return _interruptible(partial(answering.ask, asked, asked.agent, streams, environ))
    try:
        return plain.ask(asked, streams, environ)
    except SpeaksHttp1:
        from logagent.terminal import query

        return _interruptible(partial(query.ask, asked, streams, environ))


def run_unix(typed: UnixArguments, environ: Mapping[str, str], streams: Streams) -> int:
    """Run `grep`, `tail`, `cat` and `ls`."""
    from logagent.terminal.unix import commands

    command = commands.checked_command(typed, environ)
    if (answering := _answering_here(command.request.agent)) is not None:
        return _interruptible(partial(answering.run_unix, command, command.request.agent, streams, environ))
    try:
        if command.waits_for_lines:
            raise SpeaksHttp1
        return commands.run(command, streams, environ)
    except SpeaksHttp1:
        from logagent.terminal.unix import on_trio

        return _interruptible(partial(on_trio.run, command, streams, environ))


def run_files(typed: FilesArguments, environ: Mapping[str, str], streams: Streams) -> int:
    """Run `files`."""
    with loading():
        from logagent.terminal import plain_documents
        from logagent.terminal.files import files_question

    asked = files_question(typed, environ)
    if (answering := _answering_here(asked.agent)) is not None:
        return _interruptible(partial(answering.list_files, asked, asked.agent, streams))
    try:
        return plain_documents.ask_files(asked, streams)
    except SpeaksHttp1:
        from logagent.terminal import documents

        return _interruptible(partial(documents.ask_files, asked, streams))


def run_hosts(typed: HostsArguments, environ: Mapping[str, str], streams: Streams) -> int:
    """Run `hosts`."""
    with loading():
        from logagent.terminal import plain_documents
        from logagent.terminal.hosts import hosts_question

    asked = hosts_question(typed, environ)
    answering = _answering_here(asked.agent)
    if typed.watch is not None:
        return _watch_hosts(asked, typed.watch, typed.seconds, answering, streams)
    if answering is not None:
        return _interruptible(partial(answering.list_hosts, asked, asked.agent, streams))
    try:
        return plain_documents.ask_hosts(asked, streams)
    except SpeaksHttp1:
        from logagent.terminal import documents

        return _interruptible(partial(documents.ask_hosts, asked, streams))


def _watch_hosts(
    asked: HostsQuestion, watch: str, seconds: str | None, answering: ModuleType | None, streams: Streams
) -> int:
    from logagent.terminal import watched_hosts

    pause = watched_hosts.seconds_of(watch, seconds)
    look = partial(answering.watch_hosts, asked, asked.agent) if answering else partial(watched_hosts.watch, asked)
    code = _interruptible(partial(look, pause, streams))
    return 0 if code == DIED_OF_SIGNAL + signal.SIGINT else code  # it is how a watch ends


def run_doctor(typed: DoctorArguments, environ: Mapping[str, str], streams: Streams) -> int:
    """Run `doctor`."""
    from logagent.terminal.doctor import command

    return _interruptible(partial(command.run, typed, environ, streams))


def run_formats(typed: FormatsArguments, environ: Mapping[str, str], streams: Streams) -> int:
    """Run `formats`."""
    from logagent import samples
    from logagent.core.times.explaining import FileSample
    from logagent.terminal import formats

    def read(name: str, asked: formats.FormatsQuestion) -> FileSample:
        stdin = sys.stdin.buffer if sys.stdin is not None else io.BytesIO()  # None: the caller closed it
        return samples.sample(name, asked.lines, asked.zone, asked.formats, stdin)

    return formats.explain_files(formats.formats_question(typed, environ), read, streams)
