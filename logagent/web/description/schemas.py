"""The JSON that clients get, in the words of JSON Schema (2020-12): documents, and the records of NDJSON and events.

A later version may add members, so no schema forbids them; the tests do.
"""

from __future__ import annotations

from logagent.core.notes import MAX_NAMED, NoteKind
from logagent.core.outcome import Status
from logagent.core.wire.verdict import STAGES
from logagent.web.description.host_schemas import OF_HOSTS
from logagent.web.description.schema_parts import (
    COUNT,
    FLAG,
    HOST,
    MESSAGE,
    STATUS,
    TEXT,
    TIME,
    TRACE,
    Schema,
    list_of,
    object_of,
    or_null,
    reference,
    said,
)

_STATUS: Schema = {
    "type": "integer",
    "enum": [status.value for status in Status],
    "x-enum-varnames": [status.name for status in Status],  # so tools that make clients call them
    "description": "gRPC's: " + ", ".join(f"{status.value} {status.name}" for status in Status) + ".",
}
_TRACE_ID = or_null(TRACE, "The trace of the question, as in the header log-trace-id.")

_RECORD = object_of(
    "A line, or an event with all its lines.",
    ("line", "line_base64", "context", "partial", "cursor", "labels"),
    time=or_null(TIME, "Its time, to the nanosecond; null in a file without times."),
    host=HOST,
    file=said(TEXT, "The file that it stands in, below its root."),
    offset=said(COUNT, "Bytes from the beginning of the file's text to that of the line."),
    line=said(TEXT, "Its text, without the last line break."),
    line_base64=said({**TEXT, "contentEncoding": "base64"}, "In place of line: its bytes, which are not UTF-8."),
    context=said(FLAG, "True: it did not match, and is a neighbour of what did."),
    partial=said(FLAG, "True: it is a part of a line whose end did not come in time."),
    cursor=said(TEXT, "With cursors=true: from here another answer goes on exactly behind it."),
    labels=or_null(
        {"type": "object", "additionalProperties": TEXT},
        "With labels=true: those of its host; null if nothing is known of them.",
    ),
)
_NOTE = object_of(
    "What was judged of some files of one host, and did not fail.",
    host=HOST,
    kind=said(TEXT, f"Such as {', '.join(NoteKind)}; agents of other versions may know more."),
    count=said(COUNT, "How many files it is about."),
    files=said({"type": "array", "items": TEXT, "maxItems": MAX_NAMED}, "The names of the first of them."),
    message=said(TEXT, "The note for people."),
)
_HOST_PART = object_of(
    "How one host's part of an answer ended.",
    host=HOST,
    status=STATUS,
    lines=said(COUNT, "Lines of the answer that come from it, or that it counted."),
    message=MESSAGE,
)
_VERDICT_MEMBERS: dict[str, Schema] = {
    "status": STATUS,
    "message": said(TEXT, "Why the answer is not complete; empty if it is."),
    "complete": said(FLAG, "Whether the answer holds all that was asked for."),
    "lines": said(COUNT, "Lines that were sent, or counted."),
    "bytes_scanned": said(COUNT, "Bytes of log that were read for them."),
    "cursor": or_null(TEXT, "Where another answer goes on; null if there is nothing further."),
    "hosts": list_of(reference("HostPart"), "Each host that was asked, failing ones first."),
    "notes": list_of(reference("Note"), "What was judged, and did not fail."),
    "timings_ms": {
        "type": "object",
        "description": "Milliseconds spent in each stage that occurred, summed over files and hosts.",
        "propertyNames": {"enum": sorted(STAGES)},
        "additionalProperties": {"type": "number", "minimum": 0},
    },
    "trace_id": _TRACE_ID,
}
_LEFT_OUT: dict[str, Schema] = {
    "hosts_omitted": said(COUNT, "How many hosts were asked that other agents had no room to name; missing: none."),
    "hosts_failed": said(COUNT, "How many hosts failed in all; only where hosts_omitted is there."),
    "notes_omitted": said(COUNT, "How many notes other agents had no room for; missing: none."),
}
"""Members of a verdict that are there only where an agent that was asked is a primary of many hosts itself."""
_LABEL = said({"type": "string"}, "Of counts by a label of hosts: its name.")
_STEP = said({"type": "number", "exclusiveMinimum": 0}, "Of counts by time: the length of a bucket in seconds.")
_FILE = object_of(
    "One generation of a log.",
    name=said(TEXT, "Of the file, below its root."),
    size=said(COUNT, "Bytes on the disk."),
    modified=said(TIME, "When it was modified."),
    compressed=said(FLAG, "Whether it is compressed."),
)
_FORMAT = object_of(
    "A format of times, and in how many of the sampled lines it was found.",
    name=said(TEXT, "The format."),
    lines=said(COUNT, "Lines that have a time in it."),
)
_TIMES = object_of(
    "What was taken for the times of a log, and how sure that is.",
    sampled=said(COUNT, "Lines that were looked at."),
    timed=said(COUNT, "How many of them state a time."),
    formats=list_of(reference("TimeFormat"), "The formats, the most frequent first."),
    places=list_of(TEXT, "Where in a line the times stand, in words."),
    named=said(FLAG, "Whether the format was named by the operator, rather than learned from the lines."),
    local=said(FLAG, "Whether times name no zone, so that they are in that of the log."),
    distrust=or_null(TEXT, "Why they are not trusted; null if they are."),
)
_LOG = object_of(
    "A log of one host: a file with its rotated generations.",
    host=HOST,
    name=said(TEXT, "Of the log, below its root: what filename takes."),
    size=said(COUNT, "Bytes of all generations."),
    modified=said(TIME, "When its newest generation was modified."),
    oldest=or_null(TIME, "The time of its oldest line; null if it is not known."),
    newest=or_null(TIME, "The time of its newest line; null if it is not known."),
    formats=list_of(TEXT, "How its times are written, the most frequent first."),
    zone=said(TEXT, "The zone of times that name none."),
    timed=or_null(FLAG, "Whether times were recognised; null if it could not be read, or has no line."),
    status=said(STATUS, "0 if each of its files can be read, else how looking into the first that cannot ended."),
    message=MESSAGE,
    times={"anyOf": [reference("LogTimes"), {"type": "null"}], "description": "Null if nothing was found out."},
    generations=said({"type": "array", "items": reference("LogFile"), "minItems": 1}, "Newest first."),
)
_LISTED_HOST = object_of("How one host answered.", host=HOST, status=STATUS, message=MESSAGE)
_LISTING = object_of(
    "The logs of the hosts that were asked.",
    files=list_of(reference("Log"), "By host and name."),
    hosts=list_of(reference("ListedHost"), "Each host that was asked."),
    status=STATUS,
    message=said(TEXT, "Why the list is not complete; empty if it is."),
    complete=said(FLAG, "Whether the list holds all that was asked for."),
    notes=list_of(reference("Note"), "What was judged, and did not fail."),
    trace_id=_TRACE_ID,
)
_PROBLEM = object_of(
    "Why a request is refused (RFC 9457); its type is about:blank.",
    ("parameter",),
    title=said(TEXT, "The status in words."),
    status=said({"type": "integer", "minimum": 400, "maximum": 599}, "The status code of the response."),
    detail=said(TEXT, "What is wrong and what would be right, for people."),
    parameter=said(TEXT, "The parameter, or the header, that cannot be used."),
    trace_id=said(TRACE, "As in the header log-trace-id."),
)

