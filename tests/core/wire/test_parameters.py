"""The parameters: what a query string may say, and what is said to one that cannot be used."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote_from_bytes

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from logagent.core.query import BadParameter, Order, Query, Unit
from logagent.core.units import DAY, MILLISECOND, MINUTE, SECOND
from logagent.core.wire.parameter_values import MAX_CONTEXT, MAX_REPEATS, MOST_STEP
from logagent.core.wire.parameters import (
    HITS_PARAMETERS,
    MAX_EARLIER,
    MAX_QUERY_STRING,
    MAX_VALUE,
    PARAMETERS,
    parse_hits,
    to_query_string,
)
from logagent.core.wire.parameters import parse as parse_at
from testbed.queries import changed

QUICK = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

NOW = 1_700_000_000_000_000_000
ASKED = Query.of(files=("a.log",))

# As a name arrives: UTF-8 where it is that, and a lone surrogate for each byte that is not.
NAMES = st.binary(min_size=1, max_size=40).map(lambda name: name.decode("utf-8", "surrogateescape"))
LITERALS = st.binary(min_size=1, max_size=40).filter(lambda literal: b"\n" not in literal)
EXPRESSIONS = st.sampled_from([b"a", rb"a\.b", b"^[^x]+ $", b"(a|b){2}", rb"\d+ & = % ;", "é?".encode(), b"\xff"])
MOMENTS = st.integers(-(10**20), 10**20)
WHOLE_NUMBERS = st.none() | st.integers(1, 10**18 - 1)


def listed(values: st.SearchStrategy[Any], least: int = 0) -> st.SearchStrategy[Any]:
    return st.lists(values, min_size=least, max_size=5).map(tuple)


RANGES = st.none() | st.tuples(MOMENTS, MOMENTS).filter(lambda pair: pair[0] < pair[1])


def ranged(query: Query, span: tuple[int, int] | None) -> Query:
    return changed(query, since=span[0], until=span[1]) if span else query


PLAIN = st.builds(
    Query.of,
    files=listed(NAMES, least=1),
    hosts=listed(NAMES),
    keywords=listed(LITERALS),
    exclude=listed(LITERALS),
    regex=listed(EXPRESSIONS),
    exclude_regex=listed(EXPRESSIONS),
    ignore_case=st.booleans(),
    n=WHOLE_NUMBERS,
    order=st.sampled_from(Order),
    prefix=st.booleans(),
    timeout=st.none() | st.floats(0.001, 1e9, exclude_max=True),
    max_bytes=WHOLE_NUMBERS,
    unit=st.sampled_from(Unit),
    before=st.integers(0, MAX_CONTEXT),
    after=st.integers(0, MAX_CONTEXT),
    rotated=st.booleans(),
    whole=st.booleans(),
    cursors=st.booleans(),
)


def followed(query: Query, n: int | None, since: int | None, patience: int, heartbeat: int) -> Query:
    query = changed(query, follow=True, order=Order.OLDEST, n=n, since=since)
    return changed(query, patience=patience / 1000, heartbeat=heartbeat / 1000)


FOLLOWS = st.builds(
    followed,
    PLAIN,
    st.none() | st.integers(0, MAX_EARLIER),
    st.none() | MOMENTS,
    st.integers(0, 10_000),
    st.integers(1_000, 300_000),
)
QUERIES = st.builds(ranged, PLAIN, RANGES) | FOLLOWS


def parse(query_string: bytes) -> Query:
    return parse_at(query_string, NOW)


def refusal(query_string: bytes) -> BadParameter:
    with pytest.raises(BadParameter) as caught:
        parse(query_string)
    return caught.value


def test_a_file_alone_asks_for_all_of_its_lines_newest_first() -> None:
    assert parse(b"filename=a.log") == ASKED
    assert ASKED.form.order is Order.NEWEST
    assert ASKED.limits.n is None


def test_the_command_of_the_first_version_is_understood() -> None:
    query = parse(b"hostname=secondary-2&filename=alternatives.log&keyword=updated&n=20")
    assert query == Query.of(files=("alternatives.log",), hosts=("secondary-2",), keywords=(b"updated",), n=20)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        (b"", {}),
        (b"&order=oldest", {}),
        (b"&n=0", {"n": 0}),
        (b"&n=20&since=1", {"n": 20, "since": 1_000_000_000}),
        (b"&patience=0", {"patience": 0.0}),
        (b"&patience=1s&heartbeat=500ms", None),
        (b"&patience=0.0004", {"patience": 0.0}),
        (b"&patience=1s&heartbeat=5m", {"patience": 1.0, "heartbeat": 300.0}),
    ],
)
def test_a_follow_is_understood(said: bytes, meant: dict[str, Any] | None) -> None:
    asked = b"filename=a.log&follow=true" + said
    if meant is None:
        assert refusal(asked).name == "heartbeat"
    else:
        assert parse(asked) == changed(ASKED, follow=True, order=Order.OLDEST, **meant)


@pytest.mark.parametrize(
    ("said", "name", "right"),
    [
        (b"follow=true&order=newest", "order", "from older to newer"),
        (b"follow=true&until=1", "until", "no end in time"),
        (b"follow=true&n=100001", "n", "100000 earlier lines at most"),
        (b"follow=true&patience=10.001", "patience", "from 0 to 10 seconds"),
        (b"follow=true&patience=soon", "patience", "200ms"),
        (b"follow=true&heartbeat=0.5", "heartbeat", "from 1 to 300 seconds"),
        (b"patience=1", "patience", "follow=true only"),
        (b"follow=false&heartbeat=15", "heartbeat", "follow=true only"),
    ],
)
def test_a_follow_that_makes_no_sense_is_refused(said: bytes, name: str, right: str) -> None:
    error = refusal(b"filename=a.log&" + said)
    assert error.name == name
    assert right in error.reason


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        (b"filename=b.log", {"files": ("a.log", "b.log")}),
        (b"filename=nginx/*.log", {"files": ("a.log", "nginx/*.log")}),
        (b"hostname=web-1&hostname=db-*", {"hosts": ("web-1", "db-*")}),
        (b"keyword=one&keyword=two", {"keywords": (b"one", b"two")}),
        (b"exclude=one&exclude=two", {"exclude": (b"one", b"two")}),
        (b"regex=a.*b&regex=%5Ed%2B", {"regex": (b"a.*b", b"^d+")}),
        (b"exclude_regex=%C3%BC%3F%FF", {"exclude_regex": (b"\xc3\xbc?\xff",)}),
        (b"ignore_case=true", {"ignore_case": True}),
        (b"ignore_case=1", {"ignore_case": True}),
        (b"ignore_case=YES", {"ignore_case": True}),
        (b"ignore_case=false", {}),
        (b"ignore_case=0", {}),
        (b"ignore_case=no", {}),
        (b"prefix=true", {"prefix": True}),
        (b"n=1", {"n": 1}),
        (b"n=007", {"n": 7}),
        (b"n=999999999999999999", {"n": 10**18 - 1}),
        (b"max_bytes=1", {"max_bytes": 1}),
        (b"order=newest", {}),
        (b"order=oldest", {"order": Order.OLDEST}),
        (b"unit=event", {"unit": Unit.EVENT}),
        (b"unit=line", {}),
        (b"context=3", {"before": 3, "after": 3}),
        (b"before_context=1&after_context=2", {"before": 1, "after": 2}),
        (b"context=3&after_context=0", {"before": 3}),
        (b"context=1000", {"before": 1000, "after": 1000}),
        (b"rotated=false", {"rotated": False}),
        (b"since=15m", {"since": NOW - 900 * 10**9}),
        (b"since=2023-11-14T22:00:00Z", {"since": 1_699_999_200 * 10**9}),
        (b"until=1700000000.5", {"until": 1_700_000_000_500_000_000}),
        (b"timeout=2", {"timeout": 2.0}),
        (b"timeout=2.5", {"timeout": 2.5}),
        (b"timeout=500ms", {"timeout": 0.5}),
        (b"timeout=30s", {"timeout": 30.0}),
        (b"timeout=2m", {"timeout": 120.0}),
        (b"timeout=1.5h", {"timeout": 5400.0}),
    ],
)
def test_a_good_value_is_read(said: bytes, meant: dict[str, Any]) -> None:
    assert parse(b"filename=a.log&" + said) == changed(ASKED, **meant)


@pytest.mark.parametrize(
    ("said", "read"),
    [
        (b"a+b", b"a b"),
        (b"a%2Bb", b"a+b"),
        (b"a%26b", b"a&b"),
        (b"a%3Db", b"a=b"),
        (b"a=b", b"a=b"),
        (b"a;b", b"a;b"),
        (b"100%25", b"100%"),
        (b"100%", b"100%"),
        (b"%zz", b"%zz"),
        (b"a%00b", b"a\0b"),
        (b"%C3%BC", "ü".encode()),
        ("ü".encode(), "ü".encode()),
        (b"%FC", b"\xfc"),
        (b"\xfc", b"\xfc"),
        (b"%ED%A0%80", b"\xed\xa0\x80"),
        (b"%0D%09", b"\r\t"),
        (b"+", b" "),
    ],
)
def test_a_keyword_is_the_bytes_that_the_percent_encoding_names(said: bytes, read: bytes) -> None:
    assert parse(b"filename=a.log&keyword=" + said).match.keywords == (read,)


def test_a_name_that_is_not_utf_8_keeps_its_bytes() -> None:
    (name,) = parse(b"filename=caf%E9.log").files
    assert name.encode("utf-8", "surrogateescape") == b"caf\xe9.log"


@pytest.mark.parametrize(
    ("said", "name", "right"),
    [
        (b"filename=", "filename", "give a name or a glob"),
        (b"filename", "filename", "give a name or a glob"),
        (b"hostname=", "hostname", "give a name or a glob"),
        (b"keyword=", "keyword", "give a literal"),
        (b"exclude=", "exclude", "give a literal"),
        (b"keyword=a%0Ab", "keyword", "never crosses a line"),
        (b"exclude=a%0Ab", "exclude", "never crosses a line"),
        (b"regex=", "regex", "give a regular expression"),
        (b"regex=a&regex=", "regex", "give a regular expression"),
        (b"hostname=a&hostname=", "hostname", "give a name or a glob"),
        (b"keyword=a&keyword=", "keyword", "give a literal"),
        (b"keyword=a&keyword=a%0Ab", "keyword", "never crosses a line"),
        (b"exclude_regex=", "exclude_regex", "give a regular expression"),
        (b"regex=a%0Ab", "regex", "never crosses a line"),
        (b"exclude_regex=(%3F%3C=a)b", "exclude_regex", "look-behind is not supported"),
        (b"regex=a{4000}&regex=b{4000}", "regex", "too large"),
        (b"ignore_case=maybe", "ignore_case", "true or false"),
        (b"ignore_case=", "ignore_case", "true or false"),
        (b"prefix=2", "prefix", "true or false"),
        (b"order=", "order", "newest or oldest"),
        (b"order=NEWEST", "order", "newest or oldest"),
        (b"order=random", "order", "newest or oldest"),
        (b"n=", "n", "whole number from 1"),
        (b"n=0", "n", "whole number from 1"),
        (b"n=-1", "n", "whole number from 1"),
        (b"n=%2B1", "n", "whole number from 1"),
        (b"n=1.0", "n", "whole number from 1"),
        (b"n=1_000", "n", "whole number from 1"),
        (b"n=+1", "n", "whole number from 1"),
        (b"n=1%0A", "n", "whole number from 1"),
        (b"n=%D9%A1", "n", "whole number from 1"),
        (b"n=1000000000000000000", "n", "whole number from 1"),
        (b"max_bytes=0", "max_bytes", "whole number from 1"),
        (b"max_bytes=1MiB", "max_bytes", "whole number from 1"),
        (b"unit=lines", "unit", "line or event"),
        (b"context=-1", "context", "from 0 to"),
        (b"context=1001", "context", "from 0 to"),
        (b"before_context=x", "before_context", "from 0 to"),
        (b"rotated=maybe", "rotated", "true or false"),
        (b"since=yesterday", "since", "a time such as"),
        (b"until=2023-11-14T22:00:00", "until", "a time such as"),
        (b"since=10&until=10", "until", "must be after since"),
        (b"since=1h&until=2h", "until", "must be after since"),
        (b"timeout=", "timeout", "a span such as"),
        (b"timeout=0", "timeout", "a span such as"),
        (b"timeout=0.0009", "timeout", "a span such as"),
        (b"timeout=0.5ms", "timeout", "a span such as"),
        (b"timeout=-1", "timeout", "a span such as"),
        (b"timeout=1e3", "timeout", "a span such as"),
        (b"timeout=inf", "timeout", "a span such as"),
        (b"timeout=nan", "timeout", "a span such as"),
        (b"timeout=.5", "timeout", "a span such as"),
        (b"timeout=5.", "timeout", "a span such as"),
        (b"timeout=5d", "timeout", "a span such as"),
        (b"timeout=5+s", "timeout", "a span such as"),
        (b"timeout=1000000000", "timeout", "a span such as"),
        (b"timeout=999999999h", "timeout", "a span such as"),
    ],
)
def test_a_bad_value_is_refused_with_what_would_be_right(said: bytes, name: str, right: str) -> None:
    error = refusal(b"filename=a.log&" + said)
    assert error.name == name
    assert right in error.reason
    assert str(error) == f"{name}: {error.reason}"


ONCE = ["ignore_case", "n", "order", "unit", "context", "since", "rotated", "prefix", "timeout", "max_bytes"]


@pytest.mark.parametrize("name", ONCE)
def test_what_has_one_value_may_be_given_once_only(name: str) -> None:
    error = refusal(f"filename=a.log&{name}=1&{name}=1".encode())
    assert (error.name, error.reason) == (name, "may be given once only")


def test_a_query_without_a_file_is_refused_with_what_a_file_is() -> None:
    error = refusal(b"keyword=x")
    assert error.name == "filename"
    assert "is required" in error.reason


def test_an_unknown_parameter_is_refused_with_the_known_ones() -> None:
    error = refusal(b"filename=a.log&grep=x")
    assert error.name == "grep"
    assert all(name in error.reason for name in PARAMETERS)


@pytest.mark.parametrize("name", ["Filename", "own", "times", "places", "trace", "files", "filename%5B%5D", ""])
def test_what_only_looks_like_a_parameter_is_unknown(name: str) -> None:
    assert "unknown parameter" in refusal(f"filename=a.log&{name}=x".encode()).reason


@pytest.mark.parametrize("name", ["filename", "hostname", "keyword", "exclude", "regex", "exclude_regex"])
def test_a_parameter_may_be_repeated_up_to_its_limit(name: str) -> None:
    most = f"{name}=x&" * MAX_REPEATS
    parse(f"{most}filename=a.log".encode()) if name != "filename" else parse(most.encode())
    error = refusal(f"{most}{name}=x&filename=a.log".encode())
    assert (error.name, error.reason) == (name, f"may be given {MAX_REPEATS} times at most")


def test_a_value_may_be_as_long_as_its_limit_in_bytes() -> None:
    parse(b"filename=a.log&keyword=" + b"%C3%BC" * (MAX_VALUE // 2))
    error = refusal(b"filename=a.log&keyword=x" + b"%C3%BC" * (MAX_VALUE // 2))
    assert (error.name, error.reason) == ("keyword", f"is longer than {MAX_VALUE} bytes")


def test_a_query_string_may_be_as_long_as_its_limit() -> None:
    assert parse(b"filename=a.log".ljust(MAX_QUERY_STRING, b"&")) == ASKED
    assert str(MAX_QUERY_STRING) in refusal(b"filename=a.log".ljust(MAX_QUERY_STRING + 1, b"&")).reason


@QUICK
@given(QUERIES)
@example(changed(ASKED, timeout=0.001))
@example(changed(ASKED, timeout=999_999_999.9999999))
@example(changed(ASKED, timeout=0.0012345678901234567))
@example(changed(ASKED, keywords=(b"a+b&c=d%20\0\xff",), files=("a b+c&d=%2F\udcff\0.log",)))
def test_a_query_survives_the_way_over_its_parameters(query: Query) -> None:
    assert parse(to_query_string(query).encode("ascii")) == query


@QUICK
@given(QUERIES)
def test_what_is_not_a_clients_to_say_stays_out_of_the_parameters(query: Query) -> None:
    inside = changed(query, times=True, places=True, own=True, trace="00-ab-cd-01")
    assert to_query_string(inside) == to_query_string(query)


@QUICK
@given(QUERIES)
def test_a_query_that_was_read_can_be_passed_on(query: Query) -> None:
    read = parse(to_query_string(query).encode())
    assert to_query_string(read) == to_query_string(query)


PIECES = st.sampled_from(
    [*(name.encode() for name in PARAMETERS), *b"& = + % ; # %00 %FF %C3 %0A \xff 1 0 true s".split()]
)


@QUICK
@given(st.binary(max_size=200) | st.lists(PIECES, max_size=40).map(b"".join))
def test_whatever_is_sent_is_a_query_or_a_bad_parameter(query_string: bytes) -> None:
    try:
        query = parse(query_string)
    except BadParameter:
        return
    assert query.files


@QUICK
@given(st.sampled_from(PARAMETERS), st.binary(max_size=30))
def test_whatever_a_value_is_it_is_read_or_refused_by_its_parameters_name(name: str, value: bytes) -> None:
    names = []
    try:
        parse(f"{name}={quote_from_bytes(value)}{'' if name == 'filename' else '&filename=a.log'}".encode())
    except BadParameter as error:
        names.append(error.name)
    assert names in ([], [name])


# Hits

HITS_ASKED = changed(ASKED, hits=True, times=True, places=True)


def hits_refusal(query_string: bytes) -> BadParameter:
    with pytest.raises(BadParameter) as caught:
        parse_hits(query_string, NOW)
    return caught.value


def test_hits_of_a_file_alone_choose_their_own_step_and_want_the_columns_that_merging_needs() -> None:
    assert parse_hits(b"filename=a.log", NOW) == HITS_ASKED


@pytest.mark.parametrize(
    ("said", "step"),
    [(b"1ms", MILLISECOND), (b"90s", 90 * SECOND), (b"5m", 5 * MINUTE), (b"1w", 7 * DAY), (b"36500d", MOST_STEP)],
)
def test_a_step_is_a_span(said: bytes, step: int) -> None:
    assert parse_hits(b"filename=a.log&step=" + said, NOW) == changed(HITS_ASKED, step=step)


@pytest.mark.parametrize("said", [b"", b"0s", b"5", b"-5m", b"1.5h", b"1y", b"36501d", b"5m ", "५m".encode()])
def test_another_step_is_refused(said: bytes) -> None:
    error = hits_refusal(b"filename=a.log&step=" + said)
    assert (error.name, error.reason) == ("step", "must be a span such as 10s, 5m, 1h, 1d, from 1ms to 36500d")


@pytest.mark.parametrize(
    ("said", "step"),
    [
        (b"since=1h", 30 * SECOND),
        (b"since=7d&until=6d", 30 * MINUTE),
        (b"since=1h&step=1s", SECOND),
        (b"since=9999-01-01T00:00:00Z", SECOND),
    ],
)
def test_a_range_that_has_a_beginning_gives_the_step(said: bytes, step: int) -> None:
    assert parse_hits(b"filename=a.log&" + said, NOW).form.step == step


@pytest.mark.parametrize("name", ["n", "order", "context", "before_context", "after_context", "prefix", "max_bytes"])
def test_what_says_how_lines_are_sent_is_unknown_where_none_are(name: str) -> None:
    error = hits_refusal(f"filename=a.log&{name}=1".encode())
    assert (error.name, error.reason) == (name, f"unknown parameter; known are {', '.join(HITS_PARAMETERS)}")


def test_logs_have_no_step() -> None:
    assert refusal(b"filename=a.log&step=1m").name == "step"


def test_events_are_counted_too() -> None:
    assert parse_hits(b"filename=a.log&unit=event", NOW).form.unit is Unit.EVENT


@QUICK
@given(
    st.builds(ranged, PLAIN, RANGES),
    st.none() | st.integers(1, 10**9 - 1).map(lambda n: n * MILLISECOND) | st.integers(1, 36_500).map(DAY.__mul__),
)
def test_a_query_for_hits_survives_the_way_over_its_parameters(query: Query, step: int | None) -> None:
    lines = changed(query, n=None, order=Order.NEWEST, before=0, after=0, prefix=False, max_bytes=None, unit=Unit.LINE)
    lines = changed(lines, whole=False, cursors=False)
    asked = changed(lines, hits=True, times=True, places=True, step=step)
    read = parse_hits(to_query_string(asked).encode("ascii"), NOW)
    assert changed(read, step=step) == asked
    assert read.form.step == step or step is None
