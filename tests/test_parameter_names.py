"""The documents, the description of the API and the command line name the same parameters.

A parameter that is added to one of them only fails here, unless it is among the few of which it is said why.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from logagent.core.wire.parameter_table import FILES, HITS, LOGS
from logagent.terminal.flags import parser_of
from testbed.described import DOCUMENT, resolved

PROJECT = Path(__file__).parents[1]
API = (PROJECT / "docs" / "api.md").read_text("utf-8")

HOSTS = "/hosts"

ASKED_BY = {LOGS: ("query", "follow"), HITS: ("hits",), FILES: ("files",), HOSTS: ("hosts",)}
"""The commands that ask a route."""

CALLED = {
    "file": "filename",
    "host": "hostname",
    "lines": "n",
    "events": "unit",
    "no-rotated": "rotated",
    "keyword": "keyword",
}
"""Arguments of the command line that are called otherwise, as fingers know them from other programs."""

WITHOUT_A_FLAG = {
    (LOGS, "n_per_file"): "`logagent grep -m` sends it, with the letter that grep has",
    (LOGS, "whole"): "for agents, which go on with a follow where an answer ended",
    (LOGS, "cursors"): "for programs: people go on with --cursor",
    (LOGS, "paths"): "goes along by itself with paths of the host",
    (HITS, "n_per_file"): "`query --files-with-matches` sends it with by=file",
    (HITS, "paths"): "goes along by itself with paths of the host",
    (FILES, "paths"): "goes along by itself with paths of the host",
}
"""Parameters that no command has, each with the reason."""

KEPT_BACK = {(HOSTS, "timeout"): "the command itself waits no longer; an agent has its patience for each host"}
"""Arguments that become a parameter of other routes only, each with the reason."""

OF_THE_TERMINAL = {
    "help": "argparse's own",
    "output": "chooses what is printed",
    "json": "chooses what is printed",
    "count": "prints a number, from /hits",
    "files-with-matches": "prints names, from /hits",
    "only-matching": "prints parts of lines",
    "color": "how it is printed",
    "utc": "how times are printed",
    "local": "how times are printed",
    "formats": "what of the list is printed",
    "watch": "when the command asks again",
    "seconds": "when the command asks again",
    "verbose": "what is said on standard error",
    "show-cursor": "what is said on standard error",
    "no-pager": "how it is printed",
    "fixed-strings": "changes nothing, for those who know grep",
    "word": "becomes part of the patterns",
    "line": "becomes part of the patterns",
    "patterns-from": "reads keywords from a file",
    "regex-from": "reads expressions from a file",
    "agent": "whom to ask",
    "peer": "whom to ask",
    "peers-from": "whom to ask",
    "name of a context": "whom to ask, where --context is not for lines of context",
    "certs": "how to prove who asks",
    "name": "how to prove who asks",
    "ca": "how to prove who asks",
    "cert": "how to prove who asks",
    "key": "how to prove who asks",
    "token": "how to prove who asks",
    "token-command": "how to prove who asks",
    "token-file": "how to prove who asks",
}
"""Arguments that become no parameter, each with the reason."""


def described(path: str) -> set[str]:
    parameters = [resolved(each) for each in DOCUMENT["paths"][path]["get"]["parameters"]]
    return {each["name"] for each in parameters if each["in"] == "query"}


def arguments(command: str) -> set[str]:
    """The arguments of a command, by their long names without hyphens in front."""
    actions = parser_of(command)._actions
    return {
        "name of a context"
        if action.dest == "context_name"
        else max(action.option_strings or [action.dest], key=len).lstrip("-")
        for action in actions
    }


def sent_by(command: str) -> set[str]:
    """The names of arguments that become parameters, as parameters."""
    return {CALLED.get(name, name.replace("-", "_")) for name in arguments(command) - OF_THE_TERMINAL.keys()}


def documented(path: str) -> set[str]:
    """The parameters that docs/api.md tells of a route."""
    rows = API.partition("Parameters of `/logs`.")[2].partition("`Accept` chooses")[0]
    of_logs = set(named(" ".join(re.findall(r"^\| (`[a-z_`, ]+`) \|", rows, re.MULTILINE))))
    if path == LOGS:
        return of_logs
    if path == HOSTS:
        return set(named(API.partition("| `GET /hosts` |")[2].partition("|\n")[0].rpartition("; takes ")[2]))
    if path == FILES:
        return set(named(API.partition("taken for times; takes ")[2].partition(" |\n")[0]))
    [(without, more)] = re.findall(r"`/hits` takes those that say which lines \(not ([^)]+)\), and ([^(]+)\(", API)
    assert set(named(without)) <= of_logs
    return of_logs - set(named(without)) | set(named(more))


def named(text: str) -> list[str]:
    return re.findall(r"`([a-z_]+)`", text)


@pytest.mark.parametrize("path", ASKED_BY)
def test_documents_name_the_parameters_that_are_described(path: str) -> None:
    assert documented(path) == described(path)


@pytest.mark.parametrize("path", ASKED_BY)
def test_the_command_line_has_the_parameters_that_are_described(path: str) -> None:
    sent = set().union(*map(sent_by, ASKED_BY[path]))
    excused = {name for route, name in WITHOUT_A_FLAG if route == path}
    assert described(path) - sent == excused
    kept_back = {name for route, name in KEPT_BACK if route == path}
    assert sent - described(path) == kept_back


def test_every_excuse_is_needed() -> None:
    every = set().union(*(arguments(command) for commands in ASKED_BY.values() for command in commands))
    assert (OF_THE_TERMINAL.keys() | CALLED.keys()) - every == set()
    assert all(OF_THE_TERMINAL.values())
    assert all(WITHOUT_A_FLAG.values())
    assert all(KEPT_BACK.values())


@pytest.mark.parametrize(
    "document", ["README.md", "docs/api.md", "docs/operating.md", "docs/logs.md", "docs/access.md"]
)
def test_addresses_in_the_documents_have_parameters_that_there_are(document: str) -> None:
    text = (PROJECT / document).read_text("utf-8")
    asked = re.findall(r"(/logs|/hits|/files|/hosts)\?([^\s'\"`]+)", text)
    unknown = {name for path, query in asked for name in re.findall(r"(?:^|&)([a-z_]+)=?", query)} - set().union(
        *map(described, ASKED_BY)
    )
    assert unknown == set()
    assert asked or document not in ("README.md", "docs/api.md")
