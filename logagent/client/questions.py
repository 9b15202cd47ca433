"""What can be asked of an agent, once for all clients: each makes the question and the reading of its answer."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from typing import Any

from logagent.client.answers import AsyncAnswer
from logagent.client.asked import (
    FilesKeywords,
    FollowKeywords,
    HitsKeywords,
    LogsKeywords,
    Names,
    pairs_of,
)
from logagent.client.asking import asked_of, document
from logagent.client.couriers import Courier
from logagent.client.errors import ConnectionFailed
from logagent.client.file_list import FileList
from logagent.client.follows import AsyncFollow, OnNotice
from logagent.client.reading import NDJSON, hits_reading, lines_reading
from logagent.client.resuming import Resuming
from logagent.client.values import HitCount, LogLine, verdict_of
from logagent.core.outcome import Failure
from logagent.core.wire.hosts import HostState, host_from_json
from logagent.core.wire.trace import TRACEPARENT, read_traceparent
from logagent.peers.listing_answers import read_listing

JSON = "application/json"
"""The media type of documents."""

_LOGS = LogsKeywords.__annotations__.keys()
_HITS = HitsKeywords.__annotations__.keys()
_FOLLOW = FollowKeywords.__annotations__.keys()
_FILES = FilesKeywords.__annotations__.keys()


class Questions:
    """The questions to one agent.

    Args:
        courier: carries them.
        raises: whether the end of an incomplete answer raises `Incomplete`, unless a question says otherwise.
    """

    def __init__(self, courier: Courier, raises: bool) -> None:
        self._courier = courier
        self._raises = raises

    def logs(
        self, filename: Names, raises: bool | None, traceparent: str | None, given: Mapping[str, Any]
    ) -> AsyncAnswer[LogLine]:
        """Ask for lines."""
        asked = asked_of("/logs", pairs_of(filename, given, _LOGS), NDJSON, _traced(traceparent))
        return AsyncAnswer(self._courier, asked, lines_reading(), raises=self._decided(raises))

    def hits(
        self, filename: Names, raises: bool | None, traceparent: str | None, given: Mapping[str, Any]
    ) -> AsyncAnswer[HitCount]:
        """Ask for counts."""
        asked = asked_of("/hits", pairs_of(filename, given, _HITS), NDJSON, _traced(traceparent))
        return AsyncAnswer(self._courier, asked, hits_reading(), raises=self._decided(raises))

    def follow(
        self,
        filename: Names,
        on_notice: OnNotice | None,
        give_up: float,
        raises: bool | None,
        traceparent: str | None,
        given: Mapping[str, Any],
    ) -> AsyncFollow:
        """Ask for lines as they are written."""
        pairs = pairs_of(filename, given, _FOLLOW)
        resuming = Resuming(pairs, self._courier.now(), give_up, lambda: random.uniform(0.5, 1))
        headers, decided = _traced(traceparent), self._decided(raises)
        return AsyncFollow(self._courier, resuming, headers, on_notice=on_notice, raises=decided)

    async def files(
        self, filename: Names, raises: bool | None, traceparent: str | None, given: Mapping[str, Any]
    ) -> FileList:
        """Ask for the list of files."""
        asked = asked_of("/files", pairs_of(filename, given, _FILES), JSON, _traced(traceparent))
        try:
            listing = read_listing(await document(self._courier, asked))
        except Failure as failure:
            raise ConnectionFailed(f"the agent {failure.message}") from None
        listed = FileList(listing.logs, verdict_of(listing.outcome))
        if self._decided(raises):
            listed.raise_if_incomplete()
        return listed

    async def hosts(self, hostname: Names, traceparent: str | None) -> tuple[HostState, ...]:
        """Ask for the agents that the agent knows."""
        pairs = pairs_of((), {"hostname": hostname}, ("hostname",))
        read = await document(self._courier, asked_of("/hosts", pairs, JSON, _traced(traceparent)))
        try:
            return tuple(map(host_from_json, json.loads(read)["hosts"]))
        except (ValueError, KeyError, TypeError, RecursionError):
            raise ConnectionFailed("the agent answered with something else than hosts; is it an agent?") from None

    async def aclose(self) -> None:
        """Close all connections, and leave all answers."""
        await self._courier.aclose()

    def _decided(self, raises: bool | None) -> bool:
        return self._raises if raises is None else raises


def _traced(traceparent: str | None) -> Mapping[str, str]:
    if traceparent is None:
        return {}
    if read_traceparent([traceparent]) is None:
        raise ValueError("traceparent is none: it is spelled as in W3C Trace Context")
    return {TRACEPARENT: traceparent}
