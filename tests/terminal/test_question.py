"""The questions that `query` and `hits` ask, of what was typed; and what unusable arguments are told."""

from __future__ import annotations

import os
from datetime import datetime
from urllib.parse import urlencode

import pytest

from logagent.config.errors import ConfigError
from logagent.core.batch import Position
from logagent.core.cursor import encode
from logagent.core.query import BadParameter, Order, Query, Unit
from logagent.core.wire.parameters import parse
from logagent.terminal import times
from logagent.terminal.question import EARLIER
from logagent.terminal.times import StillToCome
from logagent.terminal.verdicts import FAILED
from testbed.console import Console, hits_question_of, question_of


def test_file_and_keywords_come_in_order() -> None:
    query = question_of("query", "nginx/*.log", "a b", "c").query
    assert (query.files, query.match.keywords) == (("nginx/*.log",), (b"a b", b"c"))


def test_flags_may_stand_between_file_and_keyword() -> None:
    query = question_of("query", "-i", "syslog", "-n", "5", "failed", "--host", "web-*", "-e", "disk").query
    assert (query.files, query.match.keywords, query.limits.n) == (("syslog",), (b"failed", b"disk"), 5)
    assert (query.match.ignore_case, query.hosts) == (True, ("web-*",))


def test_keyword_that_begins_with_a_hyphen_comes_after_two_hyphens_or_in_a_flag() -> None:
    assert question_of("query", "syslog", "--", "-x").query.match.keywords == (b"-x",)
    assert question_of("query", "syslog", "--keyword=-x").query.match.keywords == (b"-x",)


def test_everything_else_of_a_query() -> None:
    flags = ("-v", "debug", "--exclude", "x=1&y", "--order", "oldest", "--timeout", "2m", "--max-bytes", "99")
    query = question_of("query", "syslog", *flags).query
    assert query == Query.of(
        files=("syslog",), places=True, exclude=(b"debug", b"x=1&y"), order=Order.OLDEST, timeout=120.0, max_bytes=99
    )


def test_one_of_several_patterns_is_enough_with_any() -> None:
    query = question_of("query", "--any", "syslog", "a", "-E", "b+").query
    assert (query.match.any, query.match.keywords, query.match.regex) == (True, (b"a",), (b"b+",))
    assert hits_question_of("hits", "--any", "syslog", "a", "b").query.match.any


