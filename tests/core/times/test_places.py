"""Where in a line times stand, and which of them look like the line's own."""

from __future__ import annotations

import pytest

from logagent.core.times.places import MAX_CANDIDATES, Kind, TimePlace, candidates, place_behind


@pytest.mark.parametrize(
    ("line", "place"),
    [
        (b"2026-11-28 10:00:00 x", TimePlace(Kind.TEXT, "iso")),
        (b"[2026-11-28 10:00:00] x", TimePlace(Kind.TEXT, "iso", 0, b"[")),
        (b"  2026-11-28 10:00:00 x", TimePlace(Kind.TEXT, "iso", 0, b" ")),
        (b"web-1 2026-11-28 10:00:00 x", TimePlace(Kind.TEXT, "iso", 1)),
        (b"INFO  2026-11-28 10:00:00 x", TimePlace(Kind.TEXT, "iso", 1, b"", "L")),
        (b"warn: 2026-11-28 10:00:00 x", TimePlace(Kind.TEXT, "iso", 1, b"", "L")),
        (b"DETAIL: 2026-11-28 10:00:00 x", TimePlace(Kind.TEXT, "iso", 1)),
        (b"\tat 2026-11-28 10:00:00 x", TimePlace(Kind.TEXT, "iso", 1, b"", "I")),
        (b"[a b c] 2026-11-28 10:00:00 x", TimePlace(Kind.TEXT, "iso", 1)),
        (b"1.2.3.4 - - [28/Nov/2026:10:00:00 +0000]", TimePlace(Kind.TEXT, "common", 3, b"[")),
        (b'{"when":"2026-11-28T10:00:00Z"}', TimePlace(Kind.FIELD, "when")),
        (b'{"time":"2026-11-28T10:00:00Z"}', TimePlace(Kind.FIELD, "time")),
        (b"level=info ts=2026-11-28T10:00:00Z", TimePlace(Kind.PAIR, "ts")),
        (b'    "time": "2026-11-28T10:00:00Z",', TimePlace(Kind.MEMBER, "time", 4)),
        (b'\t"when": "2026-11-28T10:00:00Z",', TimePlace(Kind.MEMBER, "when", 1)),
        (b"1795860502 x", TimePlace(Kind.START, "epoch")),
        (b"\xef\xbb\xbf2026-11-28 10:00:00 x", TimePlace(Kind.TEXT, "iso")),
        (b"\x1b[1;32m2026-11-28 10:00:00 x", TimePlace(Kind.TEXT, "iso")),
        (b"10:00:00 x", TimePlace(Kind.TEXT, "clock")),
    ],
)
def test_a_time_has_a_place(line: bytes, place: TimePlace) -> None:
    assert next(candidates(line)).place == place


@pytest.mark.parametrize(
    "line", [b"", b"x", b'{"n":{"when":"2026-11-28T10:00:00Z"}}', b'{"n":{"time":"2026-11-28T10:00:00Z"}}']
)
def test_nothing_and_what_is_nested_has_none(line: bytes) -> None:
    assert list(candidates(line)) == []


def test_no_more_than_some_are_looked_at() -> None:
    assert len(list(candidates(b"2026-11-28 10:00:00 " * 9))) == MAX_CANDIDATES


def test_a_field_with_the_name_of_a_time_comes_first() -> None:
    line = b'{"due":"2027-01-01T00:00:00Z","time":"2026-11-28T10:00:00Z"}'
    assert [candidate.place.name for candidate in candidates(line)][:2] == ["time", "due"]


@pytest.mark.parametrize(
    ("before", "heads"),
    [
        (b"", True),
        (b"web-1 ", True),
        (b"update-alternatives ", True),
        (b"Log started: ", True),
        (b"# Time: ", True),
        (b"[pid: 7|app: 0] 127.0.0.1 () {30 vars in 4 bytes} [", True),
        (b"10.0.0.7 - ada lovelace king [", True),
        (b"acme 4.2 (built ", False),
        (b"Version ", False),
        (b"until ", False),
        (b"the job was due at ", False),
        (b"2026-11-28 10:00:00 ", False),
    ],
)
def test_words_before_a_time_make_a_sentence_or_a_head(before: bytes, heads: bool) -> None:
    assert list(candidates(before + b"28/Nov/2026:10:00:00 +0000"))[-1].heads is heads


@pytest.mark.parametrize(
    ("place", "first", "at_head", "indented"),
    [
        (TimePlace(Kind.START, "epoch"), True, True, False),
        (place_behind(b"", "iso"), True, True, False),
        (place_behind(b"[", "iso"), True, True, False),
        (place_behind(b"(a", "iso"), False, False, False),
        (place_behind(b"INFO ", "iso"), False, True, False),
        (place_behind(b" ", "iso"), False, False, True),
        (place_behind(b"\tat ", "iso"), False, False, True),
        (TimePlace(Kind.FIELD, "time"), True, True, False),
        (TimePlace(Kind.FIELD, "due"), False, False, False),
        (TimePlace(Kind.MEMBER, "time", 2), False, False, False),
    ],
)
def test_a_place_is_first_or_not(place: TimePlace, first: bool, at_head: bool, indented: bool) -> None:
    assert (place.is_first, place.is_at_head, place.is_indented) == (first, at_head, indented)


def test_a_name_tells_whose_time_a_field_holds() -> None:
    good, other, another = (TimePlace(Kind.FIELD, name) for name in ("@timestamp", "when", "expires_at"))
    assert (good.has_good_name, other.has_good_name, another.has_good_name) == (True, False, False)
    assert (good.is_of_another, other.is_of_another, another.is_of_another) == (False, False, True)


def test_a_structure_has_a_name() -> None:
    kinds = (Kind.FIELD, Kind.MEMBER, Kind.PAIR, Kind.TEXT)
    assert [TimePlace(kind, "t").structure for kind in kinds] == ["json", "json", "logfmt", ""]
