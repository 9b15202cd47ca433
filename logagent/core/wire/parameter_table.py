"""The table of parameters: what each means, which values it takes, and which routes know it.

The readers of requests and the description of the API are both made from it.
"""

from __future__ import annotations

from typing import NamedTuple

from logagent.core.query import HEARTBEAT, PATIENCE, Order, Unit
from logagent.core.times import moments
from logagent.core.wire import parameter_kinds as kinds
from logagent.core.wire import parameter_values as values

LOGS, HITS, FILES, HOSTS = "/logs", "/hits", "/files", "/hosts"
"""The routes that take parameters."""
EVERYTHING = "**/*"
"""The glob that `/files` lists if no file is named."""
PATHS = "paths"
"""Sent along with names that are absolute paths: an agent that is too old to look for them below its roots does not
know it, and says so, rather than that it has no such file."""

_ALL, _OF_LOGS, _OF_HITS = (LOGS, HITS, FILES), (LOGS,), (HITS,)


class Parameter(NamedTuple):
    """One parameter.

    Attributes:
        name: in a query string or a form.
        fields: of the query that it sets.
        kind: of its values.
        meaning: for people.
        default: what may be sent in place of leaving it out, in every question; None: there is no such value, and the
            meaning says what counts.
        of: the routes that know it.
        of_follow: whether it goes with `follow` only.
    """

    name: str
    fields: tuple[str, ...]
    kind: kinds.ParameterKind
    meaning: str
    default: str | int | bool | None = None
    of: tuple[str, ...] = (LOGS, HITS)
    of_follow: bool = False


