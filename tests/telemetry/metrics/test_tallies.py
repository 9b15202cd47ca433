"""A spread counts what an oracle counts, and keeps the last trace of each bucket."""

from __future__ import annotations

from bisect import bisect_left
from itertools import accumulate

from hypothesis import given
from hypothesis import strategies as st

from logagent.telemetry.hook import Story
from logagent.telemetry.metrics.metrics import Metrics
from logagent.telemetry.metrics.tallies import Spread
from testbed.scrapes import scrape

BOUNDS = (0.1, 1.0, 10.0)
TRACES = st.sampled_from(["", *(f"00-{number:032x}-00000000000000aa-02" for number in range(1, 5))])


@given(values=st.lists(st.tuples(st.floats(0, 100), TRACES), max_size=50))
def test_a_value_is_counted_in_the_lowest_bucket_that_holds_it(values: list[tuple[float, str]]) -> None:
    spread = Spread(BOUNDS, clock=lambda: 7.0)
    for value, trace in values:
        spread.add(value, trace)
    assert list(accumulate(spread.counts))[:-1] == [sum(value <= bound for value, _ in values) for bound in BOUNDS]
    assert sum(spread.counts) == len(values)
    for place, example in enumerate(spread.examples):
        of_place = [(trace, value) for value, trace in values if trace and bisect_left(BOUNDS, value) == place]
        assert (None if example is None else (example.trace, example.value)) == (of_place or [None])[-1]


def test_a_spread_is_a_histogram_with_its_sum_and_traces() -> None:
    metrics = Metrics(wall_clock=lambda: 1_800_000_000.0)
    for value in (0.0004, 0.02, 0.02, 1000.0):
        metrics.counting.durations["hits"].add(value, Story(trace="00-" + "ab" * 16 + "-" + "c" * 16 + "-02").trace)
    now = scrape(metrics)
    name = "logagent_query_duration_seconds"
    assert now.value(f"{name}_count", route="hits") == 4
    assert now.value(f"{name}_sum", route="hits") == 1000.0404
    assert now.value(f"{name}_bucket", route="hits", le="0.001") == 1
    assert now.value(f"{name}_bucket", route="hits", le="0.025") == 3
    assert now.value(f"{name}_bucket", route="hits", le="+Inf") == 4
    (last,) = now.all(f"{name}_bucket", route="hits", le="+Inf")
    assert last.exemplar is not None
    assert (last.exemplar.labels, last.exemplar.value) == ({"trace_id": "ab" * 16}, 1000.0)
