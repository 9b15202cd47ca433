"""The journal as a target: its own protocol, whatever is told, and never waited for."""

from __future__ import annotations

import logging
import re
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from logagent.telemetry.own_logs.journald import Journal, fields
from logagent.telemetry.own_logs.told import Told
from testbed.datagram_sockets import daemon, journal_fields
from testbed.own_lines import told

TEXTS = st.text(st.characters(exclude_categories=()))


def test_members_are_fields(tmp_path: Path) -> None:
    path = str(tmp_path / "journal")
    with daemon(path) as journal:
        target = Journal("web-1", path)
        one = told("no\nlog", logging.ERROR, status=404, error="Traceback:\n  it failed", **{"trace-id": "ab"})
        assert target.write([one, told()]) == 2
        assert target.fault == ""
        first, second = map(journal_fields, journal.received())
        target.close()
    assert first == {
        "MESSAGE": "no\nlog\nTraceback:\n  it failed",
        "PRIORITY": "3",
        "SYSLOG_IDENTIFIER": "logagent",
        "LOGAGENT_TIME": "2026-11-20T22:05:27.123456Z",
        "LOGAGENT_LOGGER": "logagent.web",
        "LOGAGENT_HOST": "web-1",
        "LOGAGENT_STATUS": "404",
        "LOGAGENT_TRACE_ID": "ab",
    }
    assert second["PRIORITY"] == "6"


@given(TEXTS, st.dictionaries(TEXTS, TEXTS, max_size=4))
def test_nobody_makes_fields_of_his_own(message: str, members: dict[str, str]) -> None:
    data = b"".join(fields(Told(0, logging.INFO, "logagent", message, members), "web-1"))
    read = journal_fields(data)
    assert all(re.fullmatch("MESSAGE|PRIORITY|SYSLOG_IDENTIFIER|LOGAGENT_[A-Z0-9_]*", name) for name in read)
    assert all(len(name) <= 64 for name in read)
    assert read["PRIORITY"] == "6"


def test_what_is_too_large_for_a_datagram_comes_in_a_file_that_cannot_be_changed(tmp_path: Path) -> None:
    path = str(tmp_path / "journal")
    with daemon(path) as journal:
        target = Journal("web-1", path)
        assert target.write([told("x" * 1_000_000)]) == 1
        (data,) = journal.received()
        target.close()
    assert journal_fields(data)["MESSAGE"] == "x" * 1_000_000


def test_a_journal_that_is_not_there_or_takes_nothing_is_not_waited_for(tmp_path: Path) -> None:
    path = str(tmp_path / "journal")
    target = Journal("web-1", path)
    assert target.write([told()]) == 0
    assert target.fault == "No such file or directory"
    with daemon(path) as journal:
        written = target.write([told()] * 5000)
        assert 0 < written < 5000
        assert target.fault == "it takes no more at the moment"
        assert len(journal.received()) == written
    with daemon(path) as journal:
        assert target.write([told("anew")]) == 1
        assert journal_fields(journal.received()[0])["MESSAGE"] == "anew"
        target.close()
