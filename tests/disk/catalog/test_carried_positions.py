"""Positions that are told by the other name of a log, as another root has got a file of its name, or lost it."""

from __future__ import annotations

from pathlib import Path

import pytest

from logagent.core.batch import Position
from logagent.core.cursor import fingerprint
from logagent.core.query import Query
from logagent.disk.catalog.carried_positions import carried_over
from logagent.disk.catalog.catalog import Catalog
from testbed.queries import changed
from testbed.trees import planted

ASKED = Query.of(files=("app.log",))
BOTH = {"one": b"1 of one\n", "two": b"1 of two\n"}


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    for root, text in BOTH.items():
        (planted(tmp_path / root) / "app.log").write_bytes(text)
    return Catalog([tmp_path / root for root in BOTH])


def at(log: str, root: str, offset: int = 9) -> Position:
    return Position("web-1", log, fingerprint(BOTH[root]), offset)


def carried(catalog: Catalog, *positions: Position) -> list[Position]:
    query = changed(ASKED, positions=positions)
    return [one for one in carried_over(query, catalog.find(["app.log"])).positions if one not in positions]


@pytest.mark.parametrize("root", BOTH)
def test_position_goes_to_the_log_that_holds_it(catalog: Catalog, root: str) -> None:
    assert carried(catalog, at("app.log", root)) == [at(f"{root}:app.log", root)]


def test_position_goes_to_the_bare_name_where_no_other_root_has_it_any_more(catalog: Catalog, tmp_path: Path) -> None:
    (tmp_path / "one" / "app.log").unlink()
    assert carried(catalog, at("two:app.log", "two")) == [at("app.log", "two")]
    assert carried(catalog, at("one:app.log", "one")) == []


def test_position_of_the_name_itself_stays(catalog: Catalog) -> None:
    assert carried(catalog, at("one:app.log", "one"), at("two:app.log", "two"), at("app.log", "one")) == []


def test_without_positions_nothing_is_read(catalog: Catalog) -> None:
    assert carried_over(ASKED, catalog.find(["app.log"])) is ASKED
