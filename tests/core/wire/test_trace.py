"""The trace of a question, as headers carry it."""

from __future__ import annotations

import pytest

from logagent.core.wire.trace import begin_trace, pass_on, read_trace_id, read_traceparent, trace_id

ID = "0af7651916cd43dd8448eb211c80319c"
SPAN = "b7ad6b7169203331"
GIVEN = f"00-{ID}-{SPAN}-01"


def test_a_trace_that_is_given_is_taken() -> None:
    assert read_traceparent([GIVEN]) == GIVEN
    assert read_traceparent([f" {GIVEN}\t"]) == GIVEN
    assert trace_id(GIVEN) == ID


@pytest.mark.parametrize(
    "given",
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
    ],
)
def test_what_is_no_trace_is_not_taken_for_one(given: list[str]) -> None:
    assert read_traceparent(given) is None


@pytest.mark.parametrize("more", ["", "-", "-what the future brings"])
def test_a_trace_of_a_later_version_is_taken_as_far_as_it_is_known(more: str) -> None:
    assert read_traceparent([f"cc-{ID}-{SPAN}-ff{more}"]) == f"00-{ID}-{SPAN}-03"


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
