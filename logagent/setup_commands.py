"""The commands that serve or set something up: each imports its modules when it runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from logagent.terminal.setup_arguments import (
    AccessArguments,
    CertsArguments,
    ContextArguments,
    DemoArguments,
    ReloadArguments,
    ServeArguments,
    StdioArguments,
    TokenArguments,
)
from logagent.terminal.streams import Streams
from logagent.terminal.verdicts import FAILED

WHAT_FOR = (
    "stdio speaks HTTP/2 over standard input and output, for other programs: `logagent query --peer ssh://HOST ...` "
    "starts it on HOST; to ask for logs of this host type `logagent query`, to serve them `logagent serve`"
)
"""What is told of it to somebody who types it."""


def run_serve(typed: ServeArguments, environ: Mapping[str, str], streams: Streams) -> int:
    """Run `serve`."""
    if typed.check:
        return _check(typed, environ, streams)
    import socket

    from logagent.config.control import places
    from logagent.config.hints import hints
    from logagent.config.loading import load
    from logagent.config.settings import Settings

    file = typed.config or environ.get("LOGAGENT_CONFIG") or None
    host = socket.gethostname()

    def read(fixed: Mapping[str, Sequence[str]]) -> Settings:
        return load({**typed.settings, **fixed}, environ, host=host, file=file)

    settings = read({})
    for hint in hints(typed.settings, environ, file):
        streams.say(hint)
    import trio

    from logagent.running import serving

    def started(addresses: Sequence[str]) -> None:
        roots = ", ".join(map(str, settings.root))
        try:
            streams.print(f"logagent: {settings.name} serves {roots} on {', '.join(addresses)}\n")
        except OSError as error:  # It serves all the same: nobody needs that line.
            streams.say(str(error))

    control = places(settings.control, settings.name, settings.listen, environ)
    trio.run(partial(serving.serve, settings, started=started, warn=streams.say, again=read, control=control))
    return 0


def _check(typed: ServeArguments, environ: Mapping[str, str], streams: Streams) -> int:
    """Say what would be served, where, to whom, and why not."""
    import socket

    from logagent.config.every_fault import settings_and_faults
    from logagent.core.escapes import in_line
    from logagent.running import checking

    file = typed.config or environ.get("LOGAGENT_CONFIG") or None
    checked = checking.check(*settings_and_faults(typed.settings, environ, host=socket.gethostname(), file=file))
    streams.print("".join(f"{in_line(line)}\n" for line in checked.report))
    for warning in checked.warnings:
        streams.say(f"warning: {warning}")
    for fault in checked.faults:
        streams.say(fault)
    count = len(checked.faults)
    would = f"would not start: {count} fault{'' if count == 1 else 's'}" if count else "would start"
    streams.print(f"serve {would}\n")
    return FAILED if count else 0


def run_stdio(typed: StdioArguments, environ: Mapping[str, str], streams: Streams) -> int:
    """Run `stdio`."""
    import os
    import socket

    from logagent.config.stdio import load_stdio

    if os.isatty(0) or os.isatty(1):
        streams.say(WHAT_FOR)
        return FAILED
    file = typed.config or environ.get("LOGAGENT_CONFIG") or None
    settings = load_stdio(typed.settings, environ, host=socket.gethostname(), file=file)
    import trio

    from logagent.running import own_pipes, stdio

    async def serve() -> None:
        await stdio.serve(settings, own_pipes.take_over())

    try:
        trio.run(serve)
    except own_pipes.NoPipes as error:
        streams.say(f"{error}; {WHAT_FOR}")
        return FAILED
    return 0


def run_certs(typed: CertsArguments, streams: Streams) -> int:
    """Run `certs`."""
    from datetime import UTC, datetime

    from logagent.authority import command

    return command.run(typed, streams, now=datetime.now(UTC))


def run_reload(typed: ReloadArguments, environ: Mapping[str, str], streams: Streams) -> int:
    """Run `reload`."""
    from logagent.terminal import reload

    return reload.run(typed, environ, streams)


def run_token(typed: TokenArguments, environ: Mapping[str, str], streams: Streams) -> int:
    """Run `token`."""
    import time

    from logagent.terminal import tokens

    return tokens.run(typed, environ, streams, now=int(time.time()))


def run_access(typed: AccessArguments, environ: Mapping[str, str], streams: Streams) -> int:
    """Run `access`."""
    from logagent import access_command

    return access_command.run(typed, environ, streams)


def run_context(typed: ContextArguments, file: str, environ: Mapping[str, str], streams: Streams) -> int:
    """Run `context`.

    Args:
        file: the path of the file of contexts; empty: it is not known.
    """
    from logagent.terminal.contexts import command

    return command.run(typed, file, environ, streams)


def run_demo(typed: DemoArguments, environ: Mapping[str, str], streams: Streams) -> int:
    """Run `demo`."""
    from pathlib import Path

    from logagent.demo import play

    return play.run(Path(typed.directory) if typed.directory else None, environ, streams, keep=typed.keep)
