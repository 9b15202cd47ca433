"""Counts by file: added up over batches, by host and name, also where they are zero."""

from __future__ import annotations

from logagent.core.batch import Origin
from logagent.core.hits.by_file import CountsByFile, count_of
from logagent.core.hits.counts import are_counts


def test_counts_of_one_log_are_added_and_those_of_others_stand_beside_them() -> None:
    counts = CountsByFile()
    app, other = Origin("web-1", "app.log", log="app.log"), Origin("db-1", "app.log", log="app.log")
    batches = [count_of(app, 2), count_of(other, 0), count_of(Origin("web-1", "b.log"), 1), count_of(app, 3)]
    assert all(map(are_counts, batches))
    for batch in batches:
        counts.add(batch)
    assert counts.rows() == [("db-1", "app.log", 0), ("web-1", "app.log", 5), ("web-1", "b.log", 1)]