TABLE = (
    Parameter(
        "filename",
        ("files",),
        kinds.NAMES,
        "A path below the served roots, or a glob such as nginx/*.log or **/*.log; ROOT:PATH for one root, or a path "
        "of the host such as /var/log/syslog, understood below the root that holds it.",
        of=_ALL,
    ),
    Parameter(
        "hostname",
        ("hosts",),
        kinds.HOSTS,
        "The name of a host, or a glob, one of which must fit, or a condition on a label, label=value or label!=value "
        "with a value or a glob, all of which must hold; left out, every host that the agent knows is asked, itself "
        "included.",
        of=(*_ALL, HOSTS),
    ),
    Parameter(
        "keyword",
        ("keywords",),
        kinds.LITERALS,
        "A literal without a line break; all of them must occur in a line, and there may be at most "
        f"{values.MAX_REPEATS}, unless any=true.",
    ),
    Parameter("exclude", ("exclude",), kinds.LITERALS, "A literal without a line break; none of them may occur."),
    Parameter(
        "regex",
        ("regex",),
        kinds.EXPRESSIONS,
        "A regular expression of PCRE's syntax without look-around, back-references and atomic groups; all must match "
        f"somewhere in a line, and there may be at most {values.MAX_REPEATS}, unless any=true.",
    ),
    Parameter(
        "exclude_regex",
        ("exclude_regex",),
        kinds.EXPRESSIONS,
        "A regular expression as of regex; none of them may match.",
    ),
    Parameter("any", ("any",), kinds.FLAG, "It is enough if one keyword occurs or one regex matches.", False),
    Parameter(
        "ignore_case",
        ("ignore_case",),
        kinds.FLAG,
        "Whether keyword, exclude, regex and exclude_regex ignore case.",
        False,
    ),
    Parameter(
        "n",
        ("n",),
        kinds.COUNT,
        "At most so many lines (events), from 1 on; of a follow, so many earlier ones to begin with, from 0 on; left "
        "out, no limit, and a follow begins with none.",
        of=_OF_LOGS,
    ),
    Parameter(
        "n_per_file",
        ("n_per_file",),
        kinds.POSITIVE,
        "At most so many lines (events) of each log, its rotated generations counted with it; of /hits it goes with "
        "by=file only.",
    ),
    Parameter(
        "since",
        ("since",),
        kinds.MOMENT,
        f"Only lines from then on: {moments.SPELLINGS}; an RFC 3339 time needs a zone.",
    ),
    Parameter(
        "until",
        ("until",),
        kinds.MOMENT,
        f"Only lines before then: {moments.SPELLINGS}; an RFC 3339 time needs a zone.",
    ),
    Parameter(
        "order",
        ("order",),
        kinds.ORDER,
        f"Which lines come first, {Order.NEWEST} by itself; a follow goes from older to newer ones, and takes only "
        f"{Order.OLDEST}.",
        of=_OF_LOGS,
    ),
    Parameter(
        "unit",
        ("unit",),
        kinds.UNIT,
        "What is matched, counted and sent: lines, or events (a line with a time and the lines without one that follow "
        "it, such as a stack trace).",
        Unit.LINE.value,
    ),
    Parameter(
        "context",
        ("before", "after"),
        kinds.CONTEXT,
        "So many lines (events) before and after each match.",
        0,
        of=_OF_LOGS,
    ),
    Parameter(
        "before_context", ("before",), kinds.CONTEXT, "So many lines (events) before each match.", 0, of=_OF_LOGS
    ),
    Parameter("after_context", ("after",), kinds.CONTEXT, "So many lines (events) after each match.", 0, of=_OF_LOGS),
    Parameter(
        "rotated", ("rotated",), kinds.FLAG, "Whether the rotated generations of a log belong to it.", True, of=_ALL
    ),
    Parameter(
        "cursor",
        ("cursor",),
        kinds.CURSOR,
        "A log-cursor: go on exactly where that answer to the same question ended.",
        of=_OF_LOGS,
    ),
    Parameter(
        "prefix", ("prefix",), kinds.FLAG, "Whether a text has host and file before each line.", False, of=_OF_LOGS
    ),
    Parameter(
        "timeout",
        ("timeout",),
        kinds.TIMEOUT,
        f"So many seconds, at least {values.LEAST_SECONDS}, or a span such as 500ms, 30s, 2m; running into it is a "
        "verdict with a cursor.",
        of=_ALL,
    ),
    Parameter(
        "max_bytes",
        ("max_bytes",),
        kinds.POSITIVE,
        "At most so many bytes of lines; running into it is a verdict with a cursor.",
        of=_OF_LOGS,
    ),
    Parameter(
        "whole",
        ("whole",),
        kinds.FLAG,
        "Without a last line that has no line break yet, since it is still being written.",
        False,
        of=_OF_LOGS,
    ),
    Parameter(
        "follow", ("follow",), kinds.FLAG, "Go on as lines are written, until the client goes.", False, of=_OF_LOGS
    ),
    Parameter(
        "patience",
        ("patience",),
        kinds.PATIENCE,
        "Of a follow: how long a line waits for earlier ones of other logs, as a span such as 200ms or 1s, at most "
        f"{values.MOST_PATIENCE:g} seconds, {PATIENCE * 1000:g}ms by itself.",
        of=_OF_LOGS,
        of_follow=True,
    ),
    Parameter(
        "heartbeat",
        ("heartbeat",),
        kinds.HEARTBEAT,
        "Of a follow: after how long a sign of life is sent where nothing is written, as a span such as 15s, from "
        f"{values.LEAST_HEARTBEAT:g} to {values.MOST_HEARTBEAT:g} seconds, {HEARTBEAT:g}s by itself.",
        of=_OF_LOGS,
        of_follow=True,
    ),
    Parameter(
        "cursors",
        ("cursors",),
        kinds.FLAG,
        "Whether each record of NDJSON has a cursor, from which another answer goes on exactly behind it.",
        False,
        of=_OF_LOGS,
    ),
    Parameter(
        "labels",
        ("labels",),
        kinds.FLAG,
        "Whether each record of NDJSON and of server-sent events has the labels of its host.",
        False,
        of=_OF_LOGS,
    ),
    Parameter(
        PATHS,
        (),
        kinds.FLAG,
        "Changes nothing: it goes along with paths of the host, so that an agent that is too old for them refuses the "
        "question.",
        False,
        of=_ALL,
    ),
    Parameter(
        "step",
        ("step",),
        kinds.STEP,
        "The length of a bucket of time, such as 10s, 5m, 1h, 1d; left out, a sensible one; not with by.",
        of=_OF_HITS,
    ),
    Parameter(
        "by",
        ("by",),
        kinds.BY,
        "Count the lines of each log (file), or of all hosts with the same value of a label (label:NAME, as in "
        "label:role), in place of those of a span of time.",
        of=_OF_HITS,
    ),
)
"""Every parameter, in the order in which an agent names them."""
