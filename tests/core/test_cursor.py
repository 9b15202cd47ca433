"""A cursor says how far an answer came, to the same question only, and is read back or refused."""

from __future__ import annotations

import base64
import json
import zlib
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logagent.core.batch import Position
from logagent.core.cursor import (
    FINGERPRINT_BYTES,
    MAX_ASKED,
    MAX_CURSOR,
    continued,
    decode,
    encode,
    encode_plain,
    fingerprint,
    has_fingerprint,
    of_host,
    of_log,
)
from logagent.core.outcome import HostOutcome, Status
from logagent.core.query import BadParameter, ChosenHosts, Order, Query, Unit
from testbed.queries import changed

ASKED = Query.of(files=("a.log",), keywords=(b"x",), n=5, since=10**18)
HERE = (Position("web-1", "a.log", 7, 0), Position("db-2", "b/caf\udce9.log", 2**62, 2**63 - 1))
NUMBERS = st.integers(0, 2**63 - 1)
NAMES = st.text(max_size=20)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.builds(Position, NAMES, NAMES, NUMBERS, NUMBERS), max_size=20, unique_by=lambda p: p[:2]))
def test_positions_are_read_as_they_were_written(positions: list[Position]) -> None:
    text = encode(ASKED, positions)
    assert (text == "") == (not positions)
    if text:
        read = decode(text, ASKED)
        assert sorted(read.positions) == sorted(positions)
        assert (read.since, read.until) == (ASKED.range.since, None)


def test_a_query_goes_on_with_the_range_of_time_that_it_had() -> None:
    text = encode(ASKED, HERE)
    later = changed(ASKED, since=10**18 + 99, n=7)
    assert continued(later, text) == changed(ASKED, n=7, positions=HERE)


@pytest.mark.parametrize(
    "other",
    [
        {"files": ("b.log",)},
        {"keywords": ()},
        {"exclude": (b"y",)},
        {"regex": (b"y",)},
        {"ignore_case": True},
        {"order": Order.OLDEST},
        {"unit": Unit.EVENT},
        {"before": 1},
        {"rotated": False},
    ],
)
def test_the_cursor_of_another_question_is_refused(other: dict[str, Any]) -> None:
    with pytest.raises(BadParameter, match="another question"):
        decode(encode(ASKED, HERE), changed(ASKED, **other))


@pytest.mark.parametrize("other", [{"n": 1}, {"hosts": ("web-1",)}, {"timeout": 1.0}, {"places": True}, {"own": True}])
def test_how_much_and_of_whom_may_change_from_page_to_page(other: dict[str, Any]) -> None:
    assert decode(encode(ASKED, HERE), changed(ASKED, **other)).positions == HERE


@given(st.data())
def test_a_mangled_cursor_is_refused(data: st.DataObject) -> None:
    text = encode(ASKED, HERE)
    at = data.draw(st.integers(0, len(text) - 1))
    for mangled in (text[:at], text[:at] + "~" + text[at + 1 :], text + "A" * 4, text[at:] + text[:at]):
        if mangled != text:
            with pytest.raises(BadParameter, match="cursor"):
                decode(mangled, ASKED)


@pytest.mark.parametrize("told", [b"{}", b"[]", b"[1,2,3,4,5]", b"[2,0,null,null,{}]", b"[" * 10000])
def test_what_is_well_packed_and_no_cursor_is_refused(told: bytes) -> None:
    packed = zlib.compress(told)
    text = base64.urlsafe_b64encode(zlib.crc32(packed).to_bytes(4, "big") + packed).decode()
    with pytest.raises(BadParameter, match="cursor"):
        decode(text, ASKED)


def test_a_cursor_that_unfolds_without_end_is_refused() -> None:
    packed = zlib.compress(b" " * 10_000_000, 9)
    text = base64.urlsafe_b64encode(zlib.crc32(packed).to_bytes(4, "big") + packed).decode()
    with pytest.raises(BadParameter, match="cursor"):
        decode(text, ASKED)


def many(count: int) -> list[Position]:
    """Positions as they are in files of all sizes: of each fingerprint four bytes are random."""
    return [
        Position(
            f"host-{n % 40:02d}",
            f"svc{n}/app.log",
            1024 << 32 | zlib.crc32(sha256(b"%d" % n).digest()),
            n * 7919**2 % 10**9,
        )
        for n in range(count)
    ]


