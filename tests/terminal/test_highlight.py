"""Lines in colour: what matches, levels, and that nothing else of a line changes."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logagent.core.query import Match
from logagent.terminal.escapes import escaped
from logagent.terminal.highlight import FOUND, HEAD, MOST_PATTERNS, PLAIN, painter
from logagent.terminal.tame_patterns import is_tame
from testbed.console import question_of

_SGR = re.compile(rb"\x1b\[[0-9;]*m")


def marked(match: Match, line: str, *, escape: bool = True) -> str:
    """The line with what is coloured as a match between «», and other colours between <>."""
    painted = painter(match, escape=escape)(line.encode("utf-8", "surrogateescape"))
    assert _SGR.sub(b"", painted) == (escaped(line.encode()) if escape else line.encode("utf-8", "surrogateescape"))
    text = painted.replace(FOUND, "«".encode())
    text = re.sub("«(.*?)\x1b\\[0m".encode(), "«\\1»".encode(), text)
    return re.sub(rb"\x1b\[[0-9;]+m(.*?)\x1b\[0m", b"<\\1>", text).decode()


@pytest.mark.parametrize(
    ("argv", "line", "shown"),
    [
        (["refused"], "refused, refused", "«refused», «refused»"),
        (["time", "timeout"], "a timeout", "a «timeout»"),
        (["-i", "über"], "ÜBER alles", "«ÜBER» alles"),
        (["-i", "Error"], "2026 ERROR x", "2026 «ERROR» x"),
        (["a.c"], "abc a.c", "abc «a.c»"),
        (["-E", r"status=5\d\d"], "status=503 status=200", "«status=503» status=200"),
        (["-E", "é+x"], "ééx", "«ééx»"),
        (["-E", r"(\d{1,3}\.){3}\d{1,3}"], "from 10.0.0.7 on", "from «10.0.0.7» on"),
        (["-E", "^from|on$"], "from 10 on", "«from» 10 «on»"),
        (["-E", r"\x97"], "日本", "«日»本"),  # not torn apart
        (["-E", "a*"], "bb", "bb"),
        (["-v", "bb", "a"], "ab", "«a»b"),
        (["x", "-E", "[[:alpha:]]+"], "x ab", "«x» ab"),  # which re takes for another set
        (["x", "-E", "(x+x+)+y"], "xx ab", "«x»«x» ab"),  # which re would try for ages
        (["\x1b"], "a\x1b[31mb", "a«\\x1b»[31mb"),
        (["x"], " INFO xINFO", " <INFO> «x»INFO"),
    ],
)
def test_what_matches_is_coloured(argv: list[str], line: str, shown: str) -> None:
    assert marked(question_of("query", "app.log", *argv).query.match, line) == shown


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("2026-11-28T10:00:00Z ERROR no INFO", "2026-11-28T10:00:00Z <ERROR> no INFO"),
        ("2026/11/28 10:00:00 [warn] 7#7: slow", "2026/11/28 10:00:00 [<warn>] 7#7: slow"),
        ('{"level":"info","msg":"x"}', '{"level":"<info>","msg":"x"}'),
        ('{"level": "Debug"}', '{"level": "<Debug>"}'),
        ("ts=1 level=error msg=x", "ts=1 level=<error> msg=x"),
        ("WARNING: x", "<WARNING>: x"),
        ("an error, no info", "an error, no info"),
        ("ERROR_CODE=5 x-ERROR MYERROR", "ERROR_CODE=5 x-ERROR MYERROR"),
        ("x" * 300 + " ERROR", "x" * 300 + " ERROR"),
    ],
)
def test_levels_are_coloured_where_they_are_levels(line: str, shown: str) -> None:
    assert marked(Match(), line) == shown


@given(st.binary(max_size=40), st.lists(st.binary(min_size=1, max_size=2), max_size=2), st.booleans())
def test_colours_change_nothing_else(lines: bytes, keywords: list[bytes], escape: bool) -> None:
    lines = lines.replace(b"\x1b", b"e")
    match = Match(keywords=tuple(keywords), regex=(b"[^a]", rb"\w+"), ignore_case=escape)
    painted = painter(match, escape=escape)(lines)
    assert _SGR.sub(b"", painted) == (escaped(lines) if escape else lines)
    assert painted.count(PLAIN) * 2 == len(_SGR.findall(painted))


def test_what_would_take_long_is_left_plain() -> None:
    many = Match(keywords=tuple(b"%d" % number for number in range(MOST_PATTERNS + 1)))
    assert marked(many, "1 2 3") == "1 2 3"
    far = " " * HEAD + "far"
    assert marked(Match(regex=(b"far",)), far) == far
    assert marked(Match(keywords=(b"far",)), far) == far.replace("far", "«far»")


@pytest.mark.parametrize(
    ("pattern", "tame"),
    [
        ("a.*b", True),
        ("a.*b.*c", True),
        ("a.*b.*c.*d", False),
        ("(ab)?c+", True),
        ("(?:foo|bar) baz", True),
        ("(a+)+$", False),
        ("(a|a)*b", False),
        ("(a?){20}a{20}", False),
        (r"\d{4}-\d\d", True),
        ("([ab]c){2,3}", True),
        (r"\R", False),
        ("(?<name>x)", False),
        ("a{,3}", False),
        ("(a", False),
    ],
)
def test_only_tame_expressions_are_tried(pattern: str, tame: bool) -> None:
    assert is_tame(pattern.encode()) is tame
