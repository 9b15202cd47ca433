"""The JSON that clients get, in the words of JSON Schema (2020-12): documents, and the records of NDJSON and events.

A later version may add members, so no schema forbids them; the tests do.
"""

from __future__ import annotations

from typing import Any

from logagent.core.notes import MAX_NAMED, NoteKind
from logagent.core.outcome import Status
from logagent.core.wire.trace import TRACE_ID_BYTES
from logagent.core.wire.verdict import STAGES

Schema = dict[str, Any]

_TEXT: Schema = {"type": "string"}
_FLAG: Schema = {"type": "boolean"}
COUNT: Schema = {"type": "integer", "minimum": 0}
_TIME: Schema = {"type": "string", "format": "date-time"}
TRACE: Schema = {"type": "string", "pattern": f"^[0-9a-f]{{{2 * TRACE_ID_BYTES}}}$"}
_STATUS: Schema = {
    "type": "integer",
    "enum": [status.value for status in Status],
    "x-enum-varnames": [status.name for status in Status],  # so tools that make clients call them
    "description": "gRPC's: " + ", ".join(f"{status.value} {status.name}" for status in Status) + ".",
}


def reference(name: str) -> Schema:
    """Return what stands for a schema of `SCHEMAS`."""
    return {"$ref": f"#/components/schemas/{name}"}


STATUS = reference("Status")
"""The status of a verdict, of a host or of a log."""


def _said(schema: Schema, meaning: str) -> Schema:
    """Return a schema with the meaning of a member, which ends with a full stop."""
    return {**schema, "description": meaning}


def _or_null(schema: Schema, meaning: str) -> Schema:
    return {**schema, "type": [schema["type"], "null"], "description": meaning}


def _list(of: Schema, meaning: str) -> Schema:
    return {"type": "array", "items": of, "description": meaning}


def _object(meaning: str, optional: tuple[str, ...] = (), /, **members: Schema) -> Schema:
    required = [name for name in members if name not in optional]
    return {"type": "object", "description": meaning, "properties": members, "required": required}


_HOST = _said(_TEXT, "The name of the host's agent.")
_MESSAGE = _said(_TEXT, "A sentence for people; empty if there is nothing to say.")
_TRACE_ID = _or_null(TRACE, "The trace of the question, as in the header log-trace-id.")