@pytest.mark.parametrize(("count", "most"), [(200, MAX_CURSOR), (1000, MAX_CURSOR), (3000, MAX_ASKED)])
def test_positions_of_many_logs_fit_and_are_read_as_they_were_written(count: int, most: int) -> None:
    some = many(count)
    text = encode(ASKED, some, most)
    assert 0 < len(text) <= most
    assert sorted(decode(text, ASKED).positions) == sorted(some)


def test_positions_that_fit_at_ease_are_written_so_that_older_agents_read_them() -> None:
    assert encode(ASKED, many(150)) == encode_plain(ASKED, many(150)) != ""


def test_more_positions_than_fit_are_no_cursor() -> None:
    assert encode(ASKED, many(2000)) == ""
    assert encode_plain(ASKED, many(500)) == ""


def test_packed_positions_are_refused_by_name_by_agents_that_know_only_the_first_version() -> None:
    # What they do: read the array, and find that its version is another one.
    text = encode(ASKED, many(500))
    content = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    assert int.from_bytes(content[:4], "big") == zlib.crc32(content[4:])
    stream = zlib.decompressobj()
    version, _, since, until, hosts = json.loads(stream.decompress(content[4:], 256 * 1024))
    assert (version, since, until, hosts, stream.unconsumed_tail) == (2, 10**18, None, {}, b"")


@given(st.data())
def test_a_mangled_packed_cursor_is_refused(data: st.DataObject) -> None:
    text = encode(ASKED, many(500))
    at = data.draw(st.integers(0, len(text) - 1))
    for mangled in (text[:at], text[:at] + "~" + text[at + 1 :], text + "A" * 4, text[at:] + text[:at]):
        if mangled != text:
            with pytest.raises(BadParameter, match="cursor"):
                decode(mangled, ASKED)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"?",
        b"{}\0",
        b"[]\0x",
        b'["a"]\0',
        b'["a",["#b"]]\0',
        b'["a",["#b"]]\0' + bytes(15),
        b'["a",[""]]\0' + bytes(16),
        b'["a",[5]]\0' + bytes(16),
        b'["a",["#b"]]\0' + b"\xff" * 16,
        b"[" * 10_000 + b"\0",
        bytes(4 * 1024 * 1024),
    ],
)
def test_packed_positions_that_are_none_are_refused(content: bytes) -> None:
    digest = json.loads(zlib.decompress(base64.urlsafe_b64decode(encode(ASKED, HERE) + "==")[4:]))[1]
    packed = zlib.compress(b"[2,%d,null,null,{}]" % digest) + zlib.compress(content)
    text = base64.urlsafe_b64encode(zlib.crc32(packed).to_bytes(4, "big") + packed).decode().rstrip("=")
    with pytest.raises(BadParameter, match="damaged"):
        decode(text, ASKED)


def test_a_file_is_known_by_its_first_bytes_also_when_it_has_grown() -> None:
    known = fingerprint(b"first line\n")
    assert has_fingerprint(b"first line\nsecond line\n", known)
    assert not has_fingerprint(b"first", known)
    assert not has_fingerprint(b"other line\nsecond line\n", known)
    assert fingerprint(b"x" * FINGERPRINT_BYTES + b"y") == fingerprint(b"x" * FINGERPRINT_BYTES + b"z")


def test_an_empty_file_is_like_no_other() -> None:
    assert not has_fingerprint(b"", fingerprint(b""))
    assert not has_fingerprint(b"x", fingerprint(b""))


def test_positions_are_found_by_host_and_log() -> None:
    assert of_host(HERE, "web-1") == HERE[:1]
    assert of_log(HERE, "a.log") == HERE[0]
    assert of_log(HERE, "c.log") is None


def cursor_of(since: str, offset: str) -> str:
    """A cursor with these values, spelled as JSON."""
    known = base64.urlsafe_b64decode((text := encode(ASKED, HERE)) + "=" * (-len(text) % 4))[4:]
    digest = zlib.decompress(known).split(b",")[1].decode()
    packed = zlib.compress(f'[1,{digest},{since},null,{{"web-1":{{"a.log":[7,{offset}]}}}}]'.encode())
    return base64.urlsafe_b64encode(zlib.crc32(packed).to_bytes(4, "big") + packed).decode()


@pytest.mark.parametrize("since", ["1" + "0" * 21, "-1" + "0" * 400, "1.5", "true"])
def test_a_time_is_a_number_that_agents_can_spell(since: str) -> None:
    with pytest.raises(BadParameter, match="is damaged"):
        decode(cursor_of(since, "0"), ASKED)


