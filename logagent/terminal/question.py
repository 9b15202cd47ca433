"""The arguments of `query`, `follow` and `hits`, checked: the query, the agent to ask, and the form of printing."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Literal, NamedTuple

from logagent.config.errors import ConfigError
from logagent.core.globs import is_glob
from logagent.core.query import Query
from logagent.core.wire.parameters import parse, parse_hits
from logagent.terminal import times
from logagent.terminal.address import AgentAddress, agent_address
from logagent.terminal.arguments import HitsArguments, QueryArguments, SearchArguments, When
from logagent.terminal.checking import Parameters, checked, given, when
from logagent.terminal.names import host_names, log_names

EARLIER = 10
"""Lines that a follow begins with unless told otherwise: as many as tail."""

Form = Literal["text", "json", "records", "count"]
"""What is printed: the lines as text, as JSON with the verdict or (records) without it, or only their number."""

FLAGS = {"filename": "FILE", "keyword": "KEYWORD", "hostname": "--host", "n": "--lines", "form": "the question"}
"""The names of arguments that are not called as the parameters of a request."""


class Question(NamedTuple):
    """A query, whom to ask, and how to print the answer.

    Attributes:
        prefix: print host and file before each line.
        verbose: report on each host, even if the answer is complete.
        show_cursor: tell where another answer would continue.
    """

    agent: AgentAddress
    query: Query
    form: Form
    prefix: bool
    color: When
    verbose: bool
    show_cursor: bool = False


def question(typed: QueryArguments, environ: Mapping[str, str]) -> Question:
    """Check the arguments of `query` and `follow`, and read certificates from their files.

    Raises:
        ConfigError: for an argument that cannot be used.
    """
    if typed.json and typed.count:
        raise ConfigError("--json", "prints lines, and --count none of them; leave one of the two out")
    form: Form = "records" if typed.json else "count" if typed.count else typed.output
    if form == "count" and typed.follow:
        raise ConfigError("--count", "a follow has no end to count at; leave out --follow, or use `logagent hits`")
    prefix = form == "text" and (typed.prefix == "always" or (typed.prefix == "auto" and not _one_host(typed.host)))
    query = _query(typed, form, prefix)
    agent = agent_address(typed, environ)
    return Question(agent, query, form, prefix, typed.color, typed.verbose, typed.show_cursor)


def hits_question(typed: HitsArguments, environ: Mapping[str, str]) -> Question:
    """Check the arguments of `hits`, and read certificates from their files.

    Raises:
        ConfigError: for an argument that cannot be used.
    """
    query = _checked({**_search(typed), "step": given(typed.step)}, parse_hits)
    return Question(agent_address(typed, environ), query, typed.output, False, typed.color, typed.verbose)


def _one_host(hosts: Sequence[str]) -> bool:
    names = host_names(hosts)
    return len(names) == 1 and not is_glob(names[0])


def _query(typed: QueryArguments, form: Form, prefix: bool) -> Query:
    """Return the query, with the columns that printing needs."""
    query, as_json = _checked({**_search(typed), **_answer(typed)}, parse), form in ("json", "records")
    places = prefix or query.match.has_context or as_json
    return replace(query, form=replace(query.form, times=as_json, places=places))


def _checked(parameters: Parameters, parse: Callable[[bytes, int, bytes], Query]) -> Query:
    return checked(parameters, lambda form: parse(b"", time.time_ns(), form), FLAGS)


def _search(typed: SearchArguments) -> Parameters:
    """Return the parameters that say which lines match."""
    return {
        "filename": log_names(typed.files, "FILE"),
        "hostname": host_names(typed.host),
        "keyword": [*typed.words, *typed.more_keywords],
        "exclude": typed.exclude,
        "regex": typed.regex,
        "exclude_regex": typed.exclude_regex,
        "any": when(typed.any),
        "ignore_case": when(typed.ignore_case),
        "since": given(_with_zone("--since", typed.since)),
        "until": given(_with_zone("--until", typed.until)),
        "unit": when(typed.events, "event"),
        "rotated": when(typed.no_rotated, "false"),
        "timeout": given(typed.timeout),
    }


def _answer(typed: QueryArguments) -> Parameters:
    """Return the parameters that say how many of the matching lines are wanted, and in which form."""
    begins = typed.follow and not (typed.lines or typed.since or typed.cursor)
    return {
        "n": [str(EARLIER)] if begins else given(typed.lines),
        "order": given(typed.order),
        "follow": when(typed.follow),
        "patience": given(typed.patience),
        "heartbeat": given(typed.heartbeat),
        "context": given(typed.context),
        "before_context": given(typed.before_context),
        "after_context": given(typed.after_context),
        "cursor": given(typed.cursor),
        "max_bytes": given(typed.max_bytes),
    }


def _with_zone(flag: str, typed: str | None) -> str | None:
    try:
        return None if typed is None else times.read(typed, datetime.now().astimezone())
    except (times.StillToCome, times.NoTime) as error:
        raise ConfigError(flag, str(error)) from None
