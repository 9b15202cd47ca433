"""What the documents state as fact is true of the program."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from logagent.config import table
from logagent.core.wire.parameters import PARAMETERS
from logagent.core.wire.verdict import TRAILERS

PROJECT = Path(__file__).parents[1]
README = (PROJECT / "README.md").read_text()


def between(start: str, end: str) -> str:
    return README.partition(start)[2].partition(end)[0]


def test_readme_has_the_table_of_settings() -> None:
    assert between("<!-- settings -->\n", "\n<!-- end of settings -->") == table.markdown()


def test_readme_names_every_parameter_and_no_other() -> None:
    cells = re.findall(r"^\| (`[a-z_`, ]+`) \|", between("Parameters of `/logs`.", "`Accept` chooses"), re.MULTILINE)
    named = [name for cell in cells for name in re.findall("[a-z_]+", cell)]
    assert sorted(named) == sorted(PARAMETERS)


def test_readme_names_every_trailer_and_no_other() -> None:
    table = between("### The verdict", "They come on every")
    named = re.findall(r"`((?:log-|server-)[a-z-]+)`", table)
    assert sorted(set(named)) == sorted(TRAILERS)


@pytest.mark.parametrize("mark", ["demo", "test"])
def test_readme_marks_its_commands_for_those_who_run_them(mark: str) -> None:
    command = between(f"<!-- {mark} -->\n```sh\n", "```")
    assert command.startswith("python3 -m venv .venv && .venv/bin/pip install -q -c constraints.txt ")
    assert command.count("\n") == 1


def test_files_that_the_readme_links_to_exist() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", README)
    assert links
    assert [link for link in links if not (PROJECT / link).exists()] == []


def test_changelog_has_the_version_of_the_project() -> None:
    version = re.search(r'^version = "(.*)"', (PROJECT / "pyproject.toml").read_text(), re.MULTILINE)
    assert version
    assert f"## {version[1]} " in (PROJECT / "CHANGELOG.md").read_text()
