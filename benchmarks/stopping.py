"""How soon agents stop reading: when a client is interrupted, and when one stops reading."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import commands
import logs
from paused import NARROW, WIDE, PausedReader
from processes import Process
from report import Row, megabytes, milliseconds
from stage import Stage, logs_url

INTERRUPTIONS = 10
STOPPED_SECONDS = 0.2
SAMPLE_EVERY = 0.005
WATCHED = 0.6
"""Seconds that agents are watched after the signal."""
UNDER_WAY = 0.02
"""The part of its file that every agent has read when the signal comes."""
STARTING = 30.0
"""Seconds for a client to get so far."""
PAUSES = 3
PAUSED_SECONDS = 2.0
PAUSED_BYTES = 2e6


def interrupted(stage: Stage) -> list[Row]:
    """Ctrl-C on a client of a merged answer that makes every agent scan its disk."""
    agents, name, word = stage.cluster, stage.big.path.name, logs.ABSENT.decode()
    url = logs_url(agents[0], name, keyword=word)
    query = [sys.executable, "-m", "logagent", "query", "--agent", agents[0].url, name, word]
    clients = {"curl": commands.curl_command(url), "logagent query": query}
    return [_interrupted(stage, client, command) for client, command in clients.items()]


def _interrupted(stage: Stage, client: str, command: list[str]) -> Row:
    runs = [_interrupt(stage, command) for _ in range(INTERRUPTIONS)]
    last = {agent.name: max(run[agent.name][0] for run in runs) for agent in stage.cluster}
    read = {agent.name: max(run[agent.name][1] for run in runs) for agent in stage.cluster}
    each = ", ".join(f"{name} {milliseconds(last[name])} and {megabytes(read[name])}" for name in last)
    return Row(
        f"last read of any disk after Ctrl-C on {client}, worst of {INTERRUPTIONS}",
        milliseconds(max(last.values())),
        "",
        None,
        f"within {milliseconds(STOPPED_SECONDS)}",
        max(last.values()) <= STOPPED_SECONDS,
        [f"the worst of each agent, and what it read after the signal: {each}"],
    )


def _interrupt(stage: Stage, command: list[str]) -> dict[str, tuple[float, int]]:
    """For each agent: seconds from the signal to its last read, and the bytes that it read after the signal."""
    before = {agent.name: agent.bytes_read for agent in stage.cluster}
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as client:
        _wait_until(lambda: all(_under_way(stage, agent, before) for agent in stage.cluster))
        if client.poll() is not None:
            raise RuntimeError("the scan was over before it could be interrupted: use a bigger --size")
        at_signal = {agent.name: agent.bytes_read for agent in stage.cluster}
        client.send_signal(signal.SIGINT)
        last = _watch(stage.cluster, at_signal)
        if client.poll() is None:
            client.kill()
            raise RuntimeError(f"{command[0]} goes on after Ctrl-C")
    if any(at_signal[agent.name] - before[agent.name] >= stage.big.size for agent in stage.cluster):
        raise RuntimeError("an agent had read its file before the signal: use a bigger --size")
    return last


def _under_way(stage: Stage, agent: Process, before: dict[str, int]) -> bool:
    return agent.bytes_read - before[agent.name] > UNDER_WAY * stage.big.size


def _wait_until(true: Callable[[], bool]) -> None:
    until = time.perf_counter() + STARTING
    while not true():
        if time.perf_counter() > until:
            raise RuntimeError("the agents do not scan")
        time.sleep(SAMPLE_EVERY)


def _watch(agents: list[Process], seen: dict[str, int]) -> dict[str, tuple[float, int]]:
    began = time.perf_counter()
    last = {agent.name: (0.0, 0) for agent in agents}
    while (now := time.perf_counter() - began) < WATCHED:
        for agent in agents:
            more = agent.bytes_read - seen[agent.name]
            if more > last[agent.name][1]:
                last[agent.name] = (now, more)
        time.sleep(SAMPLE_EVERY)
    return last


def paused(stage: Stage) -> list[Row]:
    """A client that stops reading a long answer, by its window or by its socket."""
    commands.fetch(logs_url(stage.agent, stage.big.path.name, n=100_000), lines=100_000)  # what any answer costs once
    return [
        _paused(stage, "window of 64 KiB shut", NARROW),
        _paused(stage, "window of 1 GB, socket left alone", WIDE),
    ]


def _paused(stage: Stage, how: str, window: int) -> Row:
    before = stage.agent.own_memory
    pauses = [_pause(stage, window) for _ in range(PAUSES)]
    grown = max(memory for memory, _, _ in pauses) - before
    at_pause, after = max(read for _, read, _ in pauses), max(read for _, _, read in pauses)
    return Row(
        f"reader that stops, {how}: growth of memory, worst of {PAUSES}",
        megabytes(grown),
        f"{megabytes(stage.big.size)} asked for",
        None,
        f"under {megabytes(PAUSED_BYTES)}",
        grown < PAUSED_BYTES,
        [f"of the file read {megabytes(at_pause)} by the pause, {megabytes(after)} after it"],
    )


def _pause(stage: Stage, window: int) -> tuple[int, int, int]:
    """Bytes of the agent's own memory at most during a pause, and what it read before and during the pause."""
    agent = stage.agent
    read = agent.bytes_read
    with PausedReader(logs_url(agent, stage.big.path.name), window):
        at_pause = agent.bytes_read
        memory = max(_memory_of(agent))
        return memory, at_pause - read, agent.bytes_read - at_pause


def _memory_of(agent: Process) -> Iterator[int]:
    until = time.perf_counter() + PAUSED_SECONDS
    while time.perf_counter() < until:
        yield agent.own_memory
        time.sleep(10 * SAMPLE_EVERY)
