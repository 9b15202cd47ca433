"""The trace of a question, as headers carry it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logagent.core.wire.trace import (
    begin_trace,
    pass_on,
    read_trace_id,
    read_traceparent,
    read_tracestate,
    trace_headers_of,
    trace_id,
)

ID = "0af7651916cd43dd8448eb211c80319c"
SPAN = "b7ad6b7169203331"
GIVEN = f"00-{ID}-{SPAN}-01"


def test_a_trace_that_is_given_is_taken() -> None:
    assert read_traceparent([GIVEN]) == GIVEN
    assert read_traceparent([f" {GIVEN}\t"]) == GIVEN
    assert trace_id(GIVEN) == ID


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param([], id="none"),
        pytest.param([GIVEN, GIVEN], id="two"),
        pytest.param([""], id="empty"),
        pytest.param(["00-nonsense"], id="nonsense"),
        pytest.param([f"00-{'0' * 32}-{SPAN}-01"], id="trace of zeros"),
        pytest.param([f"00-{ID}-{'0' * 16}-01"], id="span of zeros"),
        pytest.param([f"ff-{ID}-{SPAN}-01"], id="version ff"),
        pytest.param([f"00-{ID.upper()}-{SPAN}-01"], id="capitals"),
        pytest.param([f"{GIVEN}-more"], id="version 00 is never longer"),
        pytest.param([f"cc-{ID}-{SPAN}-01more"], id="longer without a hyphen"),
        pytest.param([f"00-{ID}-{SPAN}"], id="no flags"),
        pytest.param([f"00-{ID}-{SPAN}-0x"], id="flags that are none"),
        pytest.param([f"00-{ID}-{SPAN}-01\n"], id="a line feed"),
        # As in test/test.py of https://github.com/w3c/trace-context:
        pytest.param([f"{GIVEN}."], id="version 00 and a dot"),
        pytest.param([f"cc-{ID}-{SPAN}-01.what-the-future-will-be-like"], id="a later version and a dot"),
        pytest.param([f".0-{ID}-{SPAN}-01"], id="a dot in the version"),
        pytest.param([f"0.-{ID}-{SPAN}-01"], id="a dot behind the version"),
        pytest.param([f"000-{ID}-{SPAN}-01"], id="version too long"),
        pytest.param([f"0-{ID}-{SPAN}-01"], id="version too short"),
        pytest.param([f"00-.{ID[1:]}-{SPAN}-01"], id="a dot in the trace"),
        pytest.param([f"00-{ID}1-{SPAN}-01"], id="trace too long"),
        pytest.param([f"00-{ID[1:]}-{SPAN}-01"], id="trace too short"),
        pytest.param([f"00-{ID}-.{SPAN[1:]}-01"], id="a dot in the span"),
        pytest.param([f"00-{ID}-{SPAN}1-01"], id="span too long"),
        pytest.param([f"00-{ID}-{SPAN[1:]}-01"], id="span too short"),
        pytest.param([f"00-{ID}-{SPAN}-.0"], id="a dot in the flags"),
        pytest.param([f"00-{ID}-{SPAN}-001"], id="flags too long"),
        pytest.param([f"00-{ID}-{SPAN}-1"], id="flags too short"),
    ],
)
def test_what_is_no_trace_is_not_taken_for_one(sent: list[str]) -> None:
    assert read_traceparent(sent) is None


@pytest.mark.parametrize("more", ["", "-", "-what the future brings"])
def test_a_trace_of_a_later_version_is_taken_as_far_as_it_is_known(more: str) -> None:
    assert read_traceparent([f"cc-{ID}-{SPAN}-ff{more}"]) == f"00-{ID}-{SPAN}-03"


@pytest.mark.parametrize("flags", ["00", "01", "02", "03"])
def test_whether_it_is_sampled_and_random_goes_on(flags: str) -> None:
    assert read_traceparent([f"00-{ID}-{SPAN}-{flags}"]) == f"00-{ID}-{SPAN}-{flags}"


KEYCHARS = "abcdefghijklmnopqrstuvwxyz0123456789_-*/"
VALUECHARS = "".join(map(chr, [*range(0x20, 0x2C), *range(0x2D, 0x3D), *range(0x3E, 0x7F)]))
MANY = [f"bar{number:02}={number:02}" for number in range(1, 34)]


@pytest.mark.parametrize(
    ("values", "read"),
    [
        pytest.param([], "", id="none"),
        pytest.param(["foo=1,bar=2"], "foo=1,bar=2", id="as it came"),
        pytest.param(["foo=1", ""], "foo=1", id="an empty header behind"),
        pytest.param(["", "foo=1"], "foo=1", id="an empty header before"),
        pytest.param(["foo=1,,bar=2, ,"], "foo=1,bar=2", id="empty members"),
        pytest.param(
            ["foo=1,bar=2", "rojo=1,congo=2", "baz=3"], "foo=1,bar=2,rojo=1,congo=2,baz=3", id="three headers"
        ),
        pytest.param(["foo=1", "foo=2"], "foo=1,foo=2", id="keys that come twice stay"),
        pytest.param([f"{KEYCHARS}={VALUECHARS}"], f"{KEYCHARS}={VALUECHARS}", id="all characters"),
        pytest.param([f"{KEYCHARS}@a-z0-9_-*/=1"], f"{KEYCHARS}@a-z0-9_-*/=1", id="a vendor"),
        pytest.param(["foo=1 \t , \t bar=2, \t baz=3"], "foo=1,bar=2,baz=3", id="space between"),
        pytest.param(["\t foo=1 \t"], "foo=1", id="space around"),
        pytest.param(["foo =1"], "", id="space in a key"),
        pytest.param(["FOO=1"], "", id="capitals in a key"),
        pytest.param(["foo.bar=1"], "", id="a dot in a key"),
        pytest.param(["foo@=1,bar=2"], "foo@=1,bar=2", id="ends with an at sign"),
        pytest.param(["@foo=1,bar=2"], "", id="begins with an at sign"),
        pytest.param(["foo@@bar=1,bar=2"], "foo@@bar=1,bar=2", id="two at signs"),
        pytest.param([",".join(MANY[:20]), ",".join(MANY[20:32])], ",".join(MANY[:32]), id="32 members"),
        pytest.param([",".join(MANY[:20]), ",".join(MANY[20:33])], "", id="33 members"),
        pytest.param(["foo=1", "z" * 256 + "=1"], "foo=1," + "z" * 256 + "=1", id="a key of 256 characters"),
        pytest.param(["foo=1", "z" * 257 + "=1"], "", id="a key of 257 characters"),
        pytest.param(["foo=bar=baz"], "", id="an equals sign in a value"),
        pytest.param(["foo=,bar=3"], "", id="an empty value"),
        pytest.param(["foo=1\x1b"], "", id="a control character"),
        pytest.param(["foo=\xe9"], "", id="no ASCII"),
        pytest.param(["nonsense"], "", id="no member"),
    ],
)
def test_the_state_of_a_trace_is_read_as_w3c_trace_context_has_it(values: list[str], read: str) -> None:
    assert read_tracestate(values) == read


@given(st.lists(st.integers(1, 200), min_size=1, max_size=32))
def test_of_a_state_that_is_too_long_whole_members_go_the_long_ones_first(lengths: list[int]) -> None:
    members = [f"k{number}={'v' * length}" for number, length in enumerate(lengths)]
    kept = read_tracestate([",".join(members)]).split(",")
    gone = [member for member in members if member not in kept]
    assert kept == [member for member in members if member in kept]
    assert len(",".join(kept)) <= 512
    if gone:
        short = [member for member in gone if len(member) <= 128]  # they go from the end, as far as is needed
        assert not short or len(",".join([*kept, short[0]])) > 512
    if any(len(member) <= 128 for member in gone):
        assert all(len(member) <= 128 for member in kept)
        assert kept == [member for member in members if len(member) <= 128][: len(kept)]


def test_the_environment_may_name_a_trace() -> None:
    assert trace_headers_of({"TRACEPARENT": GIVEN, "TRACESTATE": "a=1"}) == {"traceparent": GIVEN, "tracestate": "a=1"}
    assert trace_headers_of({"TRACEPARENT": GIVEN}) == {"traceparent": GIVEN}
    assert trace_headers_of({"TRACEPARENT": "nonsense", "TRACESTATE": "a=1"}) == {}
    assert trace_headers_of({"TRACESTATE": "a=1"}) == {}


def test_another_agent_is_asked_within_the_same_trace_by_an_id_of_its_own() -> None:
    assert pass_on(GIVEN, b"\x01" * 8) == f"00-{ID}-{'01' * 8}-01"


def test_a_trace_that_begins_is_one_that_others_take() -> None:
    begun = begin_trace(b"\xab" * 16, b"\xcd" * 8)
    assert read_traceparent([begun]) == begun
    assert trace_id(begun) == "ab" * 16


def test_the_id_of_no_trace_is_empty() -> None:
    assert trace_id(None) == ""


@pytest.mark.parametrize("named", [None, "", "0" * 32, ID.upper(), ID[:-1], ID + "0", "\x1b[31m" + ID[5:]])
def test_what_is_no_id_is_not_taken_for_one(named: str | None) -> None:
    assert read_trace_id(named) == ""


def test_an_id_is_taken_as_it_is() -> None:
    assert read_trace_id(ID) == ID
