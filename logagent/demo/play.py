"""The command `demo`: a primary and three secondaries on loopback with made-up logs, and one query to all of them."""

from __future__ import annotations

import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import trio

from logagent.authority import certs
from logagent.authority.signing import CertsError
from logagent.config.setting import ENVIRONMENT
from logagent.core.outcome import Outcome
from logagent.core.query import Query
from logagent.demo.logs import EVERY, MadeUpHost, local_now
from logagent.peers.client.http_client import connect
from logagent.peers.source import PeerSource
from logagent.terminal import showing
from logagent.terminal.address import AgentAddress
from logagent.terminal.answer import CLOSED_PIPE
from logagent.terminal.interrupts import until_signalled
from logagent.terminal.question import Question
from logagent.terminal.streams import Streams
from logagent.terminal.verdicts import FAILED, exit_code

PRIMARY = "primary"
"""The name of the agent that is asked, and that asks the others."""
SECONDARIES = ("secondary-1", "secondary-2", "secondary-3")
LABELS = {
    "primary": ("role=gateway", "zone=a"),
    "secondary-1": ("role=shop", "zone=a"),
    "secondary-2": ("role=shop", "zone=b"),
    "secondary-3": ("role=db", "zone=b"),
}
"""The names of the other agents."""
PROJECT_CERTS = Path("certs")
"""The directory for certificates in a clone of this project, below the working directory."""
LOOPBACK = "127.0.0.1"
"""The address of every agent."""
QUERY = Query.of(files=("alternatives.log",), keywords=(b"updated",), n=12, places=True)
"""The query that is shown. The lines that it finds are few, and from every host."""
READY = 30.0
"""Seconds within which an agent must be ready: several times what a slow machine needs to load it."""
GRACEFUL = "2s"
"""How long an agent may continue when it is told to stop: less than the five seconds after which Trio kills it."""


class DemoError(Exception):
    """The demonstration cannot continue; the message says why."""


@dataclass(frozen=True, slots=True)
class Stage:
    """The directories and the environment of a demonstration.

    Attributes:
        directory: for logs, and for the agents' standard error.
        certs: the directory of certificates.
        environ: the user's environment.
    """

    directory: Path
    certs: Path
    environ: Mapping[str, str]

    @property
    def environ_of_agents(self) -> dict[str, str]:
        """The user's environment without settings of agents, which would change these agents too."""
        return {name: value for name, value in self.environ.items() if not name.startswith(ENVIRONMENT)}

    def logs(self, name: str) -> Path:
        """Return the directory of a host's logs."""
        return self.directory / name / "log"

    def said(self, name: str) -> Path:
        """Return the file of what a host's agent says on standard error."""
        return self.directory / name / "agent.log"


def run(directory: Path | None, environ: Mapping[str, str], streams: Streams, *, keep: bool) -> int:
    """Run the demonstration, and return the exit code of the query; all processes end with it.

    Args:
        directory: where to put logs and, in its `certs`, certificates, which stay there. None: logs go to a temporary
            directory, and certificates too, or to `certs/demo` if the working directory is a clone of this project.
        keep: after the query, keep the agents running and their logs growing until a signal.
    """
    signals = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup means what it says
        signals.append(signal.SIGHUP)
    return trio.run(until_signalled, partial(_demonstrate, directory, environ, streams, keep=keep), *signals)


async def _demonstrate(directory: Path | None, environ: Mapping[str, str], streams: Streams, *, keep: bool) -> int:
    try:
        if directory is not None:
            return await _play(Stage(directory, directory / "certs", environ), streams, keep=keep)
        with tempfile.TemporaryDirectory(prefix="logagent-demo-") as temporary:
            certs_directory = PROJECT_CERTS / "demo" if _is_of_project(PROJECT_CERTS) else Path(temporary, "certs")
            return await _play(Stage(Path(temporary), certs_directory, environ), streams, keep=keep)
    except (CertsError, OSError) as error:
        streams.say(str(error))
        return FAILED


def _is_of_project(directory: Path) -> bool:
    """Return whether a directory is this project's directory for certificates, to judge by its README.md."""
    readme = directory / "README.md"
    return readme.is_file() and "logagent" in readme.read_text(encoding="utf-8", errors="replace")


async def _play(stage: Stage, streams: Streams, *, keep: bool) -> int:
    _make_certificates(stage, streams)
    hosts = _make_up_logs(stage, streams)
    async with trio.open_nursery() as agents:
        try:
            code = await _show(agents, stage, hosts, streams, keep=keep)
        except DemoError as error:
            streams.say(str(error))
            code = FAILED
        agents.cancel_scope.cancel()
    streams.print("agents ended\n")
    return code


async def _show(agents: trio.Nursery, stage: Stage, hosts: list[MadeUpHost], streams: Streams, *, keep: bool) -> int:
    url = await _start_all(agents, stage, streams)
    code = await _ask(url, streams, stage.environ)
    if keep:
        streams.print(_to_try(url, stage.environ))
        await _keep(hosts, streams)
    streams.print("to ask for yourself, and to see the logs grow: logagent demo --keep\n")
    return code


