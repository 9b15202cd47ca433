"""Named formats: where they are looked for, and which files they are for."""

from __future__ import annotations

from typing import Any

import pytest

from logagent.core.times.named_formats import MAX_COLUMN, FormatRule, FormatRules, named_format
from logagent.core.times.strptime import BadTimeFormat

TIME = b"27/11/23 13.55"


def found(line: bytes, text: str = "%d/%m/%y %H.%M", **where: Any) -> bytes | None:
    match = named_format(text, **where).find(line)
    return None if match is None else match["time"]


@pytest.mark.parametrize(
    ("line", "where"),
    [
        (b"27/11/23 13.55 ready", {}),
        (b"\xef\xbb\xbf27/11/23 13.55 ready", {}),
        (b"\x1b[2m\x1b[32m27/11/23 13.55 ready", {}),
        (b"a  b 27/11/23 13.55 ready", {"column": 3}),
        (b"  a b\t27/11/23 13.55", {"column": 3}),
        (b"a|b c|27/11/23 13.55|d", {"column": 3, "separator": "|"}),
        (b"a;; 27/11/23 13.55;d", {"column": 3, "separator": ";"}),
        (b'a,"27/11/23 13.55",d', {"column": 2, "separator": ","}),
        (b"a - b - 27/11/23 13.55", {"column": 3, "separator": " - "}),
        (b'{"a":1,"when":"27/11/23 13.55"}', {"field": "when"}),
        (b'{"in":{"when":"x"},"when" : "27\\/11\\/23 13.55"}', {"field": "when"}),
        (b'{"msg":"a \\"when\\":\\"1/1/23 1.00\\"","when":"27/11/23 13.55"}', {"field": "when"}),
        (b'app | {"when":"27/11/23 13.55"}', {"field": "when"}),
        (b'level=info when="27/11/23 13.55" msg=x', {"field": "when"}),
        (b'msg="when=1/1/23 1.00" when="27/11/23 13.55"', {"field": "when"}),
        (b'  mywhen="1/1/23 1.00" when="27/11/23 13.55 (UTC)"', {"field": "when"}),
    ],
)
def test_a_time_is_found_at_its_place(line: bytes, where: dict[str, Any]) -> None:
    assert found(line, **where) == TIME


@pytest.mark.parametrize(
    ("line", "where"),
    [
        (b"x 27/11/23 13.55", {}),
        (b"27/11/23 13.55", {"column": 2}),
        (b"a b c 27/11/23 13.55", {"column": 3}),
        (b"a|27/11/23 13.55", {"column": 3, "separator": "|"}),
        (b'{"in":{"when":"27/11/23 13.55"}}', {"field": "when"}),
        (b'{"msg":"\\"when\\":\\"27/11/23 13.55\\""}', {"field": "when"}),
        (b'{"when":null,"then":"27/11/23 13.55"}', {"field": "when"}),
        (b'msg="when=27/11/23 13.55"', {"field": "when"}),
        (b"27/11/23 13.55", {"field": "when"}),
    ],
)
def test_a_time_elsewhere_is_text(line: bytes, where: dict[str, Any]) -> None:
    assert found(line, **where) is None


def test_numbers_in_fields_are_read() -> None:
    assert found(b'{"n":1732356672,"x":1}', "%s", field="n") == b"1732356672"
    assert found(b"a=1 n=1732356672.5", "%s.%f", field="n") == b"1732356672.5"


@pytest.mark.parametrize("line", [b"x" * 100_000, b"a " * 50_000, b"|" * 100_000, b'"when":' * 20_000, b"{" * 100_000])
def test_hostile_lines_are_passed_over_fast(line: bytes) -> None:
    for where in ({"column": 900}, {"column": 900, "separator": "|"}, {"column": 2, "separator": "||"}):
        assert found(line, **where) is None
    assert found(b'{"' + line, field="when") is None


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ({"column": 2, "field": "when"}, "a column and a field are both named"),
        ({"separator": "|"}, "a separator is named, but no column"),
        ({"column": 0}, f"column must be a number from 1 to {MAX_COLUMN}"),
        ({"column": MAX_COLUMN + 1}, f"column must be a number from 1 to {MAX_COLUMN}"),
    ],
)
def test_places_that_contradict_each_other_are_refused(where: dict[str, Any], message: str) -> None:
    with pytest.raises(BadTimeFormat, match=message):
        named_format("%F", **where)


def test_the_first_rule_that_matches_one_of_the_names_counts() -> None:
    one, two = named_format("%F"), named_format("%s")
    rules = FormatRules([FormatRule(("a/*.log", "b/**"), one), FormatRule(("*.log",), two)])
    assert rules.named_for(["a/x.log"]) is one
    assert rules.named_for(["b/c/d.txt"]) is one
    assert rules.named_for(["x.log.1", "c/x.log"]) is two
    assert rules.named_for(["x.txt"]) is None
    assert FormatRules().named_for(["a/x.log"]) is None