@pytest.mark.parametrize("since", [5, 6])
def test_a_range_of_time_begins_before_its_end(since: int) -> None:
    text = encode(changed(ASKED, since=since, until=5), HERE)
    with pytest.raises(BadParameter, match="is damaged"):
        decode(text, ASKED)


@pytest.mark.parametrize("name", ["\ude9c", "\udcc3\udca4", "x" * 0x10000])
def test_a_name_is_one_that_can_be_sent(name: str) -> None:
    for position in (Position(name, "a.log", 1, 2), Position("web-1", name, 1, 2)):
        with pytest.raises(BadParameter, match="is damaged"):
            decode(encode(ASKED, [position]), ASKED)


def test_a_follow_does_not_go_on_where_an_answer_up_to_a_time_ended() -> None:
    ended = Query.of(files=("a.log",), order=Order.OLDEST, until=5)
    follow = Query.of(files=("a.log",), order=Order.OLDEST, follow=True)
    with pytest.raises(BadParameter, match="up to a time"):
        continued(follow, encode(ended, HERE))
    assert continued(follow, encode(changed(ended, until=None), HERE)).positions == HERE


def test_a_cursor_with_other_numbers_is_read() -> None:
    assert decode(cursor_of("5", str(2**63 - 1)), ASKED).positions == (Position("web-1", "a.log", 7, 2**63 - 1),)
    assert decode(cursor_of("null", "0"), ASKED).since is None


@pytest.mark.parametrize("offset", [str(2**63), "-1", "true", '"1"', "1.0", "null"])
def test_an_offset_is_a_number_of_63_bits(offset: str) -> None:
    with pytest.raises(BadParameter, match="is damaged"):
        decode(cursor_of("5", offset), ASKED)


@pytest.mark.parametrize("since", ['"5"', "true", "5.0", "[]"])
def test_a_range_of_time_in_a_cursor_is_made_of_whole_numbers(since: str) -> None:
    with pytest.raises(BadParameter, match="is damaged"):
        decode(cursor_of(since, "5"), ASKED)


@pytest.mark.parametrize("strange", ["~~~~", "\n\n\n\n", "    ", "++++"])
def test_characters_that_no_cursor_has_are_not_passed_over(strange: str) -> None:
    text = encode(ASKED, HERE)
    with pytest.raises(BadParameter, match="is damaged"):
        decode(text[:8] + strange + text[8:], ASKED)


_LABELLED = changed(ASKED, hosts=("role=web", "w*"))
_CHOSEN = ChosenHosts(("db-2", "web-1", "web-3"), (HostOutcome("web-4", Status.UNAVAILABLE, "has not told"),))
_TOLD_ANEW = (HostOutcome("web-4", Status.UNAVAILABLE),)


@pytest.mark.parametrize("logs", [1, 220])
def test_hosts_that_labels_chose_are_those_of_the_next_page(logs: int) -> None:
    positions = [Position("web-1", f"{sha256(b'%d' % number).hexdigest()}.log", number, 5) for number in range(logs)]
    text = encode(changed(_LABELLED, chosen=_CHOSEN), positions)
    read = continued(_LABELLED, text)
    assert sorted(read.positions) == sorted(positions)
    assert read.chosen is not None
    assert (sorted(read.chosen.hosts), read.chosen.untold) == (["db-2", "web-1", "web-3"], _TOLD_ANEW)


def test_cursor_of_other_conditions_is_refused() -> None:
    text = encode(changed(_LABELLED, chosen=_CHOSEN), HERE)
    for hosts in [(), ("role=db", "w*"), ("role=web",)]:
        with pytest.raises(BadParameter, match="another question"):
            decode(text, changed(ASKED, hosts=hosts))
    assert decode(text, changed(ASKED, hosts=("w*", "role=web"))).positions == HERE


def test_hosts_in_a_cursor_are_names() -> None:
    array = zlib.compress(json.dumps([3, _digest_in(_LABELLED), None, None, {}]).encode())
    beside = [[{}, [1], []], [{}, ["\udfff\udfff"], []], [{}, {}, [None]], [{}, []], {}]
    for told in beside:
        content = array + zlib.compress(json.dumps(told).encode())
        text = base64.urlsafe_b64encode(zlib.crc32(content).to_bytes(4, "big") + content).decode().rstrip("=")
        with pytest.raises(BadParameter, match="damaged"):
            decode(text, _LABELLED)


def _digest_in(query: Query) -> int:
    whole = base64.urlsafe_b64decode(encode(query, HERE) + "==")
    return int(json.loads(zlib.decompressobj().decompress(whole[4:]))[1])
