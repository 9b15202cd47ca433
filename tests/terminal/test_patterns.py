"""Patterns of files, and with the edges of words and lines: what `query`, `hits` and `follow` ask, beside grep."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from logagent.config.errors import ConfigError
from logagent.core.query import Match
from logagent.terminal.patterns import read_text, split
from testbed.console import Console, hits_question_of, question_of
from testbed.processes import needs, running


@pytest.fixture
def ids(tmp_path: Path) -> Path:
    path = tmp_path / "ids.txt"
    path.write_bytes(b"\xef\xbb\xbfid-1\r\nid 2\r\nid-1\r\n\xff\r\n")
    return path


def test_lines_of_a_file_are_keywords_or_expressions_of_which_one_is_enough(ids: Path) -> None:
    files, words = ("--patterns-from", str(ids)), (b"id-1", b"id 2", b"\xff")
    expected = Match(keywords=words, any=True, exclude=(b"debug",))
    for asked in (question_of("query", "f", *files, "-v", "debug"), hits_question_of("f", *files, "-v", "debug")):
        assert asked.query.match == expected
    match = question_of("follow", "f", "--regex-from", str(ids), *files).query.match
    assert (match.any, match.keywords, match.regex) == (True, words, words)


def test_what_stands_beside_a_file_is_a_further_alternative_if_that_is_said(ids: Path) -> None:
    files = ("--patterns-from", str(ids))
    match = question_of("query", "f", "--any", "more", "-E", "a+", *files).query.match
    assert (match.any, match.keywords[:1], match.regex) == (True, (b"more",), (b"a+",))
    for more in (["more"], ["-e", "more"], ["-E", "a+"]):
        with pytest.raises(ConfigError, match="--patterns-from: of its lines one is enough; add --any if one of"):
            question_of("query", "f", *more, *files)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "ids.txt holds no pattern, and no line could match"),
        ("a\n\nb\n", "line 2 of .*ids.txt is empty, and would match every line; take it out"),
        ("\n".join(map(str, range(10_001))), "ids.txt: 10001 patterns; 10000 at most in one question"),
        ("x" * 5000, "is longer than 4096 bytes"),
    ],
)
def test_a_file_that_cannot_be_used_is_told_by_its_flag(ids: Path, text: str, told: str) -> None:
    ids.write_text(text)
    with pytest.raises(ConfigError, match=f"--patterns-from: .*{told}"):
        question_of("query", "f", "--patterns-from", str(ids))


def test_mistakes_in_expressions_are_told_by_where_they_come_from(ids: Path) -> None:
    long = "x" * 5000
    ids.write_text(long)
    with pytest.raises(ConfigError, match=r"^--regex-from: "):
        question_of("query", "f", "--regex-from", str(ids))
    with pytest.raises(ConfigError, match=r"^--regex: "):
        question_of("query", "f", "--word", "-E", long)


def test_a_file_that_is_missing_is_named(console: Console) -> None:
    assert console.run("query", "f", "--patterns-from", "/nowhere") == 2
    assert console.talk == "logagent: /nowhere: No such file or directory\n"


def test_standard_input_is_a_file_of_patterns(monkeypatch: pytest.MonkeyPatch) -> None:
    reader, writer = os.pipe()
    os.write(writer, b"a\nb\n")
    os.close(writer)
    with os.fdopen(reader) as stdin:
        monkeypatch.setattr("sys.stdin", stdin)
        assert question_of("query", "f", "--patterns-from", "-").query.match.keywords == (b"a", b"b")


def test_patterns_stand_one_a_line_whatever_ends_it(ids: Path) -> None:
    assert split("a\r\nb\n\nc") == ["a", "b", "", "c"]
    assert split("") == split("\n") == [""]
    assert read_text(str(ids)).encode("utf-8", "surrogateescape") == ids.read_bytes()


def test_what_is_coloured_is_what_was_typed_not_its_edges() -> None:
    asked = question_of("query", "f", "a.b", "-E", "c+", "-v", "d", "--word", "-i")
    assert asked.shown == Match(keywords=(b"a.b",), regex=(b"c+",), ignore_case=True)
    assert len(asked.query.match.regex) == 2
    assert len(asked.query.match.exclude_regex) == 1
    assert question_of("query", "f", "a").shown is None


LOG = (
    b"refused\nrefused!\nunrefused\nrefusedly\n refused \nnot refused, Refused\nREFUSED\na.b\naxb\nnone\n"
    b"-x refused_twice\n2 refusals: refused refused\n\n"
)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    root = tmp_path_factory.mktemp("root")
    (root / "words.log").write_bytes(LOG)
    (root / "other.log").write_bytes(b"nothing of it\n")
    (root / "ids").mkdir()
    (root / "ids" / "texts").write_bytes(b"a.b\r\nREFUSED\r\n")
    (root / "ids" / "plain").write_bytes(b"a.b\nREFUSED\n")
    with running("web-1", root) as process:
        yield process.url, root


@pytest.mark.real
@needs("grep")
@pytest.mark.parametrize(
    ("flags", "of_grep"),
    [
        ("refused --word", "-Fw -e refused"),
        ("refused --word -i", "-Fwi -e refused"),
        ("refused --line", "-Fx -e refused"),
        ("-E 'refused.?' --line -i", "-Exi -e refused.?"),
        ("-E 'a.b|refus[a-z]+' --word", "-Ew -e a.b|refus[a-z]+"),
        ("-v refused --word", "-Fwv -e refused"),
        ("-v refused --line -i", "-Fxvi -e refused"),
        ("--patterns-from {ids}/texts", "-F -f {ids}/plain"),
        ("--patterns-from {ids}/texts -i --word", "-Fwi -f {ids}/plain"),
        ("--patterns-from {ids}/texts --line", "-Fx -f {ids}/plain"),
        ("--regex-from {ids}/texts", "-E -f {ids}/plain"),
        ("refused --only-matching", "-Fo -e refused"),
        ("-E 'refus\\w+' --only-matching --word -i -C 2", "-Eowi -e refus\\w+"),
        ("--any -e refused -E 'a.b' --only-matching", "-Eo -e refused -e a.b"),
        ("--patterns-from {ids}/texts --only-matching", "-Fo -f {ids}/plain"),
        ("nowhere --word", "-Fw -e nowhere"),
        ("'*.log' refused --word --files-with-matches", "-Flw -e refused"),
        ("'*.log' nowhere --files-with-matches", "-Fl -e nowhere"),
    ],
)
def test_flags_mean_what_they_mean_to_grep(
    served: tuple[str, Path], console: Console, flags: str, of_grep: str
) -> None:
    url, root = served
    oldest = [] if "--files" in flags else ["words.log", "--order", "oldest"]
    asked = shlex.split(flags.format(ids=root / "ids"))
    code = console.run("query", *oldest, *asked, "--prefix", "never", "--agent", url)
    words = of_grep.format(ids=root / "ids").split()
    files = ["other.log", "words.log"] if "--files" in flags else ["words.log"]
    grep = subprocess.run(
        ["grep", *words, *files], cwd=root, capture_output=True, check=False, env={"LC_ALL": "C.UTF-8"}
    )
    assert (console.data, code) == (grep.stdout.decode(), grep.returncode)
