"""The names by which a format of time is named for a log, and for each of its files alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from logagent.disk.catalog.catalog import Catalog
from logagent.disk.catalog.format_names import names_of, own_and_log_names


@pytest.mark.parametrize(
    ("name", "log"),
    [
        ("a/app.log", "a/app.log"),
        ("a/app.log.1", "a/app.log"),
        ("a/app.log.2.gz", "a/app.log"),
        ("a/app.log-20261128.zst", "a/app.log"),
        ("a/app-2026-11-28.log", "a/app.log"),
        ("app.log.old", "app.log"),
    ],
)
def test_a_generation_goes_by_the_name_of_its_log_too(name: str, log: str) -> None:
    assert own_and_log_names(name) >= {name, log}


def test_a_log_goes_by_its_name_its_target_and_its_paths(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "real.log").touch()
    (tmp_path / "link.log").symlink_to("a/real.log")
    [log] = Catalog([tmp_path]).find(["link.log"])
    assert names_of(log) >= {"link.log", "a/real.log", f"{tmp_path}/link.log", f"{tmp_path}/a/real.log"}
    assert names_of(log.generations[0]) == names_of(log)
