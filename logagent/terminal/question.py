"""The arguments of `query`, `follow` and `hits`, checked: the query, what it goes to, and the form of printing."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Literal, NamedTuple

from logagent.config.errors import ConfigError
from logagent.core.globs import is_glob
from logagent.core.query import Match, Query
from logagent.core.wire.parameters import parse, parse_hits
from logagent.terminal import times
from logagent.terminal.address import Asked, asked_of, reads_itself
from logagent.terminal.arguments import Clock, HitsArguments, QueryArguments, SearchArguments, When
from logagent.terminal.checking import Parameters, checked, given, when
from logagent.terminal.names import host_names, names_of
from logagent.terminal.printing import Finder

EARLIER = 10
"""Lines that a follow begins with unless told otherwise: as many as tail."""

Form = Literal["text", "json", "records", "count", "files"]
"""What is printed: the lines as text, as JSON with the verdict or (records) without it, only their number, or only the
names of logs that have some."""

FLAGS = {"filename": "FILE", "keyword": "KEYWORD", "hostname": "--host", "n": "--lines", "form": "the question"}
"""The names of arguments that are not called as the parameters of a request."""


class Question(NamedTuple):
    """A query, whom to ask, and how to print the answer.

    Attributes:
        prefix: print host and file before each line.
        verbose: report on each host, even if the answer is complete.
        show_cursor: tell where another answer would continue.
        shown: what of a line matches, where that is less than what the query's patterns take.
        only: finds what is printed in place of each line; None: the line is.
        clock: the zone in which times are printed; None: before lines there is none, and others are in the machine's.
    """

    agent: Asked
    query: Query
    form: Form
    prefix: bool
    color: When
    verbose: bool
    show_cursor: bool = False
    shown: Match | None = None
    only: Finder | None = None
    clock: Clock | None = None


def question(typed: QueryArguments, environ: Mapping[str, str]) -> Question:
    """Check the arguments of `query` and `follow`, and read certificates from their files.

    Raises:
        ConfigError: for an argument that cannot be used.
    """
    form = _form(typed)
    itself = reads_itself(typed, typed.files, typed.host, environ)
    if typed.labels:
        _check_labels(typed, form, itself=itself)
    prefix = form in ("text", "files") and typed.prefix != "never"
    prefix = prefix and (typed.prefix == "always" or not (itself or _one_host(typed.host)))
    patterns = _Patterns(typed)
    only = patterns.finder(typed) if typed.only_matching else None
    query = _query(typed, patterns, form, prefix, itself=itself)
    agent = asked_of(typed, environ, itself=itself)
    shown, clock = patterns.shown, typed.clock
    return Question(agent, query, form, prefix, typed.color, typed.verbose, typed.show_cursor, shown, only, clock)


def _form(typed: QueryArguments) -> Form:
    """Return what is printed.

    Raises:
        ConfigError: for flags that exclude each other.
    """
    if typed.json and typed.count:
        raise ConfigError("--json", "prints lines, and --count none of them; leave one of the two out")
    form: Form = "records" if typed.json else "count" if typed.count else typed.output
    if form == "count" and typed.follow:
        raise ConfigError("--count", "a follow has no end to count at; leave out --follow, or use `logagent hits`")
    if typed.only_matching and (form != "text" or typed.files_with_matches):
        raise ConfigError("--only-matching", "prints parts of lines as text; leave out what prints something else")
    if typed.clock and form != "text":
        raise ConfigError(f"--{typed.clock}", "goes before lines of text; the times of JSON are in UTC")
    return _names_form(typed, form) if typed.files_with_matches else form


def _check_labels(typed: QueryArguments, form: Form, *, itself: bool) -> None:
    """Refuse labels where none can be printed."""
    if form not in ("json", "records"):
        raise ConfigError(
            "--labels", "goes with -o json or --json; `logagent hosts` prints the labels of hosts as text"
        )
    if itself:
        raise ConfigError("--labels", f"are told by agents, and {typed.files[0]} is read here; leave it out")


def _names_form(typed: QueryArguments, form: Form) -> Form:
    if typed.follow:
        raise ConfigError("--files-with-matches", "a follow has no end to find them by; leave out one of the two")
    given = {
        "--lines": typed.lines,
        "--cursor": typed.cursor,
        "--show-cursor": typed.show_cursor,
        "--max-bytes": typed.max_bytes,
        f"--{typed.clock}": typed.clock,
        "--order": typed.order,
        "--count": typed.count,
        "--json": form in ("json", "records"),
    }
    if about_lines := [flag for flag, value in given.items() if value]:
        raise ConfigError("--files-with-matches", f"prints names, and {about_lines[0]} is about lines; leave one out")
    return "files"


def hits_question(typed: HitsArguments, environ: Mapping[str, str]) -> Question:
    """Check the arguments of `hits`, and read certificates from their files.

    Raises:
        ConfigError: for an argument that cannot be used.
    """
    if typed.clock and typed.by:
        raise ConfigError(f"--{typed.clock}", "goes with counts by time; leave out one of the two")
    if typed.clock and typed.output == "json":
        raise ConfigError(f"--{typed.clock}", "goes with a chart; the times of JSON are in UTC")
    patterns = _Patterns(typed)
    itself = reads_itself(typed, typed.files, typed.host, environ)
    counted = {"step": given(typed.step), "by": given(typed.by)}
    query = patterns.checked({**_search(typed, itself=itself), **counted}, parse_hits)
    agent = asked_of(typed, environ, itself=itself)
    return Question(agent, query, typed.output, False, typed.color, typed.verbose, clock=typed.clock)


def _one_host(hosts: Sequence[str]) -> bool:
    names = host_names(hosts)
    return len(names) == 1 and not is_glob(names[0])


def _query(typed: QueryArguments, patterns: _Patterns, form: Form, prefix: bool, *, itself: bool) -> Query:
    """Return the query, with the columns that printing needs."""
    if form == "files":
        return patterns.checked({**_search(typed, itself=itself), "by": ["file"], "n_per_file": ["1"]}, parse_hits)
    query = patterns.checked({**_search(typed, itself=itself), **_answer(typed)}, parse)
    as_json = form in ("json", "records")
    timed = as_json or typed.clock is not None
    return replace(query, form=replace(query.form, times=timed, places=timed or prefix or query.match.has_context))


class _Patterns:
    """The patterns of a command: as they were typed, of files, and with the edges of words and lines.

    Attributes:
        shown: what of a line matches, where that is less than what the query's patterns take.
    """

    def __init__(self, typed: SearchArguments) -> None:
        self.shown: Match | None = None
        self._flags = FLAGS
        self._parameters: Parameters = {
            "keyword": [*typed.words, *typed.more_keywords],
            "exclude": typed.exclude,
            "regex": typed.regex,
            "exclude_regex": typed.exclude_regex,
            "any": when(typed.any),
        }
        if typed.patterns_from or typed.regex_from or typed.word or typed.line:
            self._read(typed)

    def _read(self, typed: SearchArguments) -> None:
        # Imported here, since most questions have neither files of patterns nor edges.
        from logagent.terminal.patterns import patterns_of

        given = patterns_of(typed)
        sent = given.edged(word=typed.word, line=typed.line) if typed.word or typed.line else given
        self.shown = given.shown(ignore_case=typed.ignore_case)
        self._flags = FLAGS | sent.flags(typed)
        self._parameters = {
            "keyword": sent.keywords,
            "exclude": sent.exclude,
            "regex": sent.regex,
            "exclude_regex": sent.exclude_regex,
            "any": when(sent.any),
        }

    def checked(self, others: Parameters, read: Callable[[bytes, int, bytes], Query]) -> Query:
        """Return the query of these and other parameters."""
        parameters = {**others, **self._parameters}
        return checked(parameters, lambda form: read(b"", time.time_ns(), form), self._flags)

    def finder(self, typed: QueryArguments) -> Finder:
        """Return what finds matches in a line.

        Raises:
            ConfigError: if nothing is looked for, or matches cannot be found.
        """
        from logagent.terminal.patterns import finder_of, patterns_of

        return finder_of(typed, self.shown or patterns_of(typed).shown(ignore_case=typed.ignore_case))


def _search(typed: SearchArguments, *, itself: bool) -> Parameters:
    """Return the parameters that say which lines are searched."""
    return {
        "filename": names_of(typed.files, "FILE", itself=itself),
        "hostname": host_names(typed.host),
        "ignore_case": when(typed.ignore_case),
        "since": given(_with_zone("--since", typed.since)),
        "until": given(_with_zone("--until", typed.until)),
        "unit": when(typed.events, "event"),
        "rotated": when(typed.no_rotated, "false"),
        "timeout": given(typed.timeout),
    }


def _answer(typed: QueryArguments) -> Parameters:
    """Return the parameters that say how many of the matching lines are wanted, and in which form."""
    beside = typed if not typed.only_matching else None
    begins = typed.follow and not (typed.lines or typed.since or typed.cursor)
    return {
        "n": [str(EARLIER)] if begins else given(typed.lines),
        "order": given(typed.order),
        "follow": when(typed.follow),
        "patience": given(typed.patience),
        "heartbeat": given(typed.heartbeat),
        "context": given(beside.context if beside else None),
        "before_context": given(beside.before_context if beside else None),
        "after_context": given(beside.after_context if beside else None),
        "cursor": given(typed.cursor),
        "max_bytes": given(typed.max_bytes),
        "labels": when(typed.labels),
    }


def _with_zone(flag: str, typed: str | None) -> str | None:
    try:
        return None if typed is None else times.read(typed, datetime.now().astimezone())
    except (times.StillToCome, times.NoTime) as error:
        raise ConfigError(flag, str(error)) from None
