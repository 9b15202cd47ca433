"""What has taken the place of a followed file whose log counts its generations upwards."""

from __future__ import annotations

import os
from pathlib import Path

from testbed.rotating import empty, rotating, texts
from testbed.tailing import append


def test_files_that_were_older_are_not_read_again_wherever_they_are_listed(tmp_path: Path) -> None:
    """log4j2 counts upwards, and files without times do not show it."""
    with rotating(tmp_path) as it:
        for number in (1, 2):
            it.old(f"app.log.{number}", "old")
        finder = it.finder
        _, opened = finder.open_newest("app.log")
        it.opened += opened
        for number, text in [(3, "second"), (4, "third")]:
            it.path.rename(tmp_path / f"app.log.{number}")
            append(it.path, text)
            os.utime(tmp_path / f"app.log.{number}", (1, 1))
            found = finder.after_renaming(it.opened[-1])
            assert found is not None
            it.opened += found.files
            assert (texts(found.files), found.sure) == ([f"{text}\n"], True)


def test_files_behind_one_that_was_empty_are_found_though_they_were_listed_before(tmp_path: Path) -> None:
    with rotating(tmp_path) as it:
        empty(it)
        finder = it.finder
        append(it.path, "second")
        it.path.rename(tmp_path / "app.log.3")
        (tmp_path / "app.log.1").rename(tmp_path / "app.log.4")
        append(tmp_path / "app.log.2", "third")
        append(it.path, "fourth")
        between = finder.after_emptiness(it.file, it.known)
        assert between is not None
        assert between.files == []
        found = finder.after_renaming(it.file, it.known)
        assert found is not None
        it.opened += found.files
        assert (texts(found.files), found.sure) == (["third\n", "fourth\n"], True)
