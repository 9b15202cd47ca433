"""Names of logs as typed."""

from __future__ import annotations

import subprocess

import pytest

from logagent.config.errors import ConfigError
from logagent.core.wire.parameter_values import MAX_REPEATS
from logagent.terminal.names import alternatives, host_names, log_name, log_names, shell_hints


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("syslog", "syslog"),
        ("./syslog", "syslog"),
        ("nginx//./error.log", "nginx/error.log"),
        ("nosuch/../app.log", "app.log"),
        ("nginx/", "nginx/**/*"),
        ("./nginx/.", "nginx/**/*"),
        (".", "**/*"),
        ("./", "**/*"),
        ("./*.log", "*.log"),
        ("**/*.log", "**/*.log"),
        ("root:a/../b", "root:a/../b"),
        ("a/../...", "..."),
        ("...", "..."),
        (".hidden", ".hidden"),
        ("", ""),
        ("/var/log/syslog", "/var/log/syslog"),
        ("//var/log/../log/nginx/", "/var/log/nginx/**/*"),
        ("/", "/**/*"),
    ],
)
def test_a_path_as_typed_is_a_name_below_the_roots(typed: str, meant: str) -> None:
    assert log_name(typed, "FILE") == meant


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("..", "leads out of an agent's roots"),
        ("../syslog", "leads out of an agent's roots"),
        ("a/../../b", "leads out of an agent's roots"),
    ],
)
def test_a_path_that_lies_elsewhere_is_told_with_what_would_be_right(typed: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        log_name(typed, "FILE")


HERE = {"a.log", "b.log", "c.log"}


@pytest.mark.parametrize(
    ("file", "keywords", "said"),
    [
        (
            "a.log",
            ["b.log", "Accepted"],
            ["b.log, searched for as a keyword, is also a file in this directory; the shell"],
        ),
        ("a.log", ["b.log", "c.log"], ["b.log and 1 more, searched for"]),
        ("syslog", ["a.log"], ["a.log, searched for as a keyword, is also a file in this directory; -e says"]),
        ("a.log", ["Accepted"], []),
        ("a.log", [], []),
    ],
)
def test_words_that_a_shell_made_of_a_glob_are_told(file: str, keywords: list[str], said: list[str]) -> None:
    hints = shell_hints(file, keywords, HERE.__contains__)
    assert len(hints) == len(said)
    assert all(hint.startswith(start) for hint, start in zip(hints, said, strict=True))


@pytest.mark.parametrize(
    "word",
    ["a", "a{b,c}d", "{a,b}{c,d}", "x{a,{b,c}d,}y", "{a}", "{a", "a,b}", "{}{a,b}", "{{a,b}", "a{b,c", "{a},{b}"],
)
def test_braces_are_expanded_as_bash_expands_them(word: str) -> None:
    bash = subprocess.run(["bash", "-c", f"printf '%s\\n' {word}"], capture_output=True, check=True, text=True)
    assert [*alternatives(word)] == bash.stdout.splitlines()


def test_no_more_names_are_made_than_may_be_asked_for() -> None:
    assert len(log_names(["{a,b}" * 60], "FILE")) == len(host_names(["{a,b}" * 60])) == MAX_REPEATS + 1


def test_names_of_several_logs_and_hosts() -> None:
    assert log_names(["./nginx/{access,error}.log", "syslog"], "FILE") == [
        "nginx/access.log",
        "nginx/error.log",
        "syslog",
    ]
    assert host_names(["web-1,db-{1,2}", "x*", ""]) == ["web-1", "db-1", "db-2", "x*", ""]
