"""Samples of local files: their first lines with the times that an agent reads, whatever the files are packed in."""

from __future__ import annotations

import io
import os
from datetime import tzinfo
from pathlib import Path
from typing import Any

import pytest

from logagent.core.outcome import Failure
from logagent.core.times.explaining import FileSample
from logagent.core.times.named_formats import FormatRule, FormatRules, named_format
from logagent.samples import sample
from testbed.packing import PACK
from testbed.times import BERLIN, MODIFIED, UTC, ns

ISO = b"".join(b"2024-06-15 11:%02d:00 ready\n" % minute for minute in range(30))
FIRST = ns("2024-06-15 11:00:00")
LEGACY = b"".join(b"15/06/24 11.%02d ready\n" % minute for minute in range(30))
RULES = FormatRules([FormatRule(("legacy/*.log",), named_format("%d/%m/%y %H.%M", zone=BERLIN))])


def of(path: Path | str, count: int = 2, zone: tzinfo = UTC, stdin: bytes = b"", **changed: Any) -> FileSample:
    return sample(str(path), count, zone, changed.get("formats", FormatRules()), io.BytesIO(stdin))


def write(path: Path, content: bytes) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    os.utime(path, ns=(MODIFIED, MODIFIED))
    return path


@pytest.mark.parametrize("pack", [bytes, *PACK.values(), lambda text: text.decode().encode("utf-16")])
def test_first_lines_come_with_their_times(tmp_path: Path, pack: Any) -> None:
    got = of(write(tmp_path / "app.log", pack(ISO)))
    assert got.lines == (b"2024-06-15 11:00:00 ready", b"2024-06-15 11:01:00 ready")
    assert got.stamps == (FIRST, FIRST + 60 * 10**9)
    assert (got.judgement.trusted, got.judgement.lines, len(got.sampled)) == (True, 12, 30)
    assert got.modified == MODIFIED


def test_more_lines_than_there_are_may_be_asked_for(tmp_path: Path) -> None:
    assert len(of(write(tmp_path / "app.log", ISO), 1000).lines) == 30
    assert of(write(tmp_path / "empty.log", b"")).lines == ()


def test_many_lines_are_read_on(tmp_path: Path) -> None:
    assert len(of(write(tmp_path / "app.log", ISO * 1000), 20_000).lines) == 20_000


def test_standard_input_is_a_file_too() -> None:
    assert of("-", stdin=ISO).stamps == (FIRST, FIRST + 60 * 10**9)
    assert of("-", stdin=PACK["gz"](ISO) if "gz" in PACK else ISO).stamps[0] == FIRST


def test_a_pipe_is_read_too() -> None:
    """As `formats <(command)` gives one."""
    reading, writing = os.pipe()
    os.write(writing, ISO)
    os.close(writing)
    assert of(f"/dev/fd/{reading}").stamps == (FIRST, FIRST + 60 * 10**9)
    os.close(reading)


@pytest.mark.parametrize("name", ["legacy/app.log", "legacy/app.log.1"])
def test_a_format_is_named_for_a_path_wherever_its_root_is(tmp_path: Path, name: str) -> None:
    got = of(write(tmp_path / name, LEGACY), formats=RULES)
    assert got.stamps[0] == FIRST - 2 * 3600 * 10**9
    assert (got.zone, got.judgement.named is not None) == (BERLIN, True)
    assert of(write(tmp_path / "other" / "app.log", LEGACY), formats=RULES).judgement.named is None


def test_what_holds_no_text_is_a_failure_that_says_so(tmp_path: Path) -> None:
    with pytest.raises(Failure, match=r"x\.bin: .*, and holds no lines"):
        of(write(tmp_path / "x.bin", bytes(range(256)) * 20))
    with pytest.raises(OSError, match="No such file"):
        of(tmp_path / "none.log")
