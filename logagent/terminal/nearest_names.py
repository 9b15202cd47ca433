"""Names of logs that are almost those asked for: looked up in what the same agent lists, when it has no such log.

Nothing comes to light that a listing would hide. Only loaded after a question that found no log.
"""

from __future__ import annotations

import contextlib
import os
import posixpath
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from difflib import get_close_matches

from logagent.core.globs import is_glob
from logagent.core.outcome import Failure
from logagent.core.query import Query
from logagent.core.wire.listing import Listing
from logagent.core.wire.parameter_values import MAX_REPEATS
from logagent.peers.direct.documents import listing_from
from logagent.peers.direct.waiting import Late, SpeaksHttp1
from logagent.terminal.address import AgentAddress
from logagent.terminal.secured import secure_of

PATIENCE = 3.0
"""Seconds that looking for names may take: people wait to be told of a mistake."""
GRACE = 1.0
"""Seconds beyond that until an agent says what it knows by then, if another host keeps silent."""
MOST = 3
"""Names that are suggested."""
_FIRST = 2
"""Letters of a name that are taken for right, where its directory may be wrong too."""


def suggestions(query: Query, agent: AgentAddress) -> list[str]:
    """Return sentences about the logs that may be meant by names that no host has; none if there is nothing to say.

    Asks the agent, and blocks for a few seconds at most.
    """
    asked = around(query.files, query.hosts)
    if not asked.files:
        return []
    try:
        listing = listing_from(
            agent.url, secure_of(agent), asked, time.monotonic() + PATIENCE + GRACE, agent.credential, agent.trace
        )
    except (Failure, Late, SpeaksHttp1):
        return []
    return meant(query.files, listing)


def suggestions_beside(paths: Iterable[str]) -> list[str]:
    """Return sentences about the files of this machine that may be meant by paths where there are none."""
    sentences = []
    for path in paths:
        directory, slash, _ = path.rpartition("/")
        with contextlib.suppress(OSError):
            beside = [f"{directory}{slash}{name}" for name in os.listdir(directory or slash)]  # noqa: PTH208 - as typed
            if not is_glob(path) and (near := nearest(path, beside)):
                sentences.append(f"is {' or '.join(near)} meant?")
    return sentences


def around(names: Iterable[str], hosts: Sequence[str]) -> Query:
    """Return the query whose listing holds the logs that may be meant by names; globs among these are left out."""
    globs = dict.fromkeys(_around(name for name in names if not is_glob(name)))
    return Query.of(files=tuple(globs)[:MAX_REPEATS], hosts=hosts, timeout=PATIENCE)


def meant(names: Iterable[str], listing: Listing) -> list[str]:
    """Return a sentence for each name that is almost that of a listed log."""
    hosts = _hosts_by_name(listing)
    return [sentence for name in names if not is_glob(name) and (sentence := _sentence(name, hosts))]


def everything(hosts: Sequence[str]) -> Query:
    """Return the query whose listing holds all directories."""
    return Query.of(files=("**/*",), hosts=hosts, timeout=PATIENCE)


def meant_directories(names: Iterable[str], listing: Listing) -> list[str]:
    """Return a sentence for each name that is almost that of a directory."""
    hosts: dict[str, set[str]] = {}
    for log in listing.logs:
        parts = log.name.split("/")
        for depth in range(1, len(parts)):
            hosts.setdefault("/".join(parts[:depth]), set()).add(log.host)
    some = (_sentence(name.rstrip("/"), hosts, end="/") for name in names if not is_glob(name))
    return [*filter(None, some)]


def _around(names: Iterable[str]) -> Iterable[str]:
    """Yield globs of what a name that is almost right may mean: beside it, of the same name or of a similar one."""
    for name in names:
        directory, last = posixpath.split(name)
        yield posixpath.join(directory, "*")
        yield f"**/{last}"
        yield f"**/{last[:_FIRST]}*"


def _hosts_by_name(listing: Listing) -> Mapping[str, list[str]]:
    hosts: dict[str, list[str]] = {}
    for log in listing.logs:
        hosts.setdefault(log.name, []).append(log.host)
    return hosts


def _sentence(name: str, hosts: Mapping[str, Collection[str]], end: str = "") -> str:
    near = nearest(name, hosts)
    if not near:
        return ""
    several = len({host for each in hosts.values() for host in each}) > 1
    told = [f"{each}{end} (on {_listed(hosts[each])})" if several else f"{each}{end}" for each in near]
    return f"is {' or '.join(told)} meant?"


def _listed(hosts: Collection[str]) -> str:
    more = f" and {len(hosts) - MOST} more" if len(hosts) > MOST else ""
    return ", ".join(sorted(hosts)[:MOST]) + more


def nearest(name: str, known: Iterable[str]) -> list[str]:
    """Return the known names that are most like one: of the same last part, on the whole, or in the last part."""
    known = sorted(known)
    same = [each for each in known if posixpath.basename(each) == posixpath.basename(name)]
    whole = _like(name.lstrip("/"), known, _stem)
    last = _like(name, known, lambda each: posixpath.basename(_stem(each)))
    return [*dict.fromkeys([*same, *whole, *last])][:MOST]


def _like(name: str, known: Iterable[str], part: Callable[[str], str]) -> list[str]:
    """Return the known names that are like one in a part of them."""
    by_part: dict[str, list[str]] = {}
    for each in known:
        by_part.setdefault(part(each), []).append(each)
    return [each for near in get_close_matches(part(name), by_part, MOST) for each in by_part[near]]


def _stem(name: str) -> str:
    """Return a name without its extension, in which most names are alike."""
    return posixpath.splitext(name)[0]