def _make_certificates(stage: Stage, streams: Streams) -> None:
    """Make a certificate for each agent, and an authority unless an earlier demonstration left one."""
    now = datetime.now(UTC)
    if not (stage.certs / "ca.pem").exists():
        certs.init(stage.certs, now=now)
    for name in (PRIMARY, *SECONDARIES):
        certs.host(name, stage.certs, addresses=(LOOPBACK,), now=now, overwrite=True)
    streams.print(f"certificates for {1 + len(SECONDARIES)} agents in {stage.certs}\n")


def _make_up_logs(stage: Stage, streams: Streams) -> list[MadeUpHost]:
    hosts = [MadeUpHost(stage.logs(name), name) for name in (PRIMARY, *SECONDARIES)]
    for host in hosts:
        host.tell_past(local_now())
    streams.print(f"made-up logs of {len(hosts)} hosts below {stage.directory}\n")
    return hosts


async def _start_all(agents: trio.Nursery, stage: Stage, streams: Streams) -> str:
    """Start the secondaries, all at once, then the primary as their peer, and return the primary's URL."""
    listen = f"https://{LOOPBACK}:0"
    started = [(name, await _start(agents, stage, name, listen)) for name in SECONDARIES]
    peers = [f"--peer={name}={await _url(process, stage, streams, name)}" for name, process in started]
    primary = await _start(agents, stage, PRIMARY, f"http://{LOOPBACK}:0", *peers)
    return await _url(primary, stage, streams, PRIMARY)


async def _start(agents: trio.Nursery, stage: Stage, name: str, listen: str, *more: str) -> trio.Process:
    """Start an agent that ends with the nursery."""
    command = [
        *(sys.executable, "-m", "logagent", "serve", f"--name={name}", f"--listen={listen}", "--control=none"),
        *(f"--root={stage.logs(name)}", f"--certs={stage.certs}", f"--graceful={GRACEFUL}", *more),
        *(f"--label={label}" for label in LABELS[name]),
    ]
    environ = stage.environ_of_agents
    with stage.said(name).open("wb") as stderr:
        run = partial(trio.run_process, command, stdout=subprocess.PIPE, stderr=stderr, check=False, env=environ)
        process: trio.Process = await agents.start(run)
    return process


async def _url(process: trio.Process, stage: Stage, streams: Streams, name: str) -> str:
    """Wait until an agent is ready, and return its URL."""
    ready = await _first_line(process)
    found = re.search(r" on (https?://[^,\s]+)", ready)
    if found is None:
        said = stage.said(name).read_text(errors="replace").strip()
        raise DemoError(f"{name} did not start: {said or 'it said nothing'}")
    streams.print(f"{name} answers on {found[1]}\n")
    return found[1]


async def _first_line(process: trio.Process) -> str:
    """Return the line that an agent prints when it is ready; less if it ends before that, or takes too long."""
    line = b""
    assert process.stdout is not None
    with trio.move_on_after(READY):
        while not line.endswith(b"\n") and (piece := await process.stdout.receive_some()):
            line += piece
    return line.decode(errors="replace")


async def _ask(url: str, streams: Streams, environ: Mapping[str, str]) -> int:
    shown = f"logagent query --agent {url} -n {QUERY.limits.n} {QUERY.files[0]} {QUERY.match.keywords[0].decode()}"
    streams.print(f"\n$ {shown}\n")
    agent = AgentAddress(url, None)
    question = Question(agent, QUERY, "text", prefix=True, color="auto", verbose=False)
    async with connect(url) as client:
        outcome = await showing.show(PeerSource(client), question, streams, environ)
    if outcome is None:
        return CLOSED_PIPE
    streams.print(_verdict(outcome) + "\n")
    return exit_code(outcome)


def _verdict(outcome: Outcome) -> str:
    lines = [f"\nverdict: {outcome.status.name}, {'complete' if outcome.complete else 'not complete'}"]
    lines += [
        f"  {part.host}: {part.status.name}, {part.lines} lines {part.message}".rstrip() for part in outcome.hosts
    ]
    return "\n".join(lines) + "\n"


def _to_try(url: str, environ: Mapping[str, str]) -> str:
    """Return what to type in another terminal."""
    lines = [
        f"export {ENVIRONMENT}AGENT={url}{_path_of_program(environ)}",
        "logagent query -n 20 '**/*.log'",
        f"curl --http2 '{url}/logs?hostname={SECONDARIES[1]}&filename=alternatives.log&keyword=updated&n=20'",
    ]
    return "to try in another terminal:\n\n" + "".join(f"{line}\n" for line in lines) + "\n"


def _path_of_program(environ: Mapping[str, str]) -> str:
    """Return the assignment by which a shell finds this very program, if it does not find it already."""
    program = Path(sys.executable).with_name("logagent")
    found = shutil.which("logagent", path=environ.get("PATH", ""))
    if not program.exists() or (found and Path(found).resolve() == program.resolve()):
        return ""
    return f" PATH={shlex.quote(str(program.parent))}:$PATH"


async def _keep(hosts: list[MadeUpHost], streams: Streams) -> None:
    streams.print("the agents run and their logs grow until Ctrl-C\n")
    while True:
        await trio.sleep(EVERY)
        for host in hosts:
            host.tell_present(local_now())
