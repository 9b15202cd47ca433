"""A host whose counts by file are made counts by a label, by the agent that knows its labels.

The host itself is asked for counts by file, so that it may be of any version.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from logagent.core.batch import Out
from logagent.core.hits.by_label import ToCountsByLabel
from logagent.core.notes import Note, NoteKind
from logagent.core.outcome import Outcome
from logagent.core.query import Query, Source
from logagent.core.wire.labels import HostLabels


@dataclass(frozen=True, slots=True)
class CountedByLabel:
    """The counts of one host for its value of a label.

    Attributes:
        source: sends counts by file.
        labels: returns what is known of the host's labels by now: with its answer it tells them.
    """

    source: Source
    labels: Callable[[], HostLabels]

    async def pump(self, query: Query, out: Out) -> Outcome:
        """Forward the source's counts, and note if the host's labels are not known; see `Source.pump`."""
        label = query.form.by_label or ""
        counts = ToCountsByLabel(out, lambda: _value(self.labels(), label))
        outcome = await self.source.pump(replace(query, form=replace(query.form, by_label=None)), counts)
        return replace(outcome, notes=(*outcome.notes, Note(NoteKind.LABELS, (), 1))) if counts.is_unknown else outcome


def _value(labels: HostLabels, label: str) -> str | None:
    return labels.values.get(label, "" if labels.complete else None)
