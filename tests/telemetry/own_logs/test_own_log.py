"""The agent's own log as its settings have it, and how a reload changes it."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from logagent.config.settings import Settings
from logagent.telemetry.own_logs.own_log import OwnLog
from testbed.datagram_sockets import daemon

LOG = logging.getLogger("logagent.tested")


class Stderr:
    """A pipe in the place of standard error."""

    def __init__(self) -> None:
        self._reading, self.writing = os.pipe()
        os.set_blocking(self._reading, False)

    def text(self) -> str:
        try:
            return os.read(self._reading, 1 << 20).decode()
        except BlockingIOError:
            return ""

    def close(self) -> None:
        os.close(self._reading)
        os.close(self.writing)


@pytest.fixture
def stderr() -> Iterator[Stderr]:
    made = Stderr()
    yield made
    made.close()


def settings(**given: Any) -> Settings:
    return Settings(name="web-1", **given)


@contextmanager
def own_log(given: Settings, stderr: Stderr, *, is_terminal: bool = False) -> Iterator[OwnLog]:
    log = OwnLog(given, stderr.writing, is_terminal=is_terminal)
    log.start()
    try:
        yield log
    finally:
        log.close()


def tell() -> None:
    LOG.debug("a detail")
    LOG.info("a thing")
    LOG.warning("a worry")
    logging.getLogger("logagent.refusals").warning("no", extra={"status": 404})


def test_stories_of_requests_stand_in_files_and_not_on_standard_error(tmp_path: Path, stderr: Stderr) -> None:
    with own_log(settings(log_directory=tmp_path), stderr):
        logging.getLogger("logagent.requests").warning("left behind")
    assert stderr.text() == ""
    assert written(tmp_path) == ["left behind"]


def written(directory: Path) -> list[str]:
    path = directory / "web-1.log"
    return [json.loads(line)["message"] for line in path.read_text().splitlines()] if path.exists() else []


def test_by_itself_warnings_stand_on_standard_error_as_words(stderr: Stderr) -> None:
    with own_log(settings(), stderr) as log:
        assert log.tells_refusals_apart
        assert not log.queue.is_wanted("logagent.tested", logging.INFO)
        tell()
        tell()
    assert stderr.text() == "a worry\na worry\n"


def test_with_a_directory_all_stands_in_files_and_warnings_on_standard_error_too(
    tmp_path: Path, stderr: Stderr
) -> None:
    with own_log(settings(log_directory=tmp_path), stderr) as log:
        assert log.queue.is_wanted("logagent.tested", logging.INFO)
        tell()
    assert stderr.text() == "a worry\n"
    assert written(tmp_path) == ["a thing", "a worry", "no"]


def test_targets_that_are_named_are_all_there_are(tmp_path: Path, stderr: Stderr) -> None:
    with own_log(settings(log_to=("files",), log_directory=tmp_path), stderr) as log:
        assert not log.tells_refusals_apart
        tell()
    assert stderr.text() == ""
    assert written(tmp_path) == ["a thing", "a worry", "no"]


def test_standard_error_that_is_named_holds_json_and_on_a_terminal_logfmt(stderr: Stderr) -> None:
    with own_log(settings(log_to=("stderr",)), stderr):
        tell()
    assert [json.loads(line)["message"] for line in stderr.text().splitlines()] == ["a thing", "a worry", "no"]
    with own_log(settings(log_to=("stderr",)), stderr, is_terminal=True):
        tell()
    assert 'level=info logger=logagent.tested message="a thing" host=web-1' in stderr.text()


def test_none_is_none(stderr: Stderr) -> None:
    with own_log(settings(log_to=("none",)), stderr) as log:
        assert not log.queue.is_wanted("logagent.tested", logging.CRITICAL)
        tell()
    assert stderr.text() == ""


def test_syslog_is_where_it_is_said_to_be(tmp_path: Path, stderr: Stderr) -> None:
    path = str(tmp_path / "log")
    with daemon(path) as local, daemon() as remote:
        to = (f"syslog:{path}", f"syslog:127.0.0.1:{remote.bound.getsockname()[1]}")
        with own_log(settings(log_to=to), stderr):
            tell()
        assert len(local.received()) == len(remote.received()) == 3


@pytest.mark.parametrize(("target", "name"), [("journald", "the journal"), ("syslog", "syslog at /dev/log")])
def test_the_daemons_of_the_host_are_where_they_usually_are(target: str, name: str, stderr: Stderr) -> None:
    log = OwnLog(settings(log_to=(target,)), stderr.writing)
    assert [each.name for each in log.targets] == [name]


def test_levels_are_of_all_or_of_a_part(tmp_path: Path, stderr: Stderr) -> None:
    given = {"logagent": logging.ERROR, "logagent.tested": logging.DEBUG}
    with own_log(settings(log_directory=tmp_path, log_level=given), stderr) as log:
        assert not log.queue.is_wanted("logagent.other", logging.WARNING)
        tell()
    assert written(tmp_path) == ["a detail", "a thing", "a worry"]
    assert LOG.level == logging.NOTSET


def test_a_reload_changes_levels_and_targets(tmp_path: Path, stderr: Stderr) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    given = {"log_to": ("files",)}
    with own_log(settings(log_directory=first, **given), stderr) as log:
        LOG.debug("unheard")
        log.renew(settings(log_directory=first, log_level={"logagent": logging.DEBUG}, **given))
        assert log.queue.is_wanted("logagent.tested", logging.DEBUG)
        LOG.debug("heard")
        log.queue.close()
    assert written(first) == ["heard"]
    with own_log(settings(log_directory=first, **given), stderr) as log:
        log.renew(settings(log_directory=second, **given))
        LOG.info("elsewhere")
    assert written(second) == ["elsewhere"]
    assert written(first) == ["heard"]


def test_what_cannot_be_written_is_told_where_people_look(tmp_path: Path, stderr: Stderr) -> None:
    (tmp_path / "taken").touch()
    with own_log(settings(log_to=("files",), log_directory=tmp_path / "taken"), stderr):
        tell()
    assert stderr.text() == (
        f"the agent's own log: {tmp_path}/taken/web-1.log: File exists; what it does not take is counted\n"
        f"3 lines not written to {tmp_path}/taken/web-1.log until the end: File exists\n"
    )


def test_nothing_that_a_line_causes_becomes_a_line(tmp_path: Path, stderr: Stderr) -> None:
    with own_log(settings(log_directory=tmp_path, log_level={"logagent": logging.DEBUG}), stderr):
        for _ in range(1000):
            LOG.info("a thing")
    assert written(tmp_path) == ["a thing"] * 1000
