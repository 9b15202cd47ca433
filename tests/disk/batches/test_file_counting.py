"""Counting the matches of one log: as many as there are, however the text is cut, and no more than are wanted."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from logagent.core.batch import Origin
from logagent.core.matching.matcher import Matcher
from logagent.core.query import Query
from logagent.disk.batches.file_counting import FileCounter
from logagent.disk.files.blocks import Block
from testbed.queries import changed

LOG = Origin("web-1", "app.log", log="app.log")
QUERY = Query.of(files=("app.log",), hits=True, by_file=True)


def counter(query: Query = QUERY, *, is_counted: bool = False) -> FileCounter:
    return FileCounter(query, Matcher.of(query), LOG, is_counted=is_counted)


def told(counter: FileCounter) -> list[int]:
    """The counts that are ready; none if there is nothing to tell."""
    return [int(counter.take().body.split()[0])] if counter.count else []


@given(
    st.lists(st.lists(st.sampled_from([b"x", b"y", b""]), min_size=1, max_size=5), max_size=4),
    st.none() | st.integers(1, 6),
    st.booleans(),
)
def test_it_counts_the_lines_that_match_up_to_the_limit(
    blocks: list[list[bytes]], most: int | None, picks: bool
) -> None:
    query = changed(QUERY, n_per_file=most, keywords=(b"x",) if picks else ())
    it = counter(query)
    it.enter(None)
    for lines in blocks:
        it.add(Block(0, b"\n".join(lines) + b"\n"))
    it.finish()
    matching = [line for lines in blocks for line in lines if b"x" in line or not picks]
    expected = len(matching) if most is None else min(most, len(matching))
    assert told(it) == [expected]
    assert it.done == (most is not None and len(matching) >= most)
    assert told(it) == []


def test_a_long_line_counts_if_it_matches() -> None:
    it = counter()
    it.enter(None)
    it.add_long(0, b"head", matches=True)
    it.add_long(9, b"head", matches=False)
    assert told(it) == [1]


def test_a_log_has_a_count_if_a_file_was_entered_or_none_had_to_be() -> None:
    unsearched, unread, begun = counter(), counter(is_counted=True), counter()
    begun.enter(None)
    assert told(begun) == []
    for it in (unsearched, unread, begun):
        it.finish()
    assert [told(it) for it in (unsearched, unread, begun)] == [[], [0], [0]]
