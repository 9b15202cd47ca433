"""Whether a question that is being answered would be shown less, now that the rules are others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from logagent.agent import whats_of
from logagent.choosing_hosts import hosts_of, untold_of
from logagent.core.access.caller import Caller
from logagent.core.access.rules import Rules
from logagent.core.access.sight import Sight
from logagent.core.outcome import Failure, Status
from logagent.core.query import Query
from logagent.local import LocalLogs


@dataclass(frozen=True, slots=True)
class RulesJudge:
    """The rules of one state of an agent, and what they are about.

    Attributes:
        rules: who may read what.
        logs: those of this host.
        peers: returns the names of other hosts.
    """

    rules: Rules
    logs: LocalLogs
    peers: Callable[[], Sequence[str]] = tuple

    async def shows_less(self, query: Query, caller: Caller, former: RulesJudge, before: Caller) -> bool:
        """Return whether a question would be shown less by these rules than by the former; see `web.rights.Judge`.

        It is about hosts that are hidden by now, and about files that are there and are hidden by now; what the files
        are called does not matter.
        """
        asks = whats_of(query)
        for host in former.asked(query):
            shown = former.rules.shows_host(before, host, asks)
            if shown and not self.rules.shows_host(caller, host, asks):
                return True
        own = self.logs.host
        sight, seen = self.rules.sight(caller, own, asks), former.rules.sight(before, own, asks)
        if sight == seen or sight is None or own not in former.asked(query):
            return False
        files = await former.files(query, seen)
        return not files <= await former.files(query, sight)

    def asked(self, query: Query) -> list[str]:
        """Return the known hosts that a query names."""
        try:
            if query.own:
                return [self.logs.host]
            return [*hosts_of(query, [self.logs.host, *self.peers()]), *untold_of(query)]
        except Failure:
            return []

    async def files(self, query: Query, sight: Sight | None) -> set[tuple[int, int]]:
        """Return the files that a query finds for whoever has a sight, by device and inode."""

        catalog = self.logs.catalog.seen_with(sight)

        def found() -> set[tuple[int, int]]:
            logs = catalog.find(query.files, limit=self.logs.max_files, rotated=query.rotated)
            return {file.identity for log in logs for file in log.generations if file.identity is not None}

        try:
            return await self.logs.threads.in_thread(found)
        except Failure as failure:
            if failure.status is Status.NOT_FOUND:
                return set()
            raise
