"""What has taken the place of a followed file whose log counts its generations upwards."""

from __future__ import annotations

import os
from pathlib import Path

from testbed.rotating import rotating, texts
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
