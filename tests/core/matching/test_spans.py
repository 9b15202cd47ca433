"""Spans are where the lines of a block lie, each without its line break."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logagent.core.matching.spans import all_spans, spans_ending

LINES = st.lists(st.sampled_from([b"", b"a", b"bc", b"\r"]), max_size=20)


@given(LINES, st.data())
def test_spans_cut_lines_out_of_their_block(lines: list[bytes], data: st.DataObject) -> None:
    block = b"".join(line + b"\n" for line in lines)
    spans = all_spans(block)
    assert [block[start:end] for start, end in spans] == lines
    some = [span for span in spans if data.draw(st.booleans())]
    assert spans_ending([end for _, end in some], block) == some


@pytest.mark.parametrize(
    ("block", "spans"), [(b"", []), (b"\n", [(0, 0)]), (b"a", [(0, 1)]), (b"a\nb", [(0, 1), (2, 3)])]
)
def test_the_last_line_break_may_be_missing(block: bytes, spans: list[tuple[int, int]]) -> None:
    assert all_spans(block) == spans
    assert spans_ending([end for _, end in spans], block) == spans
