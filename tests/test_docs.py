"""What the documents state as fact is true of the program."""

from __future__ import annotations

import re
from importlib import metadata
from pathlib import Path

import pytest

import logagent
from logagent.config import table
from logagent.core.wire.parameters import PARAMETERS
from logagent.core.wire.verdict import TRAILERS
from logagent.disk.catalog.never_served import NEVER_SERVE
from testbed.examples import DOCUMENTS, KINDS, OTHERWISE, examples_in

PROJECT = Path(__file__).parents[1]


def between(document: str, start: str, end: str) -> str:
    """What stands in a document between two texts; nothing, where the first is missing."""
    return (PROJECT / document).read_text("utf-8").partition(start)[2].partition(end)[0]


def test_settings_are_documented_by_their_table() -> None:
    assert between("docs/settings.md", "<!-- settings -->\n", "\n<!-- end of settings -->") == table.markdown()


def test_settings_that_take_a_restart_are_named() -> None:
    assert between("docs/settings.md", "<!-- restarts -->\n", "\n<!-- end of restarts -->") == table.restarts()


def test_what_is_never_served_is_listed() -> None:
    assert between("docs/logs.md", "<!-- never served -->\n```text\n", "```").split() == list(NEVER_SERVE)


def test_every_parameter_is_documented_and_no_other() -> None:
    table = between("docs/api.md", "Parameters of `/logs`.", "`Accept` chooses")
    cells = re.findall(r"^\| (`[a-z_`, ]+`) \|", table, re.MULTILINE)
    named = [name for cell in cells for name in re.findall("[a-z_]+", cell)]
    assert sorted(named) == sorted(PARAMETERS)


def test_every_trailer_is_documented_and_no_other() -> None:
    table = between("docs/api.md", "## The verdict", "They come on every")
    named = re.findall(r"`((?:log-|server-)[a-z-]+)`", table)
    assert sorted(set(named)) == sorted(TRAILERS)


@pytest.mark.parametrize("mark", ["demo", "test"])
def test_readme_marks_its_commands_for_those_who_run_them(mark: str) -> None:
    command = between("README.md", f"<!-- {mark} -->\n```sh\n", "```")
    assert command.startswith("python3 -m venv .venv && .venv/bin/pip install -q -c constraints.txt ")
    assert command.count("\n") == 1


def documents() -> list[Path]:
    """All Markdown files of the project."""
    found = (path.relative_to(PROJECT) for path in PROJECT.rglob("*.md"))
    return sorted(path for path in found if not any(part.startswith(".") or part == "build" for part in path.parts))


def without_code(text: str) -> str:
    return re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)


def anchors(text: str) -> set[str]:
    """What headings are linked to by: their words in small letters, with hyphens between them."""
    headings = re.findall(r"^#+ (.*)$", without_code(text), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def links_broken(path: Path) -> list[str]:
    """The links of a document that lead to no file, or to no heading in it. Those to the web are not followed."""
    links = re.findall(r"\]\((?!https?:)([^)#]*)#?([^)]*)\)", without_code((PROJECT / path).read_text("utf-8")))
    targets = [(PROJECT / path.parent / file if file else PROJECT / path, anchor) for file, anchor in links]
    return [
        f"{target.name}#{anchor}"
        for target, anchor in targets
        if not target.exists() or (anchor and anchor not in anchors(target.read_text("utf-8")))
    ]


def is_there(name: str) -> bool:
    """Whether a path named in a document leads somewhere from the project, the package or the tests."""
    return any((PROJECT / start / name).exists() for start in ("", "logagent", "tests"))


def test_all_documents_are_looked_at() -> None:
    known = {"README.md", "CONTRIBUTING.md", "docs/glossary.md", "docs/api.md"}
    assert {path.as_posix() for path in documents()} >= known


@pytest.mark.parametrize("path", documents(), ids=str)
def test_links_lead_to_files_and_headings_that_exist(path: Path) -> None:
    assert links_broken(path) == []


@pytest.mark.parametrize("path", documents(), ids=str)
def test_modules_and_programs_that_a_document_names_exist(path: Path) -> None:
    text = (PROJECT / path).read_text("utf-8")
    named = re.findall(r"(?<![\w./<-])((?:[\w.-]+/)*[\w-]+\.py)\b", text)
    named += re.findall(r"(?<![\w./-])((?:core|disk|peers|web|tests|docs|benchmarks|\.ci)(?:/\w+)+)(?![\w./-])", text)
    assert sorted(name for name in set(named) if not is_there(name)) == []


def test_every_module_of_the_testbed_is_explained() -> None:
    text = (PROJECT / "CONTRIBUTING.md").read_text("utf-8")
    explained = re.findall(r"^\| `testbed/(\w+\.py)` \|", text, re.MULTILINE)
    modules = [path.name for path in (PROJECT / "tests" / "testbed").glob("*.py")]
    assert sorted(explained) == sorted(set(modules) - {"__init__.py"})


def test_every_proof_is_explained() -> None:
    text = (PROJECT / "CONTRIBUTING.md").read_text("utf-8")
    explained = re.findall(r"^\| `\.venv/bin/python tests/proofs/(\w+\.py)` \|", text, re.MULTILINE)
    programs = [path for path in (PROJECT / "tests" / "proofs").glob("*.py") if "__main__" in path.read_text("utf-8")]
    assert sorted(explained) == sorted(path.name for path in programs)


GLOSSARY = (PROJECT / "docs" / "glossary.md").read_text("utf-8")
WORDS = re.findall(r"^\*\*(.+?)\*\*: (.*?)(?=\n\n)", GLOSSARY, re.MULTILINE | re.DOTALL)


def test_words_of_the_glossary_are_in_alphabetical_order_each_once() -> None:
    words = [word for word, _ in WORDS]
    assert words
    assert words == sorted(set(words))


@pytest.mark.parametrize(("word", "meaning"), WORDS, ids=[word for word, _ in WORDS])
def test_a_word_of_the_glossary_names_the_module_where_it_lives(word: str, meaning: str) -> None:
    modules = re.findall(r"\(`([\w/]+\.py)`\)", meaning)
    assert modules, word
    assert all(map(is_there, modules))


def test_changelog_has_the_version_of_the_project() -> None:
    assert metadata.version("logagent") == logagent.__version__
    assert f"## {logagent.__version__} " in (PROJECT / "CHANGELOG.md").read_text()


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_block_says_how_it_is_tried_or_why_not(document: str) -> None:
    for example in examples_in(document):
        reason = example.mark.partition("no example: ")[2]
        assert example.kind in KINDS or example.mark in OTHERWISE or len(reason.split()) > 2, example.where
