"""Files that are replaced in one step."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from logagent.whole_file import replace_file

ME = {"owner": os.geteuid(), "group": os.getegid()}


def test_file_is_made_with_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "tokens"
    replace_file(path, b"one\n", mode=0o640, **ME)
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"one\n", 0o640)
    assert [each.name for each in tmp_path.iterdir()] == ["tokens"]


def test_who_has_the_old_file_open_reads_all_of_it(tmp_path: Path) -> None:
    path = tmp_path / "tokens"
    path.write_bytes(b"old")
    with path.open("rb") as reader:
        replace_file(path, b"new", mode=0o600, **ME)
        assert (reader.read(), path.read_bytes()) == (b"old", b"new")


@pytest.mark.parametrize("step", ["fchmod", "fsync", "fchown"])
def test_step_that_fails_leaves_the_file_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    def fails(*_: object) -> None:
        raise OSError(28, "No space left on device")

    path = tmp_path / "tokens"
    path.write_bytes(b"old")
    monkeypatch.setattr(os, step, fails)
    with pytest.raises(OSError, match="No space left"):
        replace_file(path, b"new", mode=0o600, owner=os.geteuid() + 1, group=os.getegid())
    assert path.read_bytes() == b"old"
    assert [each.name for each in tmp_path.iterdir()] == ["tokens"]
