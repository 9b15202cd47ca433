"""A log stays one while its live file is missing, as it does in the middle of each rotation."""

from __future__ import annotations

from pathlib import Path

import pytest

from logagent.disk.catalog.catalog import Catalog
from logagent.disk.catalog.live_names import LiveNames
from testbed.trees import contents, planted, settled_catalog


def test_names_that_are_listed_or_were_noted_count_as_present() -> None:
    live = LiveNames()
    live.note("a", ["app.log"])
    beside = live.beside("a", {"other.log"})
    assert [name in beside for name in ("app.log", "other.log", "third.log")] == [True, True, False]
    assert "app.log" not in live.beside("b", ())


def test_the_name_that_was_not_seen_for_longest_is_forgotten() -> None:
    live = LiveNames(kept=2)
    for name in ("1", "2", "1", "3"):
        live.note("", [name])
    assert [name in live.beside("", ()) for name in "123"] == [True, False, True]


GENERATIONS = [
    ("app.log.1", "app.log.2"),
    ("app.log.old",),
    ("app.log.bak",),
    ("app.log1",),
    ("app.log.261127",),
    ("app.log-1732320000",),
    ("app-1.log.gz",),
]


@pytest.mark.parametrize("generations", GENERATIONS)
@pytest.mark.parametrize("pattern", ["*", "app.log"])
def test_generations_stay_so_while_the_live_file_is_missing(
    generations: tuple[str, ...], pattern: str, tmp_path: Path
) -> None:
    """All have one modification time, so that nothing but the live file shows a rotation."""
    catalog = settled_catalog(planted(tmp_path, "app.log", *generations))
    assert contents(catalog.find([pattern])) == {"app.log": ["app.log", *generations]}
    (tmp_path / "app.log").unlink()
    assert contents(catalog.find([pattern])) == {"app.log": [*generations]}


def test_first_rotation_is_known_too(tmp_path: Path) -> None:
    catalog = Catalog([planted(tmp_path, "a/app.log")])
    catalog.find(["**/*"])
    (tmp_path / "a/app.log").rename(tmp_path / "a/app.log.old")
    assert contents(catalog.find(["**/*"])) == {"a/app.log": ["a/app.log.old"]}
    assert contents(Catalog([tmp_path]).find(["**/*"])) == {"a/app.log.old": ["a/app.log.old"]}


def test_live_file_of_another_root_or_directory_does_not_count(tmp_path: Path) -> None:
    planted(tmp_path / "one", "app.log", "a/app.log")
    planted(tmp_path / "two", "app.log.old", "b/app.log.old")
    catalog = Catalog([tmp_path / "one", tmp_path / "two"])
    for _ in range(2):
        assert sorted(contents(catalog.find(["**/*"]))) == ["a/app.log", "app.log", "app.log.old", "b/app.log.old"]
