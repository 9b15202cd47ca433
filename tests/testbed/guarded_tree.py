"""A tree of agents with certificates and rules: `top`, below it `site-a`, and below that `a-1` and `a-2`."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from logagent.core.access.file_globs import FileGlob
from logagent.core.access.rules import Rule, Rules
from testbed.acting import ALL, Papers, access_of
from testbed.cluster import Cluster, Knows, start_cluster

HOSTS = ("top", "site-a", "a-1", "a-2")
FILES = ("app.log", "secret.log")
KNOWS = {"top": Knows(primaries=("site-a",)), "site-a": Knows(peers=("a-1", "a-2"))}
ACTING: Mapping[str, Mapping[str, object]] = {
    "top": {},
    "site-a": {"top": ALL},
    "a-1": {"top": ALL, "site-a": ALL},
    "a-2": {"top": ALL, "site-a": ALL},
}
_EVERYTHING = Rule(True, who=("token:alice",))
KINDS = {
    "all": Rules([_EVERYTHING]),
    "no secrets": Rules([Rule(False, files=(FileGlob("secret.log"),)), _EVERYTHING]),
    "not a-1": Rules([Rule(False, hosts=("a-1",)), _EVERYTHING]),
    "nothing": Rules([Rule(True, who=("token:bob",))]),
}
"""The rules that an agent may have, for `alice`."""
COMBINATIONS = [
    *itertools.product(("all", "no secrets", "not a-1"), ("all", "not a-1"), ("no secrets", "nothing")),
    ("all", "no secrets", "all"),
    ("not a-1", "all", "all"),
    ("all", "nothing", "all"),
]
"""Of rules of `top`, of `site-a` and of `a-1`; `a-2` always has `all`."""


def line(host: str, file: str, number: int = 0) -> str:
    return f"2026-11-23T10:00:{number:02}Z {host} {file}"


def seen(top: str, site: str, leaf: str) -> set[tuple[str, str]]:
    """The host and the file of each log that `alice` sees by such rules."""
    rules = dict(zip(HOSTS, (top, site, leaf, "all"), strict=True))
    shown = {(host, file) for host, file in itertools.product(HOSTS, FILES) if rules[host] == "all" or file == FILES[0]}
    shown = {(host, file) for host, file in shown if host not in named_as_denying(top, site, leaf)}
    if "not a-1" in (top, site):
        shown = {(host, file) for host, file in shown if host != "a-1"}
    # A rule about another host does not hide the files of one's own.
    shown |= {(host, FILES[1]) for host in ("top", "site-a") if rules[host] == "not a-1"}
    return shown if site != "nothing" else {(host, file) for host, file in shown if host == "top"}


def named_as_denying(top: str, site: str, leaf: str) -> set[str]:
    """The hosts that the verdict names since they give `alice` nothing."""
    if site == "nothing":
        return {"site-a"}
    return {"a-1"} if leaf == "nothing" and "not a-1" not in (top, site) else set()


@asynccontextmanager
async def guarded_tree(
    tmp_path: Path, papers: Papers, top: str, site: str, leaf: str, *, deputies: Mapping[str, object] | None = None
) -> AsyncIterator[Cluster]:
    """Start the tree; each of its hosts has both files, with a line in each.

    Args:
        tmp_path: gets a directory for each host.
        papers: their certificates.
        top: the kind of its rules.
        site: likewise.
        leaf: likewise, of `a-1`.
        deputies: who may ask `a-1` for others; None: `top` and `site-a`.
    """
    acting = ACTING if deputies is None else {**ACTING, "a-1": deputies}
    rules = dict(zip(HOSTS, (KINDS[top], KINDS[site], KINDS[leaf], KINDS["all"]), strict=True))
    content = {
        host: {file: f"{line(host, file, number)}\n".encode() for file in FILES} for number, host in enumerate(HOSTS)
    }
    async with start_cluster(
        tmp_path,
        content,
        knows=KNOWS,
        rules=rules,
        access={host: access_of(host, rules[host], acting[host]) for host in HOSTS},
        tls={host: (papers.server(host), papers.client(None)) for host in HOSTS[1:]},
        shows={host: papers.client(host) for host in HOSTS},
    ) as it:
        yield it
