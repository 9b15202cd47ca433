"""One run: the agents, the questions, and all that happens meanwhile, in rounds with a rest behind each."""

from __future__ import annotations

import json
import random
import signal
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import trio

from soaking import agreeing, follows, kinds, standing
from soaking.account import Account
from soaking.agreeing import OwnLog
from soaking.asking import HANGING, Client, Common
from soaking.disturbing import reloading, restarting, rotating
from soaking.hosts import Host
from soaking.standing import Standing
from soaking.writing import COPIED, LIVE, STATIC, Logs

PRIMARY, STEADY, RESTARTED = "primary", "peer-1", ("peer-2", "peer-3", "peer-4")
TAKEN_OUT = "peer-4"
"""The peer that reloads of the primary take out of its settings, and put in again."""
CLIENTS, FOLLOWERS = 8, 4
WARM_PART, WARM_LEAST = 1 / 60, 300
"""Questions before anything is taken, of those that follow: each kind was asked, so that what is made once is there."""
WRITE_EVERY, WRITE_LINES = 0.1, 5
RENEW_EVERY = 200
"""Questions, in the mean, after which a client takes another connection."""
FOLLOWED_AT_REST = "3s"
PROGRESS_EVERY = 30.0


@dataclass(frozen=True, slots=True)
class Plan:
    seconds: float
    queries: int
    rounds: int
    seed: int


