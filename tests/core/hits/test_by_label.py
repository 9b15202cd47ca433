"""Counts by a label: added up over the logs and hosts that have the same value, also where they are zero."""

from __future__ import annotations

from logagent.core.batch import SIGN_OF_LIFE, Batch, Origin
from logagent.core.hits.by_file import count_of
from logagent.core.hits.by_label import CountsByLabel, ToCountsByLabel


def test_counts_of_one_value_are_added_up_over_hosts() -> None:
    counts = CountsByLabel()
    for host, value, lines in [("b", "web", 2), ("a", "web", 1), ("b", "web", 4), ("c", "", 8), ("d", "db", 0)]:
        counts.add(count_of(Origin(host, value, log=value), lines))
    assert counts.rows() == [("", 1, 8), ("db", 1, 0), ("web", 2, 7)]


class Kept(list[Batch]):
    async def send(self, batch: Batch) -> None:
        self.append(batch)


async def test_the_value_stands_in_place_of_the_log_and_the_host_stays() -> None:
    kept, values = Kept(), iter(["web", "", None])
    out = ToCountsByLabel(kept, lambda: next(values))
    await out.send(SIGN_OF_LIFE)
    known = []
    for lines in (1, 2, 3):
        await out.send(count_of(Origin("a", "x/app.log.1", log="x/app.log"), lines))
        known.append(not out.is_unknown)
    assert kept[0] == SIGN_OF_LIFE
    assert [batch.origins[0].log_id for batch in kept[1:]] == [("a", "web"), ("a", ""), ("a", "")]
    assert known == [True, True, False]
