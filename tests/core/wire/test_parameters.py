"""The parameters: what a query string may say, and what is said to one that cannot be used."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote_from_bytes

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from logagent.core.query import MAX_EARLIER, BadParameter, Order, Query, Unit
from logagent.core.units import DAY, MILLISECOND, MINUTE, SECOND
from logagent.core.wire.parameter_values import MAX_CONTEXT, MAX_REPEATS, MAX_VALUE
from logagent.core.wire.parameters import (
    HITS_PARAMETERS,
    MAX_QUERY_STRING,
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
CONDITIONS = st.sampled_from(["role=web", "zone!=a", "rack=r-*", "env!=*", "web-1", "db-*"])
HOSTS = NAMES.filter(lambda name: "=" not in name and "!" not in name) | CONDITIONS
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
    hosts=listed(HOSTS),
    keywords=listed(LITERALS),
    any=st.just(False),
    exclude=listed(LITERALS),
    regex=listed(EXPRESSIONS),
    exclude_regex=listed(EXPRESSIONS),
    ignore_case=st.booleans(),
    n=WHOLE_NUMBERS,
    n_per_file=WHOLE_NUMBERS,
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


def with_any(query: Query, one_of: bool) -> Query:
    """The query, for one of its patterns if there are several."""
    return changed(query, any=one_of and len(query.match.keywords) + len(query.match.regex) > 1)


def followed(
    query: Query, n: int | None, n_per_file: int | None, since: int | None, patience: int, heartbeat: int
) -> Query:
    query = changed(query, follow=True, order=Order.OLDEST, n=n, n_per_file=n_per_file, since=since)
    return changed(query, patience=patience / 1000, heartbeat=heartbeat / 1000)


FOLLOWS = st.builds(
    followed,
    PLAIN,
    st.none() | st.integers(0, MAX_EARLIER),
    st.none() | st.integers(1, MAX_EARLIER),
    st.none() | MOMENTS,
    st.integers(0, 10_000),
    st.integers(1_000, 300_000),
)
QUERIES = st.builds(with_any, st.builds(ranged, PLAIN, RANGES) | FOLLOWS, st.booleans())


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


def test_a_query_without_a_file_is_refused_with_what_a_file_is() -> None:
    error = refusal(b"keyword=x")
    assert error.name == "filename"
    assert "is required" in error.reason


def test_an_unknown_parameter_is_refused_with_the_known_ones() -> None:
    error = refusal(b"filename=a.log&grep=x")
    assert error.name == "grep"
    assert all(name in error.reason for name in PARAMETERS)


def test_of_a_long_unknown_name_the_beginning_is_repeated() -> None:
    error = refusal(b"x" * 4000 + b"=1")
    assert error.name == f"{'x' * 100}..."


@pytest.mark.parametrize("name", ["Filename", "own", "times", "places", "trace", "files", "filename%5B%5D", ""])
def test_what_only_looks_like_a_parameter_is_unknown(name: str) -> None:
    assert "unknown parameter" in refusal(f"filename=a.log&{name}=x".encode()).reason


def test_a_letter_that_comes_partly_encoded_is_the_letter() -> None:
    query = parse(b"filename=\xd7%9B")
    assert query == parse(b"filename=%D7%9B") == parse(to_query_string(query).encode())
    assert query.files == ("\u05db",)


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


def test_one_of_several_patterns_is_asked_for_only_where_there_are_several() -> None:
    assert parse(b"filename=a.log&keyword=x&any=true") == changed(ASKED, keywords=(b"x",))
    both = changed(ASKED, keywords=(b"x",), regex=(b"y",), any=True)
    assert parse(b"filename=a.log&keyword=x&regex=y&any=true") == both


def test_many_patterns_are_allowed_where_one_is_enough() -> None:
    many = b"".join(b"&keyword=x%d" % number for number in range(MAX_REPEATS + 1))
    assert len(parse(b"filename=a.log&any=true" + many).match.keywords) == MAX_REPEATS + 1
    assert "with any=true, where one of them is enough, 10000 times" in refusal(b"filename=a.log" + many).reason
    large = b"".join(b"&regex=[xy]{900}%d" % number for number in range(2))
    assert len(parse(b"filename=a.log&any=true" + large).match.regex) == 2
    assert "there are more than 5000 characters" in refusal(b"filename=a.log" + large).reason


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
    lines = changed(lines, whole=False, cursors=False, n_per_file=None)
    asked = changed(lines, hits=True, times=True, places=True, step=step)
    read = parse_hits(to_query_string(asked).encode("ascii"), NOW)
    assert changed(read, step=step) == asked
    assert read.form.step == step or step is None


@QUICK
@given(WHOLE_NUMBERS, RANGES)
def test_a_query_for_counts_by_file_survives_it_too(n_per_file: int | None, span: tuple[int, int] | None) -> None:
    asked = changed(ranged(HITS_ASKED, span), by_file=True, n_per_file=n_per_file)
    assert parse_hits(to_query_string(asked).encode("ascii"), NOW) == asked
