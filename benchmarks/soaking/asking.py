"""One client of the primary: it asks, checks what comes, and keeps the account."""

from __future__ import annotations

import json
import random
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import httpx
import trio

from logagent.core.outcome import Outcome
from logagent.core.wire.end_records import from_end_record
from logagent.core.wire.verdict import from_trailers
from logagent.peers.client.http_client import connect, trailers
from soaking import checking
from soaking.account import Account, Asked, Ending
from soaking.checking import Came, Extents, Wanted
from soaking.writing import Logs

TEXT, RECORDS = "text/plain", "application/x-ndjson"
HANGING = 300.0
"""Seconds after which an answer that is read counts as one that never ends, on a machine that does much else."""
Parameters = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """A response that came to its end. before, after: what the logs held before it was asked for, and after it came."""

    asked: Asked
    response: httpx.Response
    body: bytes
    verdict: Outcome | None
    before: Extents
    after: Extents

    @property
    def lines(self) -> list[bytes]:
        """The lines of its body, be it text or records."""
        lines = self.body.split(b"\n")[:-1]
        if not self.response.headers["content-type"].startswith(RECORDS):
            return lines
        return [record["line"].encode() for record in map(json.loads, lines) if "line" in record]


@dataclass
class Common:
    """What all clients share. hosts: all; hosts_if: those that reloads take out of the primary's settings."""

    url: str
    account: Account
    logs: Logs
    primary: str
    hosts: frozenset[str]
    hosts_if: frozenset[str]
    open_connections: int = 0

    def wanted(self, log: str, *, merged: bool = False, **more: Any) -> Wanted:
        """What a question about a log wants, of the primary or of all hosts."""
        if not merged:
            return Wanted(log, frozenset({self.primary}), **more)
        return Wanted(log, self.hosts - self.hosts_if, self.hosts_if, **more)


@dataclass
class Client:
    """A client with a connection of its own. kind: of the question that it asks now."""

    common: Common
    chance: random.Random
    kind: str = ""
    http: httpx.AsyncClient = field(init=False)

    def __post_init__(self) -> None:
        self.http = connect(self.common.url)

    async def renew(self) -> None:
        """Close the connection, whatever is under way on it, and take another."""
        await self.close()
        self.http = connect(self.common.url)

    async def close(self) -> None:
        await self.http.aclose()

    def fault(self, asked: Asked | None, what: str) -> None:
        self.common.account.fault(asked, what)

    @asynccontextmanager
    async def asking(
        self,
        path: str,
        parameters: Parameters,
        headers: Mapping[str, str] | None = None,
        *,
        method: str = "GET",
        http: httpx.AsyncClient | None = None,
        if_broken: Ending = Ending.BROKEN,
        **more: Any,
    ) -> AsyncIterator[tuple[Asked, httpx.Response]]:
        """Ask, and read the body within the block, or not: what is not read is left.

        Of logs only whole lines are asked for: at the border of two pages of memory, a line that is being written may
        be seen in part.
        """
        if path == "/logs" and parameters and "follow" not in parameters:
            parameters = {**parameters, "whole": "true"}
        asked = self.common.account.begin(self.kind, method, path)
        span = f"{self.chance.getrandbits(64) | 1:016x}"
        sent = {"accept-encoding": "identity", **(headers or {}), "traceparent": f"00-{asked.trace}-{span}-01"}
        url = f"{path}?{urlencode(parameters, doseq=True)}" if parameters else path
        try:
            async with (http or self.http).stream(method, url, headers=sent, **more) as response:
                asked.status = response.status_code
                if response.headers.get("log-trace-id") != asked.trace:
                    self.fault(asked, f"its trace is {response.headers.get('log-trace-id')}")
                yield asked, response
        except httpx.ConnectTimeout:
            raise  # nothing was sent
        except httpx.TransportError:
            asked.ending = if_broken
            raise
        finally:
            asked.ending = asked.ending or Ending.LEFT

    async def ask(
        self, path: str, parameters: Parameters, headers: Mapping[str, str] | None = None, **more: Any
    ) -> Answer:
        """Ask, and read the answer to its end."""
        before = self.common.logs.extents()
        with trio.fail_after(HANGING):
            async with self.asking(path, parameters, headers, **more) as (asked, response):
                body = await response.aread()
                return self.ended(asked, response, body, before)

    def ended(self, asked: Asked, response: httpx.Response, body: bytes, before: Extents) -> Answer:
        """Enter how a question ended whose answer came to its end."""
        asked.ending = Ending.WHOLE if response.status_code == 200 else Ending.REFUSED
        verdict = None
        if asked.ending is Ending.WHOLE and asked.path in ("/logs", "/hits") and asked.method != "HEAD":
            verdict = verdict_of(response, body)
            asked.verdict = int(verdict.status)
        return Answer(asked, response, body, verdict, before, self.common.logs.extents())

    def check_status(self, answer: Answer, expected: int) -> bool:
        """Note a fault where an answer has another status of HTTP."""
        if answer.asked.status != expected:
            self.fault(answer.asked, f"HTTP status {answer.asked.status}: {answer.response.text[:300]}")
        return answer.asked.status == expected

    async def lines(
        self, wanted: Wanted, parameters: Parameters, headers: Mapping[str, str] | None = None, **more: Any
    ) -> tuple[Answer, Came] | None:
        """Ask for lines, and check them; None: that was refused, or they could not be read."""
        answer = await self.ask("/logs", parameters, headers, **more)
        if not self.check_status(answer, 200):
            return None
        came = self.check(answer, wanted)
        return None if came is None else (answer, came)

    def check(self, answer: Answer, wanted: Wanted) -> Came | None:
        """Note what is wrong with the lines of an answer; None: they cannot be read."""
        assert answer.verdict is not None
        try:
            came = checking.read(answer.lines, wanted.log, self._copies(answer, wanted))
        except ValueError as error:
            self.fault(answer.asked, str(error))
            return None
        for fault in checking.faults(came, wanted, answer.verdict, answer.before, answer.after):
            self.fault(answer.asked, fault)
        self.common.account.lines_checked += came.count
        self.common.account.disturbances["copies seen in part"] += came.torn
        return came

    def _copies(self, answer: Answer, wanted: Wanted) -> int:
        hosts = wanted.hosts | wanted.hosts_if
        return sum(checking.copied(host, wanted.log, answer.before, answer.after) for host in hosts)


def verdict_of(response: httpx.Response, body: bytes = b"") -> Outcome:
    """The verdict by the trailers, or of HTTP/1.1, by the last record."""
    if response.http_version == "HTTP/2":
        return from_trailers(trailers(response))
    return from_end_record(json.loads(body.rstrip(b"\n").rpartition(b"\n")[2])["end"])
