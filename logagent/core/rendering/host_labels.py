"""The labels of hosts beside the records of their lines."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

from logagent.core.batch import Batch
from logagent.core.wire.labels import HostLabels

LabelsOf = Callable[[str], HostLabels]
"""Returns what is known of a host's labels by now."""


def with_labels(rows: Sequence[str], batch: Batch, labels_of: LabelsOf) -> list[str]:
    """Return records with a member `labels`: an object, or null if nothing is known of them.

    Args:
        rows: the records of the batch, each a JSON object.
        batch: whose records they are.
        labels_of: knows them.
    """
    ends = [f',"labels":{_spelled(labels_of(origin.host))}}}' for origin in batch.origins]
    # Further lines of an event are no rows of their own, so that rows are fewer than lines.
    return [f"{row[:-1]}{ends[index]}" for row, index in zip(rows, _origins_of_rows(batch), strict=True)]


def _origins_of_rows(batch: Batch) -> list[int]:
    return [index for place, index in enumerate(batch.origin_of_each()) if not batch.continues_record(place)]


def _spelled(labels: HostLabels) -> str:
    known = labels.values or labels.complete
    return json.dumps(dict(sorted(labels.values.items())) if known else None, separators=(",", ":"))