class Soak:
    """One run. directory: for logs and settings."""

    def __init__(self, directory: Path, plan: Plan) -> None:
        self._plan = plan
        self._chance = random.Random(plan.seed)
        self.account = Account(plan.seed)
        names = (PRIMARY, STEADY, *RESTARTED)
        self._logs = Logs(directory, names, plan.seed)
        self._directory = directory
        self.peers = {name: Host(directory, name, f"graceful = 3\n{self._own_log(name)}") for name in names[1:]}
        self.primary = Host(directory, PRIMARY)
        self._settings = self._made_settings()
        self.primary.configure(self._settings[0][0])
        self.common = Common(
            self.primary.url, self.account, self._logs, PRIMARY, frozenset(names), frozenset({TAKEN_OUT})
        )
        self.rounds: list[dict[str, Standing]] = []
        self.metrics = ""
        self.stopping = trio.Event()

    @property
    def hosts(self) -> list[Host]:
        return [self.primary, *self.peers.values()]

    def _own_log(self, name: str) -> str:
        """Settings by which an agent's own log lies below its root."""
        return f"log_directory = {json.dumps(str(self._log_directory(name)))}\n{agreeing.LOG_SETTINGS}"

    def _log_directory(self, name: str) -> Path:
        return self._directory / name / "logagent"

    def own_log(self, host: Host) -> OwnLog:
        """What an agent has told of itself; once it has ended, all of it."""
        return OwnLog.read(self._log_directory(host.name))

    def _made_settings(self) -> list[tuple[str, Sequence[str]]]:
        peers = [f'{name} = "{peer.url}"\n' for name, peer in self.peers.items()]
        fewer = [line for line in peers if not line.startswith(TAKEN_OUT)]
        usual = f"patience = 20\npeer_pause = 5\n{self._own_log(PRIMARY)}"
        return [
            (f"{usual}[peer]\n{''.join(peers)}", ()),
            (f"{usual}max_follows = 3\nknown_as = ['logs.example']\n[peer]\n{''.join(peers)}", ()),
            (f"{usual}max_files = 400\n[peer]\n{''.join(fewer)}", ()),
            (f"{usual}[peer]\n{''.join(peers)}", ("http://127.0.0.2:0",)),
        ]

    async def run(self) -> None:
        """Start the agents, ask them, and take what they hold after the first questions and after each round."""
        try:
            async with trio.open_nursery() as nursery:
                for host in self.hosts:
                    nursery.start_soon(host.start)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._end_at_interrupt)
                nursery.start_soon(self._tell_progress)
                await self._load(max(WARM_LEAST, round(self._plan.queries * WARM_PART)), 0)
                await self._take()
                for _ in range(self._plan.rounds):
                    if not self.stopping.is_set():
                        await self._load(
                            self._plan.queries // self._plan.rounds, self._plan.seconds / self._plan.rounds
                        )
                        await self._take()
                nursery.cancel_scope.cancel()
            self.metrics = await agreeing.scraped(self.primary.url)
            for host in self.hosts:
                await host.end(signal.SIGTERM)
        finally:
            for host in self.hosts:
                host.kill()
            self._logs.close()

    async def _load(self, queries: int, seconds: float) -> None:
        """Ask so many questions for so many seconds, while all else happens."""
        until = _Until(self.account.questions + queries, seconds, queries)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._logs.keep_writing, WRITE_EVERY, WRITE_LINES)
            for log in self._logs:
                nursery.start_soon(rotating, log, self._draws(), self.account)
            restarted = [self.peers[name] for name in RESTARTED]
            nursery.start_soon(restarting, restarted, self._draws(), self.account)
            nursery.start_soon(reloading, self.primary, self._settings, self._draws(), self.account)
            for _ in range(FOLLOWERS):
                nursery.start_soon(self._keep_following)
            async with trio.open_nursery() as asking:
                for _ in range(CLIENTS):
                    asking.start_soon(self._keep_asking, until)
            nursery.cancel_scope.cancel()

    async def _keep_asking(self, until: _Until) -> None:
        async with self._client() as client:
            while not self.stopping.is_set() and await until.turn(self.account.questions):
                await self._tried(client, kinds.ask_one)
                if client.chance.random() < 1 / RENEW_EVERY:
                    await client.renew()

    async def _keep_following(self) -> None:
        async with self._client() as client:
            while True:
                await self._tried(client, follows.follow)
                await trio.sleep(client.chance.uniform(0, 2))

    async def _tried(self, client: Client, kind: kinds.Kind) -> None:
        """Ask; whatever is raised is a fault, and the next question goes over another connection.

        That a connection took too long is none, on a machine that does much else.
        """
        try:
            await kind(client)
        except httpx.ConnectTimeout:
            self.account.disturbances["connections too slow"] += 1
            await client.renew()
        except Exception as error:
            self.account.fault(None, f"{client.kind}: {error!r}")
            await client.renew()

    @asynccontextmanager
    async def _client(self) -> AsyncIterator[Client]:
        client = Client(self.common, self._draws())
        try:
            yield client
        finally:
            with trio.move_on_after(HANGING, shield=True):
                await client.close()

    async def _take(self) -> None:
        """Take what each agent holds at rest, all having been asked, and followed, once more.

        So even one that has just been started has all that is made once.
        """
        async with self._client() as client:
            client.kind = "at rest"
            for log in (STATIC, LIVE, COPIED):
                await client.lines(self.common.wanted(log, merged=True), {"filename": log})
            await client.ask("/logs", {"filename": LIVE, "follow": "true", "timeout": FOLLOWED_AT_REST})
        taken: dict[str, Standing] = {}

        async def take(host: Host) -> None:
            taken[host.name] = await standing.at_rest(host)

        async with trio.open_nursery() as nursery:
            for host in self.hosts:
                nursery.start_soon(take, host)
        self.rounds.append(taken)
        for name, now in taken.items():
            _say(f"at rest: {name}: {now}")

    async def _tell_progress(self) -> None:
        told = 0
        while True:
            await trio.sleep(PROGRESS_EVERY)
            for fault in self.account.faults[told:]:
                _say(fault)
            told = len(self.account.faults)
            counts = ", ".join(f"{count} {what}" for what, count in sorted(self.account.disturbances.items()))
            spent = ", ".join(f"{host.name} {host.cpu_seconds:.0f}" for host in self.hosts if host.alive)
            _say(
                f"{self.account.questions:,} questions, {self.account.lines_checked:,} lines, "
                f"{len(self.account.faults)} faults; {counts}; "
                f"seconds of a processor: {time.process_time():.0f} here, {spent}"
            )

    async def _end_at_interrupt(self) -> None:
        with trio.open_signal_receiver(signal.SIGINT) as signals:
            async for _ in signals:
                if self.stopping.is_set():
                    raise KeyboardInterrupt
                self.stopping.set()

    def _draws(self) -> random.Random:
        return random.Random(self._chance.getrandbits(64))


class _Until:
    """When the next question may be asked: evenly over the time, and until both the number and the time are reached."""

    def __init__(self, total: int, seconds: float, queries: int) -> None:
        self._total, self._begin = total, trio.current_time()
        self._end = self._begin + seconds
        self._each = seconds / max(1, queries)
        self._turns = 0

    async def turn(self, asked: int) -> bool:
        """Wait until it is time for one more; False: it was enough."""
        self._turns += 1
        await trio.sleep_until(self._begin + self._each * self._turns)
        return asked < self._total or trio.current_time() < self._end


def _say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)
