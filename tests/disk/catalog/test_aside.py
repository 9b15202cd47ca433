"""The agent's own log among the others: globs find it only if they name its directory."""

from __future__ import annotations

from pathlib import Path

import pytest

from logagent.core.outcome import Status
from logagent.disk.catalog.catalog import Catalog
from testbed.trees import failure, names, planted

OWN = ("logagent/web-1.log", "logagent/web-1.log.1")
OTHERS = ("app.log", "app/logagent/x.log", "logagents/y.log")


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    return Catalog([planted(tmp_path, *OWN, *OTHERS)], aside=tmp_path / "logagent")


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("**/*", [*OTHERS]),
        ("**/*.log", [*OTHERS]),
        ("*/*.log", ["logagents/y.log"]),
        ("logagent*/*.log", ["logagents/y.log"]),
        ("logagent/*.log", ["logagent/web-1.log"]),
        ("logagent/**", ["logagent/web-1.log"]),
        ("logagent/web-1.log", ["logagent/web-1.log"]),
    ],
)
def test_globs_that_name_it_find_it_and_no_others(catalog: Catalog, pattern: str, found: list[str]) -> None:
    assert names(catalog.find([pattern])) == sorted(found)


def test_one_that_names_it_beside_one_that_does_not(catalog: Catalog) -> None:
    for _ in range(2):  # what is remembered of its directory holds for both
        assert names(catalog.find(["**/*", "logagent/*"])) == sorted([*OTHERS, OWN[0]])
        assert names(catalog.find(["*/*"])) == ["logagents/y.log"]
        assert names(catalog.find(["logagent/*"])) == [OWN[0]]


def test_where_nothing_else_is_there_is_no_such_file(tmp_path: Path) -> None:
    root = planted(tmp_path, *OWN)
    assert failure(Catalog([root], aside=root / "logagent"), "**/*")[0] is Status.NOT_FOUND


def test_a_root_that_is_the_directory_itself_is_searched(tmp_path: Path) -> None:
    root = planted(tmp_path, *OWN) / "logagent"
    assert names(Catalog([root], aside=root).find(["*"])) == ["web-1.log"]


def test_of_other_roots_nothing_is_left_out(tmp_path: Path) -> None:
    first, second = planted(tmp_path / "1", *OWN), planted(tmp_path / "2", *OWN)
    assert len(Catalog([first, second], aside=first / "logagent").find(["**/*"])) == 1
