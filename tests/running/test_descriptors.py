"""The limit on open files."""

from __future__ import annotations

import resource

import pytest

from logagent.running.descriptors import BESIDE_PEERS, OF_A_PEER, raise_limit


@pytest.fixture
def limits(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """The limits that were set, the last one being in force; the first is that of most systems."""
    known = [(1024, 4096)]
    monkeypatch.setattr(resource, "getrlimit", lambda which: known[-1])
    monkeypatch.setattr(resource, "setrlimit", lambda which, limit: known.append(limit))
    return known


def test_the_limit_is_raised_as_far_as_that_needs_no_right(limits: list[tuple[int, int]]) -> None:
    assert raise_limit(10) == ""
    assert limits == [(1024, 4096), (4096, 4096)]
    assert raise_limit(10) == ""
    assert len(limits) == 2


def test_it_is_said_where_it_does_not_suffice_for_the_peers(limits: list[tuple[int, int]]) -> None:
    most = (4096 - BESIDE_PEERS) // OF_A_PEER
    assert raise_limit(most) == ""
    assert raise_limit(most + 1).startswith(f"4,096 files may be open at a time, and {most + 1:,} peers may need 4,098")


def test_no_limit_suffices(limits: list[tuple[int, int]]) -> None:
    limits.append((1024, resource.RLIM_INFINITY))
    assert raise_limit(10**6) == ""
    assert limits[-1] == (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
