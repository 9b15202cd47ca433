"""The schemas of the hosts that an agent knows."""

from __future__ import annotations

from logagent.web.description.schema_parts import (
    COUNT,
    FLAG,
    HOST,
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

_KNOWN_HOST = object_of(
    "An agent, as seen from the one that was asked.",
    name=HOST,
    url=said(TEXT, "Where it is asked."),
    reachable=said(FLAG, "Whether it answers."),
    version=said(TEXT, "Of its program; empty if it is not known."),
    round_trip_ms=or_null({"type": "number", "minimum": 0}, "Milliseconds of its last answer; null if there is none."),
    message=said(TEXT, "Why it is not reachable, or what is to be done soon; empty if there is nothing to say."),
    certificate_ends=or_null(TIME, "When its certificate ends; null if it has none, or it is not known."),
    labels=said({"type": "object", "additionalProperties": TEXT}, "Values by the names of its labels."),
    labels_known=said(FLAG, "Whether it has no further labels: it has told its own."),
    found_by=said(TEXT, "What named it to the agent that was asked: settings, a file or DNS; empty for that agent."),
    stale_since=or_null(TIME, "When it vanished from where it was found; null if it stands there."),
    via=said(TEXT, "The primaries that tell it, with / between them; empty if it was asked itself."),
    down_since=or_null(
        TIME, "When the first attempt to connect to it failed of those that have failed in a row; null if none has."
    ),
    last_tried=or_null(TIME, "When the last of these failed; null if none has."),
    next_try=or_null(
        TIME, "From when on a question waits for it again: until then each tries it in passing; null if none failed."
    ),
)

OF_HOSTS: dict[str, Schema] = {
    "Hosts": object_of(
        "The agents that this one knows, itself included.",
        ("sources",),
        hosts=list_of(reference("KnownHost"), "By name."),
        sources=list_of(
            reference("AgentSource"),
            "The files of targets and the names in DNS in which it finds others; missing for whom rules do not let see "
            "every host.",
        ),
        trace_id=said(TRACE, "As in the header log-trace-id."),
    ),
    "KnownHost": _KNOWN_HOST,
    "AgentSource": object_of(
        "A source in which the agent finds others.",
        name=said(TEXT, "As it stands in the settings."),
        kind=said({"type": "string", "enum": ["file", "dns"]}, "A file of targets, or a name in DNS."),
        found_by=said(TEXT, "The same word as in the hosts that are found in it; of a glob, one of its files."),
        agents=said(COUNT, "How many it gives now, or gave when it was last read."),
        last_read=or_null(TIME, "When it was last read; null if it never was."),
        fault=said(TEXT, "Why it cannot be used now; empty if it can."),
        fault_since=or_null(TIME, "Since when; null if it can be used."),
        wrong=list_of(TEXT, "What is wrong with some of what it gives, or that it is not there: the first sentences."),
    ),
}
"""Those of `/hosts`, by name."""
