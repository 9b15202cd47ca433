"""What it costs that an agent tells of itself: small questions, and a scan, beside an agent that tells nothing."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import commands
import logs
import processes
import trio
from report import Row, milliseconds
from stage import Stage, logs_url

from logagent.peers.client.http_client import connect

QUESTIONS = 10_000
ROUNDS = 20
"""In which the agents take turns, so that whatever else the machine does meets all of them."""
LINES = 20
SCANS = 9
MOST = 1.02


@dataclass
class _Spent:
    """Seconds of each round: of the agent's processor time, and of a clock on the wall."""

    processor: list[float] = field(default_factory=list)
    wall: list[float] = field(default_factory=list)


def telemetry(stage: Stage) -> list[Row]:
    """An agent with files for its own log, beside one without a log, and one of the commit before."""
    root = stage.big.path.parent
    own_log = ("--log-to", "files", "--log-directory", str(stage.directory / "own"))
    agents = {
        "telling": stage.started(processes.agent("telling", root, *own_log)),
        "silent": stage.started(processes.agent("silent", root, "--log-to", "none")),
    }
    if stage.old is not None:
        agents["before"] = stage.started(processes.agent("before", root, tree=stage.old))
    small = stage.small.path.name
    questions = _in_turns(agents, ROUNDS, lambda agent: trio.run(_ask, logs_url(agent, small, n=LINES)))
    scans = _in_turns(agents, SCANS, lambda agent: _scan(agent, stage.big.path))
    return [
        *_rows(f"{QUESTIONS:,} questions for {LINES} lines", questions, QUESTIONS // ROUNDS),
        *_rows("a scan for a rare keyword", scans, 1),
    ]


def _in_turns(
    agents: dict[str, processes.Process], rounds: int, ask: Callable[[processes.Process], None]
) -> dict[str, _Spent]:
    """Ask the agents in turns, each the first in some; a first round does not count."""
    spent = {name: _Spent() for name in agents}
    for number in range(rounds + 1):
        names = [*agents]
        for name in names[number % len(names) :] + names[: number % len(names)]:
            used, began = _processor_seconds(agents[name]), time.perf_counter()
            ask(agents[name])
            wall = time.perf_counter() - began
            time.sleep(0.2)  # its log is written meanwhile, which counts
            if number:
                spent[name].wall.append(wall)
                spent[name].processor.append(_processor_seconds(agents[name]) - used)
    return spent


def _processor_seconds(agent: processes.Process) -> float:
    """Processor time of all threads, to the nanosecond: a round takes less than a hundred of the kernel's ticks."""
    stats = Path(f"/proc/{agent.pid}/task").glob("*/schedstat")
    return sum(int(stat.read_text().split()[0]) for stat in stats) / 1e9


def _rows(what: str, spent: dict[str, _Spent], each: int) -> list[Row]:
    telling, rows = spent.pop("telling"), []
    for name, other in spent.items():
        aim = f"at most {MOST:g}" if name == "before" else ""
        for kind in ("processor", "wall"):
            ours, theirs = getattr(telling, kind), getattr(other, kind)
            ratio = median(one / beside for one, beside in zip(ours, theirs, strict=True))
            per = (sum(ours) / len(ours) / each, sum(theirs) / len(theirs) / each)
            rows.append(
                Row(
                    f"{what}, {kind} time",
                    milliseconds(per[0]),
                    f"{milliseconds(per[1])} {name}",
                    ratio,
                    aim,
                    ratio <= MOST if aim else None,
                    [f"{kind} time beside {name}: {ratio:.4f}"],
                )
            )
    return rows


async def _ask(url: str) -> None:
    async with connect(url) as client:
        for _ in range(QUESTIONS // ROUNDS):
            (await client.get(url, headers={"accept-encoding": "identity"})).raise_for_status()


def _scan(agent: processes.Process, big: Path) -> None:
    commands.fetch(logs_url(agent, big.name, keyword=logs.RARE.decode()), lines=logs.RARE_LINES)
