"""The made-up logs of the demonstration: the same in every run, but for their times, and growing."""

from __future__ import annotations

import gzip
import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from logagent.demo import logs
from logagent.demo.logs import OLDER, PAST, MadeUpHost

NOW = datetime(2026, 11, 23, 10, 11, 12, tzinfo=UTC)
FILES = (
    *("alternatives.log", "app.log", "app.log.2.gz", "auth.log", "kern.log"),
    *("nginx/access.log", "nginx/error.log", "shop/app.log", "syslog"),
)
GROWING = tuple(file for file in FILES if not file.endswith(".gz"))


def files(directory: Path) -> dict[str, str]:
    paths = (path for path in sorted(directory.rglob("*")) if path.is_file())
    return {str(path.relative_to(directory)): text_of(path) for path in paths}


def text_of(path: Path) -> str:
    return gzip.decompress(path.read_bytes()).decode() if path.suffix == ".gz" else path.read_text()


def test_past_of_a_host_is_the_same_in_every_run(tmp_path: Path) -> None:
    for run in ("first", "second"):
        MadeUpHost(tmp_path / run, "web-1").tell_past(NOW)
    assert files(tmp_path / "first") == files(tmp_path / "second")
    assert tuple(files(tmp_path / "first")) == FILES


def test_hosts_differ(tmp_path: Path) -> None:
    for name in ("web-1", "web-2"):
        MadeUpHost(tmp_path / name, name).tell_past(NOW)
    first, second = files(tmp_path / "web-1"), files(tmp_path / "web-2")
    assert all(first[file] != second[file] for file in FILES)


def test_alternatives_log_is_as_debian_has_it(tmp_path: Path) -> None:
    MadeUpHost(tmp_path, "web-1").tell_past(NOW)
    updated = [line for line in files(tmp_path)["alternatives.log"].splitlines() if "updated" in line]
    form = r"update-alternatives 2026-11-23 \d\d:\d\d:\d\d: link group \w+ updated to point to /\S+"
    assert len(updated) > 20
    assert all(re.fullmatch(form, line) for line in updated)


def test_stack_traces_follow_their_error(tmp_path: Path) -> None:
    MadeUpHost(tmp_path, "web-1").tell_past(NOW)
    app = files(tmp_path)["shop/app.log"]
    assert re.search(
        r"^2026-11-23T\S+\+00:00 ERROR .*\nTraceback .*\n(  .*\n)+shop\.\S+: cardworks$", app, re.MULTILINE
    )


def test_present_is_appended(tmp_path: Path) -> None:
    host = MadeUpHost(tmp_path, "web-1")
    host.tell_past(NOW)
    before = files(tmp_path)
    for second in range(300):
        host.tell_present(NOW + timedelta(seconds=second))
    after = files(tmp_path)
    assert all(after[file].startswith(before[file]) and len(after[file]) > len(before[file]) for file in GROWING)


def test_file_that_has_grown_large_is_rotated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "MAX_FILE", 1000)
    host = MadeUpHost(tmp_path, "web-1")
    for second in range(200):
        host.tell_present(NOW + timedelta(seconds=second))
    assert all(len(text) < 2000 for text in files(tmp_path).values())
    assert "nginx/access.log.1" in files(tmp_path)


def test_past_ends_before_now(tmp_path: Path) -> None:
    MadeUpHost(tmp_path, "web-1").tell_past(NOW)
    times = [
        datetime.fromisoformat(line.split()[0])
        for line in files(tmp_path)["shop/app.log"].splitlines()
        if line.startswith("2026")
    ]
    assert NOW - PAST <= min(times) <= max(times) < NOW


def test_a_rotated_generation_holds_the_days_before(tmp_path: Path) -> None:
    MadeUpHost(tmp_path, "web-1").tell_past(NOW)
    lines = [line for line in files(tmp_path)["app.log.2.gz"].splitlines() if line.startswith("2026")]
    times = [datetime.fromisoformat(line.split()[0]) for line in lines]
    assert (times[0].date(), times == sorted(times)) == ((NOW - PAST - OLDER).date(), True)
    assert times[-1] < NOW - PAST
    assert (tmp_path / "app.log.2.gz").stat().st_mtime == (NOW - PAST).timestamp()


@pytest.mark.real
def test_real_generator_grows_until_it_is_told_to_end(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "logagent.demo.logs", str(tmp_path)]
    command += ["--name", "web-1", "--grow", "--every", "0.01"]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as generator:
        grown = 0
        while grown < 3:  # the writer is another process: its file is all there is to wait for
            before = _size(tmp_path / "nginx/access.log")
            os.sched_yield()
            grown += _size(tmp_path / "nginx/access.log") > before > 0
        generator.terminate()
        assert (generator.wait(10), generator.communicate()[1]) == (0, b"")


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
