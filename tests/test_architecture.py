"""The picture of the wings is drawn from the imports, and the documents name what there is."""

from __future__ import annotations

import ast
import importlib.util
import re
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

import pytest

PROJECT = Path(__file__).parents[1]
ARCHITECTURE = (PROJECT / "docs" / "architecture.md").read_text("utf-8")


def load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


wings = load(PROJECT / "docs" / "draw_wings.py")


def package(directory: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        file = directory / "tower" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    return directory / "tower"


TOWER = {
    "__init__.py": "",
    "__main__.py": "from tower import cli",
    "cli.py": "def run():\n    from tower.disk import reader",
    "core/__init__.py": "",
    "core/batch.py": "import re",
    "core/times/__init__.py": "",
    "core/times/stamper.py": "from tower.core.batch import Batch",
    "disk/__init__.py": "",
    "disk/reader.py": "import tower.core.batch\nfrom ..core.times import stamper",
}

DRAWN = """\
┌─────┐
│ cli │
└─────┘

┌──────┐
│ disk │
└──────┘

┌─ core ─┐
│ times  │
│ itself │
└────────┘

cli         disk
disk        core, core/times
core        -
core/times  core
"""


def test_the_picture_in_the_document_is_what_the_imports_give() -> None:
    drawn = wings.drawn_into(ARCHITECTURE, wings.picture(wings.PACKAGE))
    assert drawn == ARCHITECTURE, "run docs/draw_wings.py"


def test_a_wing_stands_above_all_that_it_imports(tmp_path: Path) -> None:
    assert wings.picture(package(tmp_path, TOWER)) == DRAWN


def test_a_new_import_changes_the_picture(tmp_path: Path) -> None:
    tower = package(tmp_path, {**TOWER, "cli.py": "from tower.core import batch\nfrom tower.disk import reader"})
    assert "\ncli         core, disk\n" in wings.picture(tower)


def test_a_directory_that_holds_wings_only_is_no_wing(tmp_path: Path) -> None:
    tower = package(tmp_path, {**TOWER, "web/__init__.py": "", "web/server/__init__.py": "", "web/server/http.py": ""})
    assert "web/server" in wings.wings_of(tower)
    assert "web" not in wings.wings_of(tower)


def test_wings_that_import_each_other_cannot_be_drawn(tmp_path: Path) -> None:
    tower = package(tmp_path, {**TOWER, "core/batch.py": "from tower.core.times import stamper"})
    with pytest.raises(ValueError, match="a circle among"):
        wings.picture(tower)


def test_what_stands_around_the_picture_stays() -> None:
    before = f"one\n{wings.BEGIN}old\n{wings.END}two\n"
    assert wings.drawn_into(before, "new\n") == f"one\n{wings.BEGIN}```text\nnew\n```\n{wings.END}two\n"


def test_every_wing_is_described_in_one_line() -> None:
    section = ARCHITECTURE.partition("## The way of a query")[0]
    described = re.findall(r"^\| `([a-z_/]+)(?:\.py)?` \|", section, re.MULTILINE)
    assert sorted(described) == sorted(wings.wings_of(wings.PACKAGE))


def laws() -> list[str]:
    """The names of the laws, as the test of the imports lists them."""
    code = ast.parse((PROJECT / "tests" / "test_laws.py").read_text("utf-8"))
    lists = [found.value for found in code.body if isinstance(found, ast.Assign) and names(found) == ["LAWS"]]
    return [law.id for law in ast.walk(lists[0]) if isinstance(law, ast.Name)]


def names(found: ast.Assign) -> list[str]:
    return [target.id for target in found.targets if isinstance(target, ast.Name)]


def test_every_law_is_explained_and_no_other() -> None:
    section = ARCHITECTURE.partition("## The laws")[2]
    assert re.findall(r"^\| `([a-z_]+)` \|", section, re.MULTILINE) == laws()
