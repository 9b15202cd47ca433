"""How much longer a small question and `/healthz` take while an agent is flooded, scanned, bombed and lied to."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from statistics import median

import burdens
import processes
from processes import Process
from report import Row, milliseconds
from stage import Stage

SECONDS = 5.0
"""For which bystanders ask beside each burden."""
BEFORE = 1.0
"""Seconds for which a burden lasts before bystanders begin."""
ADDED_SECONDS = 0.05
KINDS = ("empty-data", "settings", "ping", "priority", "window-update", "rst-of-closed", "rapid-reset", "continuation")
"""Of tiny frames; those that the flooder knows besides cost no more."""
QUESTIONS = {"small": "small query", "health": "/healthz"}
Took = dict[str, list[float]]
Begin = Callable[[], AbstractContextManager[object]]
Burden = tuple[str, Begin]


def bystanders(stage: Stage) -> list[Row]:
    """Rows for each burden: the medians and the longest waits of bystanders, beside those without it."""
    root = stage.small.path.parent
    burdens.make_bomb(root / "bomb.log.gz")
    burdens.make_files(root / "many")
    with _liar() as liar:
        flags = (f"--peer=liar={liar}", f"--max-answers={4 * burdens.SCANS}")
        with processes.agent("alone", root, *flags) as agent:
            rows = _beside(agent, [*_floods(agent), *_questions(agent, stage)])
    flags = ("--certs", str(stage.certs))
    with processes.agent("alone", root, *flags, listen="https://127.0.0.1:0") as agent:
        keys = [str(stage.certs / name) for name in ("ca.pem", "alone.pem", "alone-key.pem")]
        handshakes = ("TLS handshakes without a certificate, 8 connections", burdens.handshakes(agent, 8))
        return rows + _beside(agent, [handshakes], *keys)


def _floods(agent: Process) -> list[Burden]:
    frames = [
        (f"{kind} frames, {connections} connection{'s' if connections > 1 else ''}", kind, connections)
        for kind in KINDS
        for connections in (1, 8)
    ]
    return [(what, burdens.frames(agent, kind, connections)) for what, kind, connections in frames]


def _questions(agent: Process, stage: Stage) -> list[Burden]:
    big = stage.big.path.name
    return [
        (
            f"{burdens.SCANS} scans of a whole file",
            partial(burdens.asked, agent, burdens.scan(big), at_a_time=burdens.SCANS),
        ),
        (f"a glob over {burdens.FILES:,} files", partial(burdens.asked, agent, burdens.scan("many/**/*.log"))),
        ("a bomb of 10 GB in an archive", partial(burdens.asked, agent, burdens.scan("bomb.log.gz"))),
        (
            "a follow of that bomb",
            partial(burdens.asked, agent, "/logs?filename=bomb.log.gz&follow=true&n=10&timeout=2"),
        ),
        ("a peer that lies", partial(burdens.asked, agent, "/logs?hostname=liar&filename=app.log", at_a_time=4)),
        (f"{burdens.IDLE_CONNECTIONS} silent connections", partial(burdens.idle_connections, agent)),
        (f"{burdens.SLOW_READERS} slow readers", partial(burdens.slow_readers, agent, big)),
    ]


def _beside(agent: Process, loads: list[Burden], *keys: str) -> list[Row]:
    alone = _measured(agent, burdens.none, keys)
    rows: list[Row] = []
    for what, burden in loads:
        print(f"  {what} ...", file=sys.stderr, flush=True)
        beside = _measured(agent, burden, keys)
        rows += [_row(what, name, beside[name], alone[name]) for name in QUESTIONS]
        _measured(agent, burdens.none, keys, seconds=0.1)  # so that what is left of it is no burden beside the next
    return rows


def _row(what: str, name: str, beside: list[float], alone: list[float]) -> Row:
    added = max(beside) - max(alone)
    return Row(
        f"{QUESTIONS[name]} beside {what}, median and longest",
        f"{milliseconds(median(beside))}, {milliseconds(max(beside))}",
        f"{milliseconds(median(alone))}, {milliseconds(max(alone))} without",
        None,
        f"longest at most {milliseconds(ADDED_SECONDS)} more",
        added <= ADDED_SECONDS,
        [f"{milliseconds(added)} more, of {len(beside)} questions"] if added > ADDED_SECONDS else [],
    )


def _measured(agent: Process, burden: Begin, keys: tuple[str, ...], seconds: float = SECONDS) -> Took:
    program = str(Path(__file__).with_name("bystander.py"))
    with burden():
        time.sleep(BEFORE)
        command = [sys.executable, program, agent.url, str(seconds), *keys]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    took: Took = json.loads(done.stdout.splitlines()[-1])
    return took


@contextmanager
def _liar() -> Iterator[str]:
    with processes.server("liar", [str(Path(__file__).with_name("liar.py"))]) as liar:
        yield liar.url
