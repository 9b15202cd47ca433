"""Which directories lie on the way to a file, so that a switch in any of them is seen."""

from __future__ import annotations

from pathlib import Path

import pytest

from logagent.disk.files.ways import way_to


def below(root: Path, directories: object) -> set[str]:
    """The directories of a way below a root, by their names from there."""
    return {str(each.relative_to(root)) for each in directories if each.is_relative_to(root)}  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("links", "far", "near"),
    [
        ({}, {".", "rel"}, {"rel/1"}),
        ({"current": "rel/1"}, {".", "rel"}, {"rel/1"}),
        ({"current": "{root}/rel/1"}, {".", "rel"}, {"rel/1"}),
        ({"latest": "rel/1", "current": "rel/../latest"}, {".", "rel"}, {"rel/1"}),
        ({"current": "rel/gone"}, {".", "rel"}, set()),
        ({"current": "current"}, {"."}, set()),
    ],
)
def test_directories_on_the_way(tmp_path: Path, links: dict[str, str], far: set[str], near: set[str]) -> None:
    root = tmp_path.resolve()
    (root / "rel" / "1").mkdir(parents=True)
    for name, target in links.items():
        (root / name).symlink_to(target.format(root=root))
    way = way_to(root / ("current" if "current" in links else "rel/1") / "app.log")
    assert (below(root, way.far), below(root, way.near)) == (far, near)
    assert Path("/") in way.far


def test_a_link_to_a_file_has_two_near_directories(tmp_path: Path) -> None:
    root = tmp_path.resolve()
    (root / "pods" / "1").mkdir(parents=True)
    (root / "links").mkdir()
    (root / "links" / "app.log").symlink_to("../pods/1/0.log")
    way = way_to(root / "links" / "app.log")
    assert below(root, way.near) == {"links", "pods/1"}
    assert below(root, way.far) == {".", "links", "pods"}


def test_a_directory_that_was_replaced_changes_the_way(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    before = way_to(tmp_path / "app" / "app.log")
    (tmp_path / "app").rename(tmp_path / "away")
    (tmp_path / "app").mkdir()
    after = way_to(tmp_path / "app" / "app.log")
    assert before != after
    assert before.near.keys() == after.near.keys()