def test_names_of_logs_are_counts_by_log_that_stop_at_the_first_line() -> None:
    asked = question_of("query", "*", "a", "--files-with-matches", "-C", "2", "--host", "web-1")
    assert (asked.form, asked.prefix) == ("files", False)
    form = asked.query.form
    assert (form.hits, form.by_file, asked.query.limits.n_per_file, asked.query.match.before) == (True, True, 1, 0)
    assert question_of("query", "*", "--files-with-matches").prefix


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        ("--files-with-matches -n 5", "--files-with-matches: prints names, and --lines is about lines; leave one out"),
        ("--files-with-matches -c", "--files-with-matches: prints names, and --count"),
        ("--files-with-matches --json", "--files-with-matches: prints names, and --json"),
        ("--files-with-matches --utc", "--files-with-matches: prints names, and --utc"),
        ("--files-with-matches -f", "--files-with-matches: a follow has no end"),
        ("--only-matching", "--only-matching: prints what KEYWORD and PATTERN match; give one of them"),
        ("--only-matching a -v b -c", "--only-matching: prints parts of lines as text"),
        ("--only-matching a -o json", "--only-matching: prints parts of lines as text"),
        ("--only-matching a --files-with-matches", "--only-matching: prints parts of lines as text"),
        ("--utc -c", "--utc: goes before lines of text"),
    ],
)
def test_flags_that_print_different_things_exclude_each_other(flags: str, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        question_of("query", "f", *flags.split())


def test_ranges_context_and_units_are_flags() -> None:
    flags = ("-S", "2026-11-23T10:00:00Z", "--until", "1795428020", "-C", "3", "-A", "1", "--events", "--no-rotated")
    query = question_of("query", "syslog", *flags, "-c").query
    assert (query.range.since, query.range.until) == (1_795_428_000 * 10**9, 1_795_428_020 * 10**9)
    assert (query.match.before, query.match.after, query.form.unit, query.rotated) == (3, 1, Unit.EVENT, False)
    assert question_of("query", "syslog", "-B", "2").query.form.places


def test_regular_expressions_have_flags_of_their_own() -> None:
    query = question_of("query", "syslog", "-E", "a|b", "--regex=c+", "--exclude-regex", "^d").query
    assert (query.match.regex, query.match.exclude_regex) == ((b"a|b", b"c+"), (b"^d",))


def test_bytes_that_are_not_utf_8_stand_for_themselves() -> None:
    assert question_of("query", "syslog", os.fsdecode(b"\xff+ %41")).query.match.keywords == (b"\xff+ %41",)


@pytest.mark.parametrize(
    ("argv", "times", "places"),
    [
        (["-o", "json"], True, True),
        (["--prefix", "always"], False, True),
        (["--prefix", "never"], False, False),
        (["-c"], False, False),
    ],
)
def test_only_the_columns_that_are_printed_are_asked_for(argv: list[str], times: bool, places: bool) -> None:
    query = question_of("query", "f", *argv).query
    assert (query.form.times, query.form.places) == (times, places)


@pytest.mark.parametrize(
    ("argv", "prefix"),
    [
        ([], True),
        (["--host", "web-1"], False),
        (["--host", "web-*"], True),
        (["--host", "web-1", "--host", "web-2"], True),
        (["--host", "web-1", "--prefix", "always"], True),
        (["--prefix", "never"], False),
        (["-o", "json", "--prefix", "always"], False),
        (["-c"], False),
    ],
)
def test_prefix_is_there_unless_one_host_was_named(argv: list[str], prefix: bool) -> None:
    assert question_of("query", "f", *argv).prefix is prefix


def test_fixed_strings_are_what_keywords_are_anyway() -> None:
    assert question_of("query", "-F", "syslog", "a.b").query == question_of("query", "syslog", "a.b").query
    assert hits_question_of("syslog", "--fixed-strings", "a.b").query.match.keywords == (b"a.b",)


PLACE = (Position("web-1", "syslog", 7, 99),)


def test_a_cursor_goes_on_in_the_same_question() -> None:
    flags = ("query", "syslog", "failed", "-C", "2")
    asked = question_of(*flags, "--cursor", encode(question_of(*flags).query, PLACE))
    assert asked.query.positions == PLACE


def test_a_follow_goes_on_at_a_cursor_without_earlier_lines() -> None:
    cursor = encode(question_of("follow", "syslog").query, PLACE)
    assert question_of("follow", "syslog").query.limits.n == EARLIER
    assert question_of("follow", "syslog", "--cursor", cursor).query.limits.n is None


def test_context_before_and_behind_a_match_are_told_apart() -> None:
    query = question_of("query", "syslog", "-B", "2", "-A", "1").query
    assert (query.match.before, query.match.after) == (2, 1)


@pytest.mark.parametrize("flag", ["--since", "--until"])
def test_times_without_a_zone_are_of_this_machines(flag: str) -> None:
    query = question_of("query", "syslog", flag, "2026-11-23 10:00").query
    assert (query.range.since or query.range.until) == int(datetime(2026, 11, 23, 10).astimezone().timestamp()) * 10**9


# Wrong usage


@pytest.mark.parametrize(
    ("cursor", "reason"),
    [
        (
            encode(question_of("query", "other.log").query, PLACE),
            "belongs to another question; ask the same one, or leave the cursor out",
        ),
        (encode(question_of("query", "syslog").query, PLACE)[1:], "is damaged; give it as it came in log-cursor"),
        ("", "is damaged; give it as it came in log-cursor"),
    ],
)
def test_a_cursor_that_does_not_fit_is_told_in_the_words_of_the_agent(
    console: Console, cursor: str, reason: str
) -> None:
    with pytest.raises(BadParameter) as refused:
        parse(urlencode({"filename": "syslog", "cursor": cursor}).encode(), 0)
    assert console.run("query", "syslog", "--cursor", cursor) == FAILED
    told = reason.replace("as it came in log-cursor", "as --show-cursor printed it")
    assert console.talk == f"logagent: --cursor: {told}\n"
    assert refused.value.reason == reason
    assert console.data == ""


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["f", "-n", "0"], "--lines: must be a whole number from 1"),
        (["f", "-n", "five"], "--lines: must be a whole number from 1, not five"),
        (["f", "-n", "12x"], "--lines: must be a whole number from 1, not 12x"),
        (["f", "-n", "9" * 41], f"--lines: must be a whole number from 1, not {'9' * 40}...\n"),
        (["f", "-n", ""], "--lines: must be a whole number from 1, not ''"),
        (["f", "-n", "1 2"], "--lines: must be a whole number from 1, not '1 2'"),
        (["f", "-C", "x"], "--context: must be a number of lines from 0 to 1000, not x"),
        (["f", ""], "KEYWORD: is empty"),
        (["f", "a\nb"], "KEYWORD: holds a line break"),
        (["f", "-v", ""], "--exclude: is empty"),
        ([""], "FILE: is empty"),
        (["f", "--host", ""], "--host: is empty"),
        (["f", "--order", "random"], "--order: must be newest or oldest, not random"),
        (
            ["f", "--timeout", "soon"],
            "--timeout: must be a number of seconds from 0.001, or a span such as 500ms, 30s, 2m, not soon",
        ),
        (["f", "--max-bytes", "1k"], "--max-bytes: must be a whole number from 1, not 1k"),
        (["f", "--agent", "ftp://x"], "--agent: must be an agent's URL"),
        (["f", "--agent", "https://x", "--certs", "/no/such"], "--certs: /no/such/ca.pem does not exist"),
        (["f", "--agent", "https://x", "--ca", "/no/such"], "--ca, --cert, --key: /no/such does not exist"),
        (["f", "--agent", "https://x", "--ca", __file__], "--ca, --cert, --key: /"),
    ],
)
def test_unusable_argument_is_told_with_what_would_be_right(console: Console, argv: list[str], message: str) -> None:
    assert console.run("query", *argv) == FAILED
    assert console.talk.startswith(f"logagent: {message}")
    assert console.talk.count("\n") == 1
    assert console.data == ""


