"""The Python client: asks an agent from a program, on Trio, asyncio or without an event loop.

May import ``config``, ``core`` and ``peers``, and is imported by nothing else of the package: plain questions of the
command line do not wait for httpx. Its questions are coroutines over a courier (``couriers``): httpx on whichever event
loop runs, or httpx that blocks, over which they never wait. What arrives is read without a network (``reading``).

Doors: the names below, which are all that programs use.
"""

from logagent.client.answers import AsyncAnswer
from logagent.client.asked import FilesKeywords, FollowKeywords, HitsKeywords, LogsKeywords
from logagent.client.async_client import Client
from logagent.client.errors import ClientError, ConnectionFailed, Incomplete, Refused
from logagent.client.file_list import FileList
from logagent.client.follows import AsyncFollow
from logagent.client.sync_answers import SyncAnswer, SyncFollow
from logagent.client.sync_client import SyncClient
from logagent.client.values import HitCount, LogLine, Verdict
from logagent.core.batch import Notice
from logagent.core.notes import Note
from logagent.core.outcome import HostOutcome, Status
from logagent.core.wire.hosts import HostState
from logagent.core.wire.listing import ListedFile, ListedLog

__all__ = [
    "AsyncAnswer",
    "AsyncFollow",
    "Client",
    "ClientError",
    "ConnectionFailed",
    "FileList",
    "FilesKeywords",
    "FollowKeywords",
    "HitCount",
    "HitsKeywords",
    "HostOutcome",
    "HostState",
    "Incomplete",
    "ListedFile",
    "ListedLog",
    "LogLine",
    "LogsKeywords",
    "Note",
    "Notice",
    "Refused",
    "Status",
    "SyncAnswer",
    "SyncClient",
    "SyncFollow",
    "Verdict",
]
