"""Lines of the agent's own log: one line each whatever was told, read by any reader of JSON, and by the agent's own."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logagent.core.times.named_judging import judge_with
from logagent.core.times.stampers import stamper_for
from logagent.telemetry.own_logs.lines import (
    LONGEST_LINE,
    json_lines,
    level_name,
    logfmt_lines,
    members_of,
    plain_text,
    time_of,
)
from logagent.telemetry.own_logs.told import LONGEST_TEXT, Told, told_of

AT = 1_795_212_327_123_456_789
TEXTS = st.text(st.characters(exclude_categories=()))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner),
    max_leaves=8,
)


def told(message: str = "a thing happened", level: int = logging.INFO, **fields: Any) -> Told:
    return Told(AT, level, "logagent.web", message, fields)


def test_a_line_of_json_holds_when_what_and_where() -> None:
    assert json_lines("web-1")(told(status=404, seconds=0.25)) == (
        '{"time":"2026-11-20T22:05:27.123456Z","level":"info","logger":"logagent.web","message":"a thing happened",'
        '"host":"web-1","status":404,"seconds":0.25}'
    )


def test_the_agents_own_reader_finds_the_time_of_each_line() -> None:
    form = json_lines("web-1")
    others = [told(since="2001-02-03T04:05:06Z", time="1999-01-01T00:00:00Z"), told("at 2001-02-03T04:05:06Z"), told()]
    lines = [form(one).encode() for one in others * 4]
    judgement = judge_with(None, lines, UTC, AT)
    assert judgement.distrust is None
    assert stamper_for(UTC, AT, judgement).stamps(lines) == [AT // 1000 * 1000] * len(lines)


@given(TEXTS, st.dictionaries(TEXTS, st.none() | st.integers() | TEXTS | st.lists(TEXTS), max_size=5), st.booleans())
def test_a_line_has_all_members_in_their_order(message: str, fields: dict[str, Any], is_dict: bool) -> None:
    one = Told(AT, logging.INFO, "logagent", message, fields if is_dict else MappingProxyType(fields))
    assert [*json.loads(json_lines("web-1")(one)).items()] == [*members_of(one, "web-1").items()]


def test_no_field_takes_the_place_of_another_member() -> None:
    read = json.loads(json_lines("web-1")(told(host="db-2", time="noon")))
    assert (read["host"], read["host_"], read["time_"]) == ("web-1", "db-2", "noon")
    assert read["time"] == time_of(AT)


@given(TEXTS, st.dictionaries(TEXTS, VALUES, max_size=5))
def test_whatever_is_told_is_one_line_that_can_be_read_and_moves_no_cursor(
    message: str, fields: dict[str, Any]
) -> None:
    one = Told(AT, logging.INFO, "logagent", message, fields)
    for line in (json_lines("web-1")(one), logfmt_lines("web-1")(one)):
        assert line.encode("utf-8")
        assert len(line.splitlines()) == 1
        assert not any(ord(letter) < 32 or 127 <= ord(letter) < 160 for letter in line)
    assert json.loads(json_lines("web-1")(one))["message"] == message


@pytest.mark.parametrize("letter", ["x", "ä", "\x1b", '"', "\ud800", "\U000e0001"])
@pytest.mark.parametrize("name", ["message", "error", "path"])
def test_a_line_is_bounded_and_says_what_was_cut(letter: str, name: str) -> None:
    fields: dict[str, Any] = {f"f{number}": number for number in range(10)} | {name: letter * LONGEST_TEXT}
    one = Told(AT, logging.ERROR, "logagent.web", fields.pop("message", "m"), fields)
    line = json_lines("web-1")(one)
    assert len(line) <= LONGEST_LINE
    read = json.loads(line)
    assert read["cut"] == name
    assert read["f9"] == 9
    assert read[name].startswith(letter * 100)
    assert "more characters)" in read[name]
    assert len(logfmt_lines("web-1")(one)) <= LONGEST_LINE


def test_members_that_do_not_fit_are_named() -> None:
    read = json.loads(json_lines("web-1")(told(**{f"f{number}": "x" * 900 for number in range(100)})))
    assert read["f0"] == "x" * 900
    assert "f99" in read["cut"].split(",")


@pytest.mark.parametrize("value", [float("nan"), [float("inf")], {1, 2}, datetime(2026, 1, 1, tzinfo=UTC), b"\xff"])
def test_what_json_does_not_know_comes_as_words(value: object) -> None:
    assert json.loads(json_lines("web-1")(told(value=value)))["value"] in (str(value), repr(value))


def test_what_holds_itself_is_told_all_the_same() -> None:
    loop: list[object] = []
    loop.append(loop)
    assert json.loads(json_lines("web-1")(told(loop=loop)))["message"] == "a thing happened"


class Wordless:
    def __str__(self) -> str:
        raise ValueError

    __repr__ = __str__


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"value": Wordless()}, "a Wordless that has no words"),
        ({"value": [Wordless()], "other": float("nan")}, "a list that has no words"),
    ],
)
def test_what_has_no_words_costs_no_line(fields: dict[str, Any], words: str) -> None:
    read = json.loads(json_lines("web-1")(told(**fields)))
    assert (read["message"], read["value"]) == ("a thing happened", words)
    assert "a thing happened" in logfmt_lines("web-1")(told(**fields))


def test_a_line_of_logfmt_is_for_people() -> None:
    line = logfmt_lines("web-1")(
        told("no\x1b[2J\nlog", logging.WARNING, status=404, path="/a b", reason="", hosts=[1, 2])
    )
    assert line == (
        r'time=2026-11-20T22:05:27.123456Z level=warning logger=logagent.web message="no\u001b[2J\nlog" host=web-1 '
        'status=404 path="/a b" reason="" hosts=[1,2]'
    )


@pytest.mark.parametrize(
    ("level", "name"), [(0, "debug"), (15, "debug"), (20, "info"), (35, "warning"), (99, "critical")]
)
def test_each_level_has_a_name(level: int, name: str) -> None:
    assert level_name(level) == name


def record(message: str = "no %s", *args: object, exc_info: Any = None, **extra: object) -> logging.LogRecord:
    return logging.getLogger("logagent.x").makeRecord(
        "logagent.x", logging.WARNING, "", 0, message, args, exc_info, extra=extra
    )


def test_a_record_is_told_with_its_members() -> None:
    one = told_of(record("no %s", "log", fields={"lines": 3}, status=404, trace_id="ab"))
    assert one[2:] == ("logagent.x", "no log", {"lines": 3, "status": 404, "trace_id": "ab"}, "no %s")
    assert one.level == logging.WARNING


def test_a_traceback_is_one_member_and_no_further_line() -> None:
    try:
        raise ValueError("wrong\nand more")
    except ValueError as error:
        one = told_of(record("it failed", exc_info=(ValueError, error, error.__traceback__)))
    line = json_lines("web-1")(one)
    assert "\n" not in line
    assert json.loads(line)["error"].endswith("ValueError: wrong\nand more")
    assert plain_text(one).startswith("it failed\nTraceback (most recent call last):\n")


def test_a_record_whose_arguments_do_not_fit_is_told_all_the_same() -> None:
    assert told_of(record("no %d", "log")).message == "no %d (its arguments do not fit: ('log',))"


def test_a_text_without_end_is_cut_before_it_waits() -> None:
    one = told_of(record("%s", "x" * (LONGEST_TEXT + 7)))
    assert one.message.endswith("x... (7 more)")
    assert one.size < LONGEST_TEXT + 100
