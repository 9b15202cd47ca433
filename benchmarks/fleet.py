"""What a fleet costs the agent that is asked for all of it: processor time for a host, and memory."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import commands
import logs
import processes
from processes import Process
from report import Row, megabytes, milliseconds
from stage import Stage, logs_url

HERE = Path(__file__).parent
FEW, MANY = 10, 1000
"""Hosts whose lines another process makes up."""
FEW_REAL, MANY_REAL = 6, 60
"""Hosts that are agents with logs of their own."""
NEWEST = 100
REPETITIONS = 5
MEMORY = 400e6
"""Bytes at most that an agent has while it merges `MANY` hosts."""
FLAT = 2.0
"""How much more a host of many may take than a host of few, on a machine that others use."""
PATIENT = "--patience", "60"
"""Sixty agents that were just started answer late on two cores, each waiting for its own disk thread, which is not
measured here."""
REAL_SIZE = 1_000_000
"""Bytes of each agent's log."""


def fleet(stage: Stage) -> list[Row]:
    """Scripted peers, for the primary alone; and real agents, for all of them together."""
    root = stage.directory / "fleet"
    (root / "empty").mkdir(parents=True)
    with processes.server("peers", [str(HERE / "scripted_peers.py")]) as peers:
        few, _, _ = _scripted(root, peers.url, FEW)
        many, newest, whole = _scripted(root, peers.url, MANY)
    real = [_real(root, hosts) for hosts in (FEW_REAL, MANY_REAL)]
    return [
        _flat(f"a primary's processor time for each of {MANY:,} hosts, newest {NEWEST} lines", many, few, FEW),
        _small(f"the most memory of a primary of {MANY:,} hosts, newest {NEWEST} lines", newest),
        _small(f"the same, all lines of {MANY:,} hosts", whole),
        _flat(f"processor time for each of {MANY_REAL} agents, all together, newest {NEWEST}", *real[::-1], FEW_REAL),
    ]


def _flat(what: str, many: float, few: float, hosts: int) -> Row:
    ratio = many / few
    compared = f"{milliseconds(few)} of {hosts}"
    return Row(what, milliseconds(many), compared, ratio, f"under {FLAT:g} times", ratio < FLAT)


def _small(what: str, memory: float) -> Row:
    return Row(what, megabytes(memory), "", None, f"under {megabytes(MEMORY)}", memory < MEMORY)


def _scripted(root: Path, url: str, hosts: int) -> tuple[float, float, float]:
    """Processor seconds for a host, and the primary's most memory for the newest lines and for all."""
    with _primary(root, {f"host-{number:05d}": url for number in range(hosts)}) as primary:
        question = f"{logs_url(primary, 'app.log')}&hostname=host-*"
        commands.fetch(f"{question}&n={NEWEST}", lines=NEWEST)
        used = primary.cpu_seconds
        for _ in range(REPETITIONS):
            commands.fetch(f"{question}&n={NEWEST}", lines=NEWEST)
        each, newest = (primary.cpu_seconds - used) / REPETITIONS / hosts, primary.peak_memory
        commands.fetch(question)
        return each, newest, primary.peak_memory


def _real(root: Path, hosts: int) -> float:
    """Processor seconds of all agents for a host."""
    with contextlib.ExitStack() as stack:
        agents = []
        for number in range(hosts):
            name = f"real-{number:02d}"
            if not (root / name).exists():
                logs.make(root / name / "app.log", REAL_SIZE, seed=number)
            agents.append(stack.enter_context(processes.agent(name, root / name, *PATIENT)))
        primary = stack.enter_context(_primary(root, {agent.name: agent.url for agent in agents}))
        question = f"{logs_url(primary, 'app.log')}&hostname=real-*&n={NEWEST}"
        commands.fetch(question, lines=NEWEST)
        used = sum(agent.cpu_seconds for agent in (*agents, primary))
        for _ in range(REPETITIONS):
            commands.fetch(question, lines=NEWEST)
        return (sum(agent.cpu_seconds for agent in (*agents, primary)) - used) / REPETITIONS / hosts


@contextlib.contextmanager
def _primary(root: Path, peers: dict[str, str]) -> Iterator[Process]:
    settings = root / "settings.toml"
    settings.write_text("[peer]\n" + "".join(f'{name} = "{url}"\n' for name, url in peers.items()))
    with processes.agent("primary", root / "empty", "--config", str(settings), *PATIENT) as primary:
        yield primary