_RECORD = _object(
    "A line, or an event with all its lines.",
    ("line", "line_base64", "context", "partial", "cursor", "labels"),
    time=_or_null(_TIME, "Its time, to the nanosecond; null in a file without times."),
    host=_HOST,
    file=_said(_TEXT, "The file that it stands in, below its root."),
    offset=_said(COUNT, "Bytes from the beginning of the file's text to that of the line."),
    line=_said(_TEXT, "Its text, without the last line break."),
    line_base64=_said({**_TEXT, "contentEncoding": "base64"}, "In place of line: its bytes, which are not UTF-8."),
    context=_said(_FLAG, "True: it did not match, and is a neighbour of what did."),
    partial=_said(_FLAG, "True: it is a part of a line whose end did not come in time."),
    cursor=_said(_TEXT, "With cursors=true: from here another answer goes on exactly behind it."),
    labels=_or_null(
        {"type": "object", "additionalProperties": _TEXT},
        "With labels=true: those of its host; null if nothing is known of them.",
    ),
)
_NOTE = _object(
    "What was judged of some files of one host, and did not fail.",
    host=_HOST,
    kind=_said(_TEXT, f"Such as {', '.join(NoteKind)}; agents of other versions may know more."),
    count=_said(COUNT, "How many files it is about."),
    files=_said({"type": "array", "items": _TEXT, "maxItems": MAX_NAMED}, "The names of the first of them."),
    message=_said(_TEXT, "The note for people."),
)
_HOST_PART = _object(
    "How one host's part of an answer ended.",
    host=_HOST,
    status=STATUS,
    lines=_said(COUNT, "Lines of the answer that come from it, or that it counted."),
    message=_MESSAGE,
)
_VERDICT_MEMBERS: dict[str, Schema] = {
    "status": STATUS,
    "message": _said(_TEXT, "Why the answer is not complete; empty if it is."),
    "complete": _said(_FLAG, "Whether the answer holds all that was asked for."),
    "lines": _said(COUNT, "Lines that were sent, or counted."),
    "bytes_scanned": _said(COUNT, "Bytes of log that were read for them."),
    "cursor": _or_null(_TEXT, "Where another answer goes on; null if there is nothing further."),
    "hosts": _list(reference("HostPart"), "Each host that was asked, failing ones first."),
    "notes": _list(reference("Note"), "What was judged, and did not fail."),
    "timings_ms": {
        "type": "object",
        "description": "Milliseconds spent in each stage that occurred, summed over files and hosts.",
        "propertyNames": {"enum": sorted(STAGES)},
        "additionalProperties": {"type": "number", "minimum": 0},
    },
    "trace_id": _TRACE_ID,
}
_LEFT_OUT: dict[str, Schema] = {
    "hosts_omitted": _said(COUNT, "How many hosts were asked that other agents had no room to name; missing: none."),
    "hosts_failed": _said(COUNT, "How many hosts failed in all; only where hosts_omitted is there."),
    "notes_omitted": _said(COUNT, "How many notes other agents had no room for; missing: none."),
}
"""Members of a verdict that are there only where an agent that was asked is a primary of many hosts itself."""
_LABEL = _said({"type": "string"}, "Of counts by a label of hosts: its name.")
_STEP = _said({"type": "number", "exclusiveMinimum": 0}, "Of counts by time: the length of a bucket in seconds.")
_FILE = _object(
    "One generation of a log.",
    name=_said(_TEXT, "Of the file, below its root."),
    size=_said(COUNT, "Bytes on the disk."),
    modified=_said(_TIME, "When it was modified."),
    compressed=_said(_FLAG, "Whether it is compressed."),
)
_FORMAT = _object(
    "A format of times, and in how many of the sampled lines it was found.",
    name=_said(_TEXT, "The format."),
    lines=_said(COUNT, "Lines that have a time in it."),
)
_TIMES = _object(
    "What was taken for the times of a log, and how sure that is.",
    sampled=_said(COUNT, "Lines that were looked at."),
    timed=_said(COUNT, "How many of them state a time."),
    formats=_list(reference("TimeFormat"), "The formats, the most frequent first."),
    places=_list(_TEXT, "Where in a line the times stand, in words."),
    named=_said(_FLAG, "Whether the format was named by the operator, rather than learned from the lines."),
    local=_said(_FLAG, "Whether times name no zone, so that they are in that of the log."),
    distrust=_or_null(_TEXT, "Why they are not trusted; null if they are."),
)
_LOG = _object(
    "A log of one host: a file with its rotated generations.",
    host=_HOST,
    name=_said(_TEXT, "Of the log, below its root: what filename takes."),
    size=_said(COUNT, "Bytes of all generations."),
    modified=_said(_TIME, "When its newest generation was modified."),
    oldest=_or_null(_TIME, "The time of its oldest line; null if it is not known."),
    newest=_or_null(_TIME, "The time of its newest line; null if it is not known."),
    formats=_list(_TEXT, "How its times are written, the most frequent first."),
    zone=_said(_TEXT, "The zone of times that name none."),
    timed=_or_null(_FLAG, "Whether times were recognised; null if it could not be read, or has no line."),
    status=_said(STATUS, "0 if each of its files can be read, else how looking into the first that cannot ended."),
    message=_MESSAGE,
    times={"anyOf": [reference("LogTimes"), {"type": "null"}], "description": "Null if nothing was found out."},
    generations=_said({"type": "array", "items": reference("LogFile"), "minItems": 1}, "Newest first."),
)
_LISTED_HOST = _object("How one host answered.", host=_HOST, status=STATUS, message=_MESSAGE)
_LISTING = _object(
    "The logs of the hosts that were asked.",
    files=_list(reference("Log"), "By host and name."),
    hosts=_list(reference("ListedHost"), "Each host that was asked."),
    status=STATUS,
    message=_said(_TEXT, "Why the list is not complete; empty if it is."),
    complete=_said(_FLAG, "Whether the list holds all that was asked for."),
    notes=_list(reference("Note"), "What was judged, and did not fail."),
    trace_id=_TRACE_ID,
)
_KNOWN_HOST = _object(
    "An agent, as seen from the one that was asked.",
    name=_HOST,
    url=_said(_TEXT, "Where it is asked."),
    reachable=_said(_FLAG, "Whether it answers."),
    version=_said(_TEXT, "Of its program; empty if it is not known."),
    round_trip_ms=_or_null({"type": "number", "minimum": 0}, "Milliseconds of its last answer; null if there is none."),
    message=_said(_TEXT, "Why it is not reachable, or what is to be done soon; empty if there is nothing to say."),
    certificate_ends=_or_null(_TIME, "When its certificate ends; null if it has none, or it is not known."),
    labels=_said({"type": "object", "additionalProperties": _TEXT}, "Values by the names of its labels."),
    labels_known=_said(_FLAG, "Whether it has no further labels: it has told its own."),
    found_by=_said(_TEXT, "What named it to the agent that was asked: settings, a file or DNS; empty for that agent."),
    stale_since=_or_null(_TIME, "When it vanished from where it was found; null if it stands there."),
    via=_said(_TEXT, "The primaries that tell it, with / between them; empty if it was asked itself."),
)
_PROBLEM = _object(
    "Why a request is refused (RFC 9457); its type is about:blank.",
    ("parameter",),
    title=_said(_TEXT, "The status in words."),
    status=_said({"type": "integer", "minimum": 400, "maximum": 599}, "The status code of the response."),
    detail=_said(_TEXT, "What is wrong and what would be right, for people."),
    parameter=_said(_TEXT, "The parameter, or the header, that cannot be used."),
    trace_id=_said(TRACE, "As in the header log-trace-id."),
)

