"""Names of logs that are almost right."""

from __future__ import annotations

import json

import pytest

from logagent.core.batch import shown
from logagent.core.outcome import HostOutcome, Outcome, Status
from logagent.terminal.answer import report
from logagent.terminal.nearest_names import nearest
from testbed.console import Console, question_of
from testbed.one_server import Answer, serving

KNOWN = ["app.log", "auth.log", "nginx/access.log", "nginx/error.log", "syslog", "shop/app.log"]


@pytest.mark.parametrize(
    ("typed", "near"),
    [
        ("sylog", ["syslog"]),
        ("access.log", ["nginx/access.log"]),
        ("ngnix/acess.log", ["nginx/access.log"]),
        ("/var/log/nginx/acces.log", ["nginx/access.log"]),
        ("shop/ap.log", ["shop/app.log", "app.log"]),
        ("kern.log", []),
    ],
)
def test_the_nearest_names_are_suggested(typed: str, near: list[str]) -> None:
    assert nearest(typed, KNOWN)[: len(near) or None] == near


def listing(*hosts: str) -> bytes:
    file = {"name": "syslog", "size": 1, "modified": "2026-11-28T10:00:00Z", "compressed": False}
    log = {"name": "syslog", "generations": [file], "zone": "UTC", "message": "", "formats": [], "timed": None}
    times = {"oldest": None, "newest": None, "times": None}
    parts = [{"host": shown(host), "status": 0, "message": ""} for host in hosts]
    return json.dumps({"files": [{**log, **times, "host": host} for host in hosts], "hosts": parts}).encode()


@pytest.mark.real
@pytest.mark.parametrize(
    ("hosts", "said"),
    [
        (["web-1"], "logagent: is syslog meant?\n"),
        (["web-1", "db-2"], "logagent: is syslog (on db-2, web-1) meant?\n"),
        ([], "logagent: `logagent files` lists what there is\n"),
    ],
)
def test_a_missing_log_is_told_with_what_may_be_meant(console: Console, hosts: list[str], said: str) -> None:
    missing = Answer(404, {}, [b'{"detail": "no such file: sylog"}'])
    answers = iter([missing, Answer(200, {}, [listing(*hosts)])])
    with serving(lambda connected: next(answers)(connected)) as address:
        assert console.run("query", "sylog", "--host", "web-1", "--agent", address) == 2
    assert console.talk.endswith(f"no such file: sylog (NOT_FOUND)\n{said}")
    assert next(answers, None) is None


@pytest.mark.real
def test_names_are_suggested_where_a_host_that_may_have_the_log_fails(console: Console) -> None:
    lacks = HostOutcome("web-1", Status.NOT_FOUND, "no such file: sylog")
    down = HostOutcome("db-2", Status.UNAVAILABLE, "is down")
    has = HostOutcome("db-2", Status.OK, "")
    with serving(Answer(200, {}, [listing("web-1")])) as address:
        asked = question_of("query", "sylog", "--agent", address)
        report(Outcome(Status.UNAVAILABLE, "is down", hosts=(lacks, has)), asked, console.streams)
        assert "meant" not in console.talk
        report(Outcome(Status.UNAVAILABLE, "is down", hosts=(lacks, down)), asked, console.streams)
        assert console.talk.endswith("is syslog meant?\n")