# Hits


def test_hits_take_the_flags_of_a_query_that_say_what_is_counted() -> None:
    query = hits_question_of(
        *(
            "-i",
            "syslog",
            "failed",
            "-e",
            "disk",
            "-v",
            "debug",
            "-E",
            "a|b",
            "--exclude-regex",
            "c",
            "--host",
            "web-*",
        ),
        *("-S", "1970-01-01T00:00:01Z", "-U", "2", "--step", "5m", "--timeout", "2m", "--no-rotated"),
    ).query
    assert query == Query.of(
        files=("syslog",),
        hosts=("web-*",),
        keywords=(b"failed", b"disk"),
        exclude=(b"debug",),
        regex=(b"a|b",),
        exclude_regex=(b"c",),
        ignore_case=True,
        since=1_000_000_000,
        until=2_000_000_000,
        step=300_000_000_000,
        timeout=120.0,
        rotated=False,
        hits=True,
        times=True,
        places=True,
    )


def test_a_wrong_step_is_told_by_its_flag() -> None:
    with pytest.raises(ConfigError, match=r"^--step: must be a span such as"):
        hits_question_of("syslog", "--step", "5")


def test_hits_have_no_flags_that_say_how_lines_are_sent(console: Console) -> None:
    assert console.run("hits", "-n", "5", "syslog") == 2
    assert "unrecognized arguments: -n" in console.talk


@pytest.mark.parametrize("flag", ["--since", "--until"])
def test_a_time_that_is_still_to_come_is_told_with_its_flag(flag: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def to_come(*_: object) -> str:
        raise StillToCome("10:00 is still to come today")

    monkeypatch.setattr(times, "completed", to_come)
    with pytest.raises(ConfigError, match=f"^{flag}: 10:00 is still to come today$"):
        question_of("query", "f", flag, "10:00")


def test_a_span_may_begin_with_a_hyphen() -> None:
    assert question_of("query", "f", "-S", "-1h").query.range.since is not None


def test_with_files_by_flag_all_words_are_keywords() -> None:
    query = question_of("query", "--file", "a.log", "timeout", "db", "--file=b//{c,d}.log").query
    assert (query.files, query.match.keywords) == (("a.log", "b/c.log", "b/d.log"), (b"timeout", b"db"))
    assert question_of("query", "--file", "a.log").query.match.keywords == ()


def test_several_hosts_in_one_word_are_no_single_host() -> None:
    asked = question_of("query", "a.log", "--host", "web-1,web-2")
    assert (asked.query.hosts, asked.prefix) == (("web-1", "web-2"), True)


@pytest.mark.parametrize("form", [("--json",), ("-o", "json")])
def test_labels_go_with_json(form: tuple[str, ...]) -> None:
    assert question_of("query", "app.log", "--labels", *form).query.form.labels
    assert question_of("follow", "app.log", "--labels", *form).query.form.labels
    assert not question_of("query", "app.log", *form).query.form.labels


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        (("app.log",), "--labels: goes with -o json or --json; `logagent hosts` prints the labels of hosts as text"),
        (("app.log", "-c"), "--labels: goes with -o json"),
        (("app.log", "--files-with-matches"), "--labels: goes with -o json"),
        (("./app.log", "--json"), r"--labels: are told by agents, and \./app.log is read here; leave it out"),
    ],
)
def test_labels_are_refused_where_none_are_printed(argv: tuple[str, ...], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        question_of("query", "--labels", *argv)
