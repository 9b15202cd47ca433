"""The values of parameters: how they are spelled, and what would be right where one cannot be used."""

from __future__ import annotations

from typing import Any

import pytest

from logagent.core.query import BadParameter, Order, Query, Unit
from logagent.core.units import DAY, MILLISECOND, MINUTE, SECOND
from logagent.core.wire.parameter_values import MAX_MANY, MAX_REPEATS, MOST_STEP
from logagent.core.wire.parameters import parse as parse_at
from logagent.core.wire.parameters import parse_hits
from testbed.queries import changed

NOW = 1_700_000_000_000_000_000
ASKED = Query.of(files=("a.log",))


def parse(query_string: bytes) -> Query:
    return parse_at(query_string, NOW)


def refusal(query_string: bytes) -> BadParameter:
    with pytest.raises(BadParameter) as caught:
        parse(query_string)
    return caught.value


def step_refusal(query_string: bytes) -> BadParameter:
    with pytest.raises(BadParameter) as caught:
        parse_hits(query_string, NOW)
    return caught.value


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
        (b"since=2026-11-28T09:00:00", "since", "2026-11-28T09:00:00 has no zone: append Z for UTC, or an offset such"),
        (b"until=2026-11-28t09:00:00.5", "until", "has no zone"),
        (b"since=2026-11-28T25:00:00", "since", "a time such as"),
        (b"until=2023-11-14T22:00:00", "until", "has no zone"),
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


@pytest.mark.parametrize(
    ("name", "most", "further"),
    [
        ("filename", MAX_REPEATS, ""),
        ("hostname", MAX_REPEATS, ""),
        ("keyword", MAX_REPEATS, f"; with any=true, where one of them is enough, {MAX_MANY} times"),
        ("regex", MAX_REPEATS, f"; with any=true, where one of them is enough, {MAX_MANY} times"),
        ("exclude", MAX_MANY, ""),
        ("exclude_regex", MAX_MANY, ""),
    ],
)
def test_a_parameter_may_be_repeated_up_to_its_limit(name: str, most: int, further: str) -> None:
    given = "&".join([f"{name}=x"] * most + ["filename=a.log"] * (name != "filename"))
    parse_at(b"", NOW, form=given.encode())
    with pytest.raises(BadParameter) as caught:
        parse_at(b"", NOW, form=f"{given}&{name}=x".encode())
    error = caught.value
    assert (error.name, error.reason) == (name, f"may be given {most} times at most{further}")


@pytest.mark.parametrize(
    ("said", "step"),
    [(b"1ms", MILLISECOND), (b"90s", 90 * SECOND), (b"5m", 5 * MINUTE), (b"1w", 7 * DAY), (b"36500d", MOST_STEP)],
)
def test_a_step_is_a_span(said: bytes, step: int) -> None:
    assert parse_hits(b"filename=a.log&step=" + said, NOW) == changed(
        ASKED, hits=True, times=True, places=True, step=step
    )


@pytest.mark.parametrize("said", [b"", b"0s", b"5", b"-5m", b"1.5h", b"1y", b"36501d", b"5m ", "५m".encode()])
def test_another_step_is_refused(said: bytes) -> None:
    error = step_refusal(b"filename=a.log&step=" + said)
    right, given = "must be a span such as 10s, 5m, 1h, 1d, from 1ms to 36500d", said.decode()
    shown = given if given and " " not in given else repr(given)
    assert (error.name, error.reason) == ("step", f"{right}, not {shown}")
