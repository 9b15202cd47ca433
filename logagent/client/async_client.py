"""Asking an agent from Trio or asyncio."""

from __future__ import annotations

import ssl
from types import TracebackType
from typing import Self, Unpack

import httpx

from logagent.client.answers import AsyncAnswer
from logagent.client.asked import FilesKeywords, FollowKeywords, HitsKeywords, LogsKeywords, Names
from logagent.client.async_courier import AsyncCourier
from logagent.client.file_list import FileList
from logagent.client.follows import AsyncFollow, OnNotice
from logagent.client.questions import Questions
from logagent.client.values import HitCount, LogLine
from logagent.client.way import AgentWay, FilePath, Token
from logagent.core.wire.hosts import HostState
from logagent.peers.retrying import GIVEN_UP


class Client:
    """Asks one agent, and by it all that it knows; on Trio or asyncio, whichever runs.

    `async with` closes it, and with it all connections and answers. Nothing is sent before the first question.

    Args:
        url: of the agent: `https://...`, `http://...`, or `unix:` and a path.
        token: proves who asks; a function is called for each question anew. It is sent over TLS, to a Unix socket, or
            on loopback to an agent of root's, of the user `logagent` or of one's own.
        ca: the file of the authority to trust, PEM; None: the system's are trusted.
        cert: the file of a client certificate, PEM; None: none is presented.
        key: the file of its key, PEM; None: the certificate's file holds it.
        tls: a context in place of these three files.
        compress: whether answers come compressed; None: only those from another machine.
        raise_if_incomplete: whether the end of an incomplete answer raises `Incomplete`.
        transport: makes the connections in place of httpx's own; what it is made with is not looked at.

    Raises:
        ValueError: for what cannot be used, a token that others could read on the way among it.
        OSError: if a file cannot be read or used.
    """

    def __init__(
        self,
        url: str,
        *,
        token: Token | None = None,
        ca: FilePath | None = None,
        cert: FilePath | None = None,
        key: FilePath | None = None,
        tls: ssl.SSLContext | None = None,
        compress: bool | None = None,
        raise_if_incomplete: bool = False,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        way = AgentWay(url, token=token, tls=tls, ca=ca, cert=cert, key=key, compress=compress)
        self._questions = Questions(AsyncCourier(way, transport), raise_if_incomplete)

    def logs(
        self,
        filename: Names,
        *,
        raise_if_incomplete: bool | None = None,
        traceparent: str | None = None,
        **asked: Unpack[LogsKeywords],
    ) -> AsyncAnswer[LogLine]:
        """Ask for lines, or events, that match; nothing is sent before the first is taken.

        Args:
            filename: names or globs below the served roots.
            raise_if_incomplete: as for the client; None: as it says.
            traceparent: of the trace that the question belongs to (W3C Trace Context).
            asked: further parameters, see `LogsKeywords`.

        Raises:
            TypeError: for a keyword or a value of a kind that is not known.
            ValueError: for a value that cannot be spelled.
        """
        return self._questions.logs(filename, raise_if_incomplete, traceparent, asked)

    def hits(
        self,
        filename: Names,
        *,
        raise_if_incomplete: bool | None = None,
        traceparent: str | None = None,
        **asked: Unpack[HitsKeywords],
    ) -> AsyncAnswer[HitCount]:
        """Ask how many lines match, by time and host, by file or by a label; see `logs`."""
        return self._questions.hits(filename, raise_if_incomplete, traceparent, asked)

    def follow(
        self,
        filename: Names,
        *,
        on_notice: OnNotice | None = None,
        give_up_after: float = GIVEN_UP,
        raise_if_incomplete: bool | None = None,
        traceparent: str | None = None,
        **asked: Unpack[FollowKeywords],
    ) -> AsyncFollow:
        """Ask for lines as they are written, over lost connections and restarts of the agent; see `logs`.

        Args:
            filename: names or globs below the served roots.
            on_notice: is called with what people should know meanwhile, such as a host that is lost or back.
            give_up_after: seconds after which an agent that does not come back is given up.
            raise_if_incomplete: as for the client; None: as it says.
            traceparent: of the trace that the questions belong to.
            asked: further parameters, see `FollowKeywords`.
        """
        return self._questions.follow(filename, on_notice, give_up_after, raise_if_incomplete, traceparent, asked)

    async def files(
        self,
        filename: Names = (),
        *,
        raise_if_incomplete: bool | None = None,
        traceparent: str | None = None,
        **asked: Unpack[FilesKeywords],
    ) -> FileList:
        """Return what can be asked for.

        Args:
            filename: names or globs; none: all logs.
            raise_if_incomplete: as for the client; None: as it says.
            traceparent: of the trace that the question belongs to.
            asked: further parameters, see `FilesKeywords`.

        Raises:
            ClientError: of its kinds, if there is no answer.
        """
        return await self._questions.files(filename, raise_if_incomplete, traceparent, asked)

    async def hosts(self, hostname: Names = (), *, traceparent: str | None = None) -> tuple[HostState, ...]:
        """Return the agents that the agent knows, itself included; see `files`.

        Args:
            hostname: names, globs, or conditions on labels, such as `role=web`; none: all of them.
            traceparent: of the trace that the question belongs to.
        """
        return await self._questions.hosts(hostname, traceparent)

    async def aclose(self) -> None:
        """Close all connections, and leave all answers."""
        await self._questions.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()
