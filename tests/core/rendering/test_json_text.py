"""JSON in which no reader finds a line break that is none."""

from __future__ import annotations

import json
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logagent.core.batch import Batch, Notice, Origin
from logagent.core.merging.record_cursors import RecordCursors
from logagent.core.outcome import Outcome, Status
from logagent.core.query import Order, Query
from logagent.core.rendering.event_stream import EventStream
from logagent.core.rendering.hits import ByTime, HitsJson, HitsNdjson
from logagent.core.rendering.json_text import without_line_breaks
from logagent.core.rendering.records import RecordsNdjson
from logagent.core.units import MINUTE
from logagent.web.documents import DocumentResponse
from testbed.counts import counts

BREAKS = "".join(chr(code) for code in range(sys.maxunicode + 1) if len(f"a{chr(code)}b".splitlines()) > 1)
"""All that Python, and with it httpx, takes for a line break."""
ODD = BREAKS.replace("\n", "")
"""Those that a line of a log, or a name, can hold."""
BATCH = Batch(
    f"{ODD}\n".encode(),
    1,
    [0],
    [0],
    (Origin(f"web{ODD}", f"a{ODD}.log"),),
    notices=(Notice(f"web{ODD}", Status.UNAVAILABLE, ODD),),
)
OUTCOME = Outcome(Status.UNAVAILABLE, f"away{ODD}")


@given(st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from(BREAKS)))
def test_json_is_one_line_and_means_the_same(text: str) -> None:
    rendered = without_line_breaks(json.dumps({text: [text]}, ensure_ascii=False))
    assert len(rendered.decode().splitlines()) == 1
    assert json.loads(rendered) == {text: [text]}


@pytest.mark.parametrize("follow", [False, True])
def test_each_record_of_ndjson_is_one_line(follow: bool) -> None:
    rendering = RecordsNdjson(follow=follow)
    text = (rendering.batch(BATCH) + rendering.end(OUTCOME)).decode()
    records = [json.loads(line) for line in text.splitlines()]
    assert len(records) == text.count("\n") == 2 + follow
    assert records[-2]["line"] == ODD


def test_each_field_of_an_event_is_one_line() -> None:
    query = Query.of(files=("a.log",), order=Order.OLDEST, follow=True)
    rendering = EventStream(follow=True, cursors=RecordCursors(query))
    text = (rendering.batch(BATCH) + rendering.end(OUTCOME)).decode()
    assert all(line.partition(":")[0] in ("", "id", "event", "data") for line in text.splitlines())


@pytest.mark.parametrize("rendering", [HitsJson(ByTime(MINUTE)), HitsNdjson(ByTime(MINUTE))])
def test_each_document_of_hits_is_one_line(rendering: HitsJson | HitsNdjson) -> None:
    rendering.batch(counts((0, 3), host=f"web{ODD}"))
    text = rendering.end(OUTCOME).decode()
    assert len(text.splitlines()) == text.count("\n")


async def test_each_document_of_a_route_is_one_line() -> None:
    text = (await DocumentResponse({"path": ODD}).get_data()).decode()
    assert len(text.splitlines()) == 1
