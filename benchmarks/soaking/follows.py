"""Clients that follow logs, on all hosts, for a while, and leave, or are ended and go on where they were."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator
from typing import Any

import trio

from logagent.core.outcome import Status
from logagent.peers.client.http_client import chunks
from soaking.account import Asked, Ending
from soaking.asking import RECORDS, Client, verdict_of
from soaking.checking import read
from soaking.writing import COPIED, LIVE

Place = tuple[str, str]
LATELY = 12
"""Records of a host that are told where one is wrong."""


class Followed:
    """What has come of a follow, over all answers that go on with it. numbers: the last of each host's log."""

    def __init__(self) -> None:
        self.numbers: dict[Place, int] = {}
        self._losing: set[str] = set()
        self._lately: dict[str, deque[str]] = {}

    def lately(self, host: str) -> str:
        """What came of a host last, for who looks for the cause of a fault."""
        return "; ".join(self._lately[host])

    def go_on(self) -> None:
        """Note that another answer goes on from here."""
        for lately in self._lately.values():
            lately.append("a cursor")

    def take(self, record: dict[str, Any]) -> Iterator[str]:
        """What is wrong with a record.

        A host may lose lines once a notice of DATA_LOSS told of it; no line comes twice all the same.
        """
        if "notice" in record:
            self._notice(record["notice"])
        if "line" not in record or "partial" in record:
            return
        log = record["file"].partition(".log")[0] + ".log"
        ((host, (number,)),) = read([record["line"].encode()], log).numbers.items()
        self._note(host, f"{record['file']} at {record['offset']}: {number}")
        last = self.numbers.get((host, log))
        self.numbers[host, log] = number
        if last is not None and number <= last:
            yield f"{host} {log}: {number} follows {last} ({self.lately(host)})"
        elif last is not None and number != last + 1 and host not in self._losing:
            yield f"{host} {log}: {number} follows {last}, and no notice tells of a loss ({self.lately(host)})"

    def _notice(self, notice: dict[str, Any]) -> None:
        self._note(notice["host"], f"{notice['status']}: {notice['message']}")
        if notice["status"] == Status.DATA_LOSS:
            self._losing.add(notice["host"])

    def _note(self, host: str, what: str) -> None:
        self._lately.setdefault(host, deque(maxlen=LATELY)).append(what)


async def follow(client: Client) -> None:
    """Follow for some seconds, and leave; or let the follow end, and go on at its cursor."""
    client.kind = "follow"
    ends = client.chance.random() < 0.5
    seconds = client.chance.uniform(0.2, 15)
    parameters: dict[str, Any] = {"filename": [LIVE, COPIED], "follow": "true", "heartbeat": "2s"}
    parameters["n"] = client.chance.choice((0, 10))
    followed = Followed()
    if not ends:
        with trio.move_on_after(seconds):
            await _read(client, parameters, followed)
        return
    parameters["timeout"] = f"{round(seconds * 1000)}ms"
    for _ in range(client.chance.randrange(1, 4)):
        cursor = await _read(client, parameters, followed)
        if not cursor:
            return
        parameters.pop("n", None)
        parameters["cursor"] = cursor
        followed.go_on()


async def _read(client: Client, parameters: dict[str, Any], followed: Followed) -> str:
    """Read one answer, and return its cursor; empty if it was refused."""
    async with client.asking("/logs", parameters, {"accept": RECORDS}) as (asked, response):
        if response.status_code != 200:
            await response.aread()
            asked.ending = Ending.REFUSED
            if response.status_code != 503:
                client.fault(asked, f"HTTP status {response.status_code}: {response.text[:300]}")
            return ""
        rest = b""
        async for chunk in chunks(response):
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                _take(client, asked, followed, line)
        asked.ending, verdict = Ending.WHOLE, verdict_of(response)
        asked.verdict = int(verdict.status)
        return verdict.cursor


def _take(client: Client, asked: Asked, followed: Followed, line: bytes) -> None:
    try:
        faults = list(followed.take(json.loads(line)))
    except ValueError as error:
        faults = [f"{error}: {line[:200]!r}"]
    for fault in faults:
        client.fault(asked, fault)
    client.common.account.lines_checked += 1