SCHEMAS: dict[str, Schema] = {
    "Status": _STATUS,
    "Record": _RECORD,
    "Notice": object_of(
        "Of a follow: what people should know at once.",
        notice=object_of("Of which host.", host=HOST, status=STATUS, message=said(TEXT, "A sentence for people.")),
    ),
    "Live": object_of("Of a follow: all that comes next was written since it began.", live={"const": True}),
    "Heartbeat": object_of("Of a follow: a sign of life while nothing is written.", heartbeat={"const": True}),
    "End": object_of(
        "The last record of every whole answer: where it is missing, the answer was cut.", end=reference("Verdict")
    ),
    "LogsRecord": {"oneOf": [reference(name) for name in ("Record", "Notice", "Live", "Heartbeat", "End")]},
    "Verdict": object_of(
        "Whether the answer is complete, and why not.", tuple(_LEFT_OUT), **_VERDICT_MEMBERS, **_LEFT_OUT
    ),
    "HostPart": _HOST_PART,
    "Note": _NOTE,
    "HitsByTime": object_of(
        "Lines of one host in one bucket of time.",
        time=or_null(TIME, "When the bucket begins; null for lines of files without times."),
        host=HOST,
        count=said({"type": "integer", "minimum": 1}, "How many lines match."),
    ),
    "HitsByFile": object_of(
        "Lines of one log, with by=file.",
        host=HOST,
        file=said(TEXT, "The log."),
        count=said(COUNT, "How many lines match; 0 where it was searched and none does."),
    ),
    "HitsByLabel": object_of(
        "Lines of all hosts with the same value of a label, with by=label:NAME.",
        value=said({"type": "string"}, "The value; empty for hosts without the label, or whose labels are not known."),
        hosts=said(COUNT, "How many hosts that is, of those on which a log was searched."),
        count=said(COUNT, "How many lines match; 0 where logs were searched and none does."),
    ),
    "HitsEnd": object_of(
        "The last record of every whole answer: where it is missing, the answer was cut.", end=reference("HitsVerdict")
    ),
    "HitsVerdict": object_of(
        "The verdict of counts.",
        ("step_seconds", "label", *_LEFT_OUT),
        **_VERDICT_MEMBERS,
        **_LEFT_OUT,
        step_seconds=_STEP,
        label=_LABEL,
    ),
    "HitsRecord": {"oneOf": [reference(name) for name in ("HitsByTime", "HitsByFile", "HitsByLabel", "HitsEnd")]},
    "Hits": object_of(
        "All counts, and the verdict.",
        ("step_seconds", "label"),
        step_seconds=_STEP,
        label=_LABEL,
        hits={
            "description": "The counts, oldest first, or by host and name, or by value.",
            "anyOf": [
                {"type": "array", "items": reference("HitsByTime")},
                {"type": "array", "items": reference("HitsByFile")},
                {"type": "array", "items": reference("HitsByLabel")},
            ],
        },
        end=reference("Verdict"),
    ),
    "Listing": _LISTING,
    "Log": _LOG,
    "LogFile": _FILE,
    "LogTimes": _TIMES,
    "TimeFormat": _FORMAT,
    "ListedHost": _LISTED_HOST,
    **OF_HOSTS,
    "Health": object_of(
        "The process is alive.",
        ("refuses",),
        status={"const": "ok"},
        name=said(TEXT, "The agent's."),
        version=said(TEXT, "Of its program."),
        rules=said(TEXT, "What tells its rules from others; empty if there are none."),
        time=said(TIME, "When it answered, by its clock."),
        refuses=said(TEXT, "Why the same client would be refused elsewhere; missing if it would not."),
    ),
    "Readiness": object_of("The agent's roots can be read.", status={"const": "ready"}),
    "Problem": _PROBLEM,
}
"""Each schema of a document, of a record, and of what several of these hold, by its name."""