SCHEMAS: dict[str, Schema] = {
    "Status": _STATUS,
    "Record": _RECORD,
    "Notice": _object(
        "Of a follow: what people should know at once.",
        notice=_object("Of which host.", host=_HOST, status=STATUS, message=_said(_TEXT, "A sentence for people.")),
    ),
    "Live": _object("Of a follow: all that comes next was written since it began.", live={"const": True}),
    "Heartbeat": _object("Of a follow: a sign of life while nothing is written.", heartbeat={"const": True}),
    "End": _object(
        "The last record of every whole answer: where it is missing, the answer was cut.", end=reference("Verdict")
    ),
    "LogsRecord": {"oneOf": [reference(name) for name in ("Record", "Notice", "Live", "Heartbeat", "End")]},
    "Verdict": _object(
        "Whether the answer is complete, and why not.", tuple(_LEFT_OUT), **_VERDICT_MEMBERS, **_LEFT_OUT
    ),
    "HostPart": _HOST_PART,
    "Note": _NOTE,
    "HitsByTime": _object(
        "Lines of one host in one bucket of time.",
        time=_or_null(_TIME, "When the bucket begins; null for lines of files without times."),
        host=_HOST,
        count=_said({"type": "integer", "minimum": 1}, "How many lines match."),
    ),
    "HitsByFile": _object(
        "Lines of one log, with by=file.",
        host=_HOST,
        file=_said(_TEXT, "The log."),
        count=_said(COUNT, "How many lines match; 0 where it was searched and none does."),
    ),
    "HitsByLabel": _object(
        "Lines of all hosts with the same value of a label, with by=label:NAME.",
        value=_said({"type": "string"}, "The value; empty for hosts without the label, or whose labels are not known."),
        hosts=_said(COUNT, "How many hosts that is, of those on which a log was searched."),
        count=_said(COUNT, "How many lines match; 0 where logs were searched and none does."),
    ),
    "HitsEnd": _object(
        "The last record of every whole answer: where it is missing, the answer was cut.", end=reference("HitsVerdict")
    ),
    "HitsVerdict": _object(
        "The verdict of counts.",
        ("step_seconds", "label", *_LEFT_OUT),
        **_VERDICT_MEMBERS,
        **_LEFT_OUT,
        step_seconds=_STEP,
        label=_LABEL,
    ),
    "HitsRecord": {"oneOf": [reference(name) for name in ("HitsByTime", "HitsByFile", "HitsByLabel", "HitsEnd")]},
    "Hits": _object(
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
    "Hosts": _object(
        "The agents that this one knows, itself included.",
        hosts=_list(reference("KnownHost"), "By name."),
        trace_id=_said(TRACE, "As in the header log-trace-id."),
    ),
    "KnownHost": _KNOWN_HOST,
    "Health": _object(
        "The process is alive.",
        ("refuses",),
        status={"const": "ok"},
        name=_said(_TEXT, "The agent's."),
        version=_said(_TEXT, "Of its program."),
        rules=_said(_TEXT, "What tells its rules from others; empty if there are none."),
        time=_said(_TIME, "When it answered, by its clock."),
        refuses=_said(_TEXT, "Why the same client would be refused elsewhere; missing if it would not."),
    ),
    "Readiness": _object("The agent's roots can be read.", status={"const": "ready"}),
    "Problem": _PROBLEM,
}
"""Each schema of a document, of a record, and of what several of these hold, by its name."""
