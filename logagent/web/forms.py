"""The forms of an answer: media types, and the negotiation by `Accept`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from quart import request
from werkzeug.http import parse_options_header

from logagent.core.batch import LARGEST_BATCH, LEAST_BATCH, Batch
from logagent.core.columns import pieces
from logagent.core.merging.record_cursors import RecordCursors
from logagent.core.outcome import Outcome
from logagent.core.query import Query
from logagent.core.rendering.event_stream import EventStream
from logagent.core.rendering.hits import HitsJson, HitsNdjson, HitsText, table_of
from logagent.core.rendering.host_labels import LabelsOf, labelled, nobody
from logagent.core.rendering.records import RecordsNdjson, RecordsText
from logagent.core.wire.frames import BATCHES, encode
from logagent.core.wire.media_types import EVENTS, JSON, NDJSON, OF_HITS, OF_LOGS, TEXT
from logagent.web.body import BodyRendering
from logagent.web.documents import Refusal


class Form(NamedTuple):
    """The form of one answer.

    Attributes:
        mimetype: its media type.
        rendering: makes its body.
        in_band: whether the body ends with the verdict.
        times: whether the rendering needs the batches' column of times.
        places: whether it needs the columns of origins and offsets.
        cursors: makes the cursors of records, if they have any.
        as_is: whether the body is made of the batches' own bytes.
        labels: whether it has the labels of hosts, for which primaries are asked then.
    """

    mimetype: str
    rendering: BodyRendering
    in_band: bool
    times: bool
    places: bool
    cursors: RecordCursors | None = None
    as_is: bool = False
    labels: bool = False


class _Frames:
    """Renders batches for another agent, which finds the outcome in the trailers.

    Args:
        parameters: of the media type that is asked for: whether the other agent can read `notes`, whether it wants the
            `labels` of hosts, and bytes of a batch at `most`, where it merges so many that large ones would not fit
            into its memory.
        labels_of: knows the labels of hosts.
    """

    def __init__(self, parameters: Mapping[str, str], labels_of: LabelsOf = nobody) -> None:
        self._notes = "notes" in parameters
        self._labels_of = labels_of if "labels" in parameters else None
        most = parameters.get("most", "")
        self._most = max(int(most), LEAST_BATCH) if re.fullmatch("[0-9]{1,9}", most) else LARGEST_BATCH

    def batch(self, batch: Batch) -> bytes:
        batch = batch if self._notes else replace(batch, notes=())
        if self._labels_of is not None:
            batch = labelled(batch, self._labels_of)
        return b"".join(map(encode, pieces(batch, self._most))) if len(batch.body) > self._most else encode(batch)

    def end(self, outcome: Outcome) -> bytes:
        return b""


def logs_form(query: Query, labels_of: LabelsOf) -> Form:
    """Return the form of an answer to `/logs` that the client prefers.

    Args:
        query: what is asked.
        labels_of: knows the labels of hosts, for records that are to have them.

    Raises:
        Refusal: when it accepts none of them.
    """
    offered = [*OF_LOGS, *([BATCHES] if request.http_version == "2" else [])]
    labels = labels_of if query.form.labels else None
    liked = request.accept_mimetypes.best_match(offered) if request.accept_mimetypes else TEXT
    accept, parameters = parse_options_header(request.headers.get("accept"))
    if accept == BATCHES and BATCHES in offered:
        frames, columns = _Frames(parameters, labels_of), ("times" in parameters, "places" in parameters)
        return Form(BATCHES, frames, False, *columns, labels="labels" in parameters)
    if liked == NDJSON:
        cursors = RecordCursors(query) if query.form.cursors else None
        rendering = RecordsNdjson(follow=query.follow is not None, cursors=cursors, labels_of=labels)
        return Form(NDJSON, rendering, True, True, True, cursors, labels=query.form.labels)
    if liked == EVENTS:
        cursors = RecordCursors(query)
        events = EventStream(follow=query.follow is not None, cursors=cursors, labels_of=labels)
        return Form(EVENTS, events, True, True, True, cursors, labels=query.form.labels)
    if liked == TEXT:
        text = RecordsText(query.form.prefix, groups=query.match.has_context)
        places = query.form.prefix or query.match.has_context
        return Form(f"{TEXT}; charset=utf-8", text, False, False, places, as_is=not places)
    raise Refusal(406, f"/logs comes as {TEXT}, {NDJSON} or {EVENTS}")


def hits_form(query: Query) -> Form:
    """Return the form of an answer to `/hits` that the client prefers.

    Raises:
        Refusal: when it accepts none of them.
    """
    accept, parameters = parse_options_header(request.headers.get("accept"))
    liked = request.accept_mimetypes.best_match(OF_HITS) if request.accept_mimetypes else JSON
    if accept == BATCHES and request.http_version == "2":
        return Form(BATCHES, _Frames(parameters), False, True, True)
    if liked == JSON:
        return Form(JSON, HitsJson(table_of(query)), True, True, True)
    if liked == NDJSON:
        return Form(NDJSON, HitsNdjson(table_of(query)), True, True, True)
    if liked == TEXT:
        return Form(f"{TEXT}; charset=utf-8", HitsText(table_of(query)), False, True, True)
    raise Refusal(406, f"/hits comes as {JSON}, {NDJSON} or {TEXT}")
