"""The labels of hosts beside the records of their lines."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace

from logagent.core.batch import Batch, Labels, Origin
from logagent.core.wire.labels import UNTOLD, HostLabels

LabelsOf = Callable[[str], HostLabels]
"""Returns what is known of a host's labels by now."""


def nobody(host: str) -> HostLabels:
    """Return that nothing is known of a host's labels, where only those count that came with its lines."""
    return UNTOLD


def labelled(batch: Batch, labels_of: LabelsOf) -> Batch:
    """Return a batch whose origins have the labels of their hosts, for another agent or for a command.

    Args:
        batch: perhaps of a primary, with the labels of hosts behind it.
        labels_of: knows those of other hosts.
    """
    return replace(batch, origins=tuple(one._replace(labels=_known(one, labels_of)) for one in batch.origins))


def _known(origin: Origin, labels_of: LabelsOf) -> Labels | None:
    """Return what is known of the labels of an origin's host; who answers knows better than who passes lines on."""
    own, told = labels_of(origin.host), origin.labels
    if not own.complete and told is not None:
        return tuple(sorted({**dict(told), **own.values}.items()))
    return tuple(sorted(own.values.items())) if own.values or own.complete else None


def with_labels(rows: Sequence[str], batch: Batch, labels_of: LabelsOf) -> list[str]:
    """Return records with a member `labels`: an object, or null if nothing is known of them.

    Args:
        rows: the records of the batch, each a JSON object.
        batch: whose records they are.
        labels_of: knows them.
    """
    ends = [f',"labels":{_spelled(_known(origin, labels_of))}}}' for origin in batch.origins]
    # Further lines of an event are no rows of their own, so that rows are fewer than lines.
    return [f"{row[:-1]}{ends[index]}" for row, index in zip(rows, _origins_of_rows(batch), strict=True)]


def _origins_of_rows(batch: Batch) -> list[int]:
    return [index for place, index in enumerate(batch.origin_of_each()) if not batch.continues_record(place)]


def _spelled(labels: Labels | None) -> str:
    return json.dumps(None if labels is None else dict(labels), separators=(",", ":"))
