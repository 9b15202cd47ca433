"""Every route of an agent that tells of logs, and of what files a caller is told by each, whatever it looks like."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from testbed.cluster import Cluster, Reply
from testbed.known_tree import LOGS, lines_of

Told = Mapping[Any, int]
"""Lines by host and file, or what of that a route tells."""


def of_lines(reply: Reply) -> Told:
    return Counter((host, file) for host, file in (line.split()[1:3] for line in reply.body.decode().splitlines()))


def of_records(reply: Reply) -> Told:
    lines = [json.loads(line).get("line") for line in reply.lines]
    return Counter((host, file) for host, file in (line.split()[1:3] for line in lines if line is not None))


def of_counts(reply: Reply) -> Told:
    counted: Counter[str] = Counter()
    for hit in json.loads(reply.body)["hits"]:
        counted[hit["host"]] += hit["count"]
    return counted


def of_listing(reply: Reply) -> Told:
    """Files are told apart by their sizes."""
    files = json.loads(reply.body)["files"]
    found: Counter[Any] = Counter()
    for listed in files:
        size = {sum(len(line) + 1 for line in lines_of(listed["host"], name)): name for name in LOGS}
        for generation in listed["generations"]:
            found[listed["host"], size[generation["size"]]] += 1
    return found


def as_it_is(expected: Told) -> Told:
    return expected


def of_hosts(expected: Told) -> Told:
    counted: Counter[str] = Counter()
    for (host, _), lines in expected.items():
        counted[host] += lines
    return counted


def each_once(expected: Told) -> Told:
    return dict.fromkeys(expected, 1)


@dataclass(frozen=True)
class Route:
    """One way to ask.

    Attributes:
        path: of the URL.
        whats: the kinds of questions that must be allowed.
        more: parameters beside the file's name.
        reads: what a reply tells.
        tells: what of the lines by host and file the route tells.
        accept: the media type.
        form: whether the parameters are sent in the body.
    """

    path: str
    whats: Sequence[str]
    more: str
    reads: Callable[[Reply], Told]
    tells: Callable[[Told], Told] = as_it_is
    accept: str = "text/plain"
    form: bool = False

    async def ask(self, it: Cluster, who: str, question: str, **headers: str) -> Reply:
        """Ask an agent, by default the primary."""
        query = f"filename={question}{self.more}"
        sent = {"shows": who, "accept": self.accept, **headers}
        if self.form:
            return await it.ask("", route=self.path, form=query, **sent)
        return await it.ask(query, route=self.path, **sent)

    def told(self, reply: Reply) -> Told:
        """What a reply tells; nothing if it is a refusal."""
        return self.reads(reply) if reply.status == 200 else {}


JSON, NDJSON = "application/json", "application/x-ndjson"
ROUTES = {
    "lines": Route("/logs", ("logs",), "&n=1000", of_lines),
    "lines by form": Route("/logs", ("logs",), "&n=1000&order=oldest", of_lines, form=True),
    "records": Route("/logs", ("logs",), "&n_per_file=500", of_records, accept=NDJSON),
    "follow": Route("/logs", ("logs", "follow"), "&follow=true&n=1000&timeout=0.1", of_records, accept=NDJSON),
    "hits by time": Route("/hits", ("hits",), "&step=30d", of_counts, of_hosts, accept=JSON),
    "hits by file": Route("/hits", ("hits",), "&by=file", of_counts, of_hosts, accept=JSON),
    "hits by form": Route(
        "/hits", ("hits",), "&since=2019-01-01T00:00:00Z", of_counts, of_hosts, accept=JSON, form=True
    ),
    "files": Route("/files", ("files",), "", of_listing, each_once),
}
