"""`logagent follow` and `query -f`: what they ask, and what they say on standard error."""

from __future__ import annotations

import argparse
import io
from dataclasses import replace
from typing import Any

import pytest

from logagent.config.settings import ConfigError
from logagent.core.batch import SIGN_OF_LIFE, Notice
from logagent.core.outcome import Status
from logagent.core.query import Order, Query
from logagent.terminal import arguments, asking
from logagent.terminal.printing import Streams
from logagent.terminal.progress import Progress, Telling
from testbed.reading import Collected


def query_of(*argv: str) -> Query:
    typed = arguments.parse(argv)
    assert isinstance(typed, argparse.Namespace)
    return asking.question(typed, {}).query


@pytest.mark.parametrize(
    ("argv", "meant"),
    [
        (["follow", "app.log"], {"n": 10}),
        (["query", "-f", "app.log"], {"n": 10}),
        (["follow", "-n", "0", "app.log"], {"n": 0}),
        (["follow", "app.log", "--patience", "1s", "--heartbeat", "5s"], {"n": 10, "patience": 1.0, "heartbeat": 5.0}),
        (["follow", "app.log", "word", "-i", "-v", "no"], {"n": 10, "keywords": (b"word",), "ignore_case": True}),
    ],
)
def test_a_follow_is_asked(argv: list[str], meant: dict[str, Any]) -> None:
    query = query_of(*argv)
    asked = replace(Query(files=("app.log",), follow=True, order=Order.OLDEST), places=query.places, **meant)
    assert replace(query, exclude=()) == asked


def test_since_asks_for_all_from_then_on() -> None:
    query = query_of("follow", "app.log", "--since", "2026-11-23T10:00:00Z")
    assert query.n is None
    assert query.since is not None


def test_a_follow_has_no_end() -> None:
    with pytest.raises(ConfigError, match="no end in time"):
        query_of("follow", "app.log", "--until", "2026-11-23T10:00:00Z")


async def test_notices_go_to_standard_error_and_batches_on() -> None:
    stderr, out = io.StringIO(), Collected()
    streams = Streams(io.BytesIO(), stderr)  # type: ignore[arg-type]  # nothing is written to it
    notices = (Notice("web-2", Status.UNAVAILABLE, "lost: gone"), Notice("", Status.OK, "back after 1.0 s"))
    batch = replace(SIGN_OF_LIFE, notices=notices)
    await Telling(out, Progress(None, shared=False), streams, "http://web-1").send(batch)
    assert stderr.getvalue() == "logagent: web-2: lost: gone\nlogagent: http://web-1: back after 1.0 s\n"
    assert out.batches == [batch]
