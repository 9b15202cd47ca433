"""Agents with the known tree, rules, and proofs of who asks: one, or two of which the first asks the second."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from testbed.acting import ALL, Papers, access_of
from testbed.cluster import Cluster, start_cluster
from testbed.known_tree import ROOTS, plant
from testbed.who_sees import Says, rules

WEB, DB = "web-1", "db-2"


@asynccontextmanager
async def one_agent(tmp_path: Path, name: str) -> AsyncIterator[Cluster]:
    """A host with a set of rules, see `who_sees.SETS`."""
    plant(tmp_path / WEB, WEB)
    given = rules(name, tmp_path)
    access = {WEB: access_of(WEB, given, prover=Says())}
    async with start_cluster(tmp_path, {WEB: {}}, access=access, rules={WEB: given}, roots=ROOTS) as it:
        yield it


@asynccontextmanager
async def two_agents(tmp_path: Path, papers: Papers, here: str, there: str) -> AsyncIterator[Cluster]:
    """Two hosts, of which the first may ask the second for everybody, each with a set of rules."""
    given = {WEB: rules(here, tmp_path), DB: rules(there, tmp_path)}
    acting = {WEB: {}, DB: {WEB: ALL} if given[DB] else {}}
    for host in given:
        plant(tmp_path / host, host)
    access = {host: access_of(host, given[host], acting[host], prover=Says()) for host in given}
    tls = {DB: (papers.server(DB), papers.client(WEB))}
    hosts: Mapping[str, Mapping[str, bytes]] = {WEB: {}, DB: {}}
    async with start_cluster(tmp_path, hosts, access=access, rules=given, roots=ROOTS, tls=tls) as it:
        yield it
