"""What is typed becomes the arguments of one command, or a text for whoever typed it."""

from __future__ import annotations

import pytest

from logagent import __version__
from logagent.config.setting import Setting
from logagent.config.table import SETTINGS
from logagent.terminal.arguments import (
    Arguments,
    FilesArguments,
    HitsArguments,
    HostsArguments,
    QueryArguments,
    UsageText,
    parse,
)
from logagent.terminal.flags import parser_of
from logagent.terminal.setup_arguments import (
    CertsClientArguments,
    CertsHostArguments,
    CertsInitArguments,
    CertsListArguments,
    CertsRevokeArguments,
    DemoArguments,
    ServeArguments,
    TokenListArguments,
    TokenNewArguments,
    TokenRevokeArguments,
)
from testbed.console import typed


@pytest.mark.parametrize(
    ("argv", "kind"),
    [
        (["serve"], ServeArguments),
        (["query", "f"], QueryArguments),
        (["follow", "f"], QueryArguments),
        (["files"], FilesArguments),
        (["hits", "f"], HitsArguments),
        (["hosts"], HostsArguments),
        (["certs", "init", "d"], CertsInitArguments),
        (["certs", "host", "web-1", "d"], CertsHostArguments),
        (["certs", "client", "alice", "d"], CertsClientArguments),
        (["certs", "revoke", "alice", "d"], CertsRevokeArguments),
        (["certs", "list", "d"], CertsListArguments),
        (["token", "new", "ci"], TokenNewArguments),
        (["token", "list"], TokenListArguments),
        (["token", "revoke", "ci"], TokenRevokeArguments),
        (["demo"], DemoArguments),
    ],
)
def test_each_command_has_arguments_of_its_own(argv: list[str], kind: type[Arguments]) -> None:
    assert type(parse(argv)) is kind


def test_arguments_are_the_texts_that_were_typed() -> None:
    asked = typed(QueryArguments, "query", "-n", "many", "f", "a", "--since", "soon", "b", "-e", "c", "-e", "d", "-i")
    assert (asked.file, asked.keyword, asked.more_keywords) == ("f", ["a", "b"], ["c", "d"])
    assert (asked.lines, asked.since, asked.ignore_case) == ("many", "soon", True)


def test_arguments_that_were_not_typed_are_absent() -> None:
    asked = typed(QueryArguments, "query", "f")
    present = {name: value for name, value in vars(asked).items() if value}
    assert present == {"file": "f", "output": "text", "color": "auto"}


def test_repeated_flags_of_one_command_line_are_not_those_of_the_next() -> None:
    assert typed(FilesArguments, "files", "--host", "a").host == ["a"]
    assert typed(FilesArguments, "files", "--host", "b").host == ["b"]
    assert typed(FilesArguments, "files").host == []


@pytest.mark.parametrize(("argv", "follows"), [(["query"], False), (["query", "-f"], True), (["follow"], True)])
def test_follow_is_a_query_that_follows(argv: list[str], follows: bool) -> None:
    asked = typed(QueryArguments, *argv, "f")
    assert (asked.follow, asked.count, asked.order) == (follows, False, None)


@pytest.mark.parametrize("flag", ["-f", "-c", "--order=oldest"])
def test_follow_has_no_flags_that_go_against_it(flag: str) -> None:
    assert isinstance(parse(["follow", "f", flag]), UsageText)


def test_flags_of_settings_reach_the_settings() -> None:
    argv = ("--listen", "[::1]:1", "--listen", "127.0.0.1:2", "--no-allow-cleartext", "--max-line=1KiB")
    assert typed(ServeArguments, "serve", *argv).settings == {
        "listen": ["[::1]:1", "127.0.0.1:2"],
        "allow_cleartext": ["false"],
        "max_line": ["1KiB"],
    }


@pytest.mark.parametrize("setting", [each for each in SETTINGS if not each.in_file_only], ids=lambda each: each.name)
def test_every_setting_has_its_flag(setting: Setting) -> None:
    argv, given = ([], "true") if setting.is_switch else (["x"], "x")
    assert typed(ServeArguments, "serve", setting.flag, *argv).settings == {setting.name: [given]}


@pytest.mark.parametrize("argv", [[], ["nothing"], ["query"], ["query", "f", "--nothing"], ["query", "f", "--verb"]])
def test_wrong_usage_is_a_text_and_its_exit_code(argv: list[str]) -> None:
    told = parse(argv)
    assert isinstance(told, UsageText)
    assert told.code == 2
    assert told.text.startswith("logagent")
    assert told.text.count("\n") == 2
    assert "\0" not in told.text


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["query", "f", "--verb"], "unrecognized arguments: --verb; is --verbose meant?"),
        (["files", "--hots=a"], "unrecognized arguments: --hots=a; is --host meant?"),
        (["follow", "f", "--order"], "unrecognized arguments: --order\n"),
        (["query", "f", "--color", "alwys"], "; is always meant?\n"),
        (["hits", "f", "--xyzzy"], "unrecognized arguments: --xyzzy\n"),
        (["query", "f", "-n"], "argument -n/--lines: expected one argument"),
        (["query", "f", "--tail=2"], "unrecognized arguments: --tail=2; is --lines N meant?\n"),
        (["query", "f", "-g", "x"], "unrecognized arguments: -g x; is --regex PATTERN meant?\n"),
        (["follow", "f", "-r"], "unrecognized arguments: -r\n"),
        (["serve", "/srv/log"], "unrecognized arguments: /srv/log; is --root /srv/log meant?\n"),
        (["serve", "9000"], "unrecognized arguments: 9000; is --listen 127.0.0.1:9000 meant?\n"),
        (["hosts", "x"], "unrecognized arguments: x\n"),
        (["reload", "--config", "x"], "unrecognized arguments: --config x; is --control PATH meant?\n"),
        (["token", "rotate", "ci"], "; is new NAME, and then revoke FINGERPRINT of the older one, meant?\n"),
        (["certs", "renew", "web-1"], "; is host NAME DIR --overwrite meant?\n"),
        (["query", "f", "-o", "jsn"], "invalid choice: 'jsn' (choose from"),
    ],
)
def test_mistakes_are_told_in_two_lines(argv: list[str], said: str) -> None:
    told = parse(argv)
    assert isinstance(told, UsageText)
    assert said in told.text
    assert told.text.splitlines()[1] == f"`logagent {argv[0]} --help` lists what there is."


def test_a_mistake_in_an_act_points_to_the_help_of_that_act() -> None:
    told = parse(["token", "new", "ci", "--groups", "web"])
    assert isinstance(told, UsageText)
    assert told.text == (
        "logagent token new: unrecognized arguments: --groups web; is --group meant?\n"
        "`logagent token new --help` lists what there is.\n"
    )


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["qurey", "f"], "; is query meant?"),
        (["logs", "web-1"], "; is `logagent query FILE` meant?"),
        (["-f", "app.log"], "; is `logagent query app.log` meant?"),
        (["nginx/*", "refused"], "; is `logagent query nginx/*` meant?"),
        (["xyzzy"], ")"),
    ],
)
def test_a_command_that_may_be_meant_is_suggested(argv: list[str], said: str) -> None:
    told = parse(argv)
    assert isinstance(told, UsageText)
    assert told.text.endswith(f"{said}\n`logagent --help` lists what there is.\n")


@pytest.mark.parametrize(
    ("argv", "same"),
    [(["help"], ["--help"]), (["help", "query"], ["query", "--help"]), (["version"], ["--version"])],
)
def test_help_and_version_are_commands_too(argv: list[str], same: list[str]) -> None:
    told = parse(argv)
    assert told == parse(same)
    assert isinstance(told, UsageText)
    assert told.code == 0


@pytest.mark.parametrize("word", ["help", "version"])
def test_a_log_may_be_called_as_a_command_is(word: str) -> None:
    assert typed(QueryArguments, "query", word).file == word


@pytest.mark.parametrize(
    ("argv", "file", "keyword"),
    [
        (["--", "-dash.log", "-x"], "-dash.log", ["-x"]),
        (["-n", "5", "--", "-1.log", "--", "-n"], "-1.log", ["--", "-n"]),
        (["a", "-"], "a", ["-"]),
        (["a", ""], "a", [""]),
    ],
)
def test_behind_two_hyphens_no_word_is_a_flag(argv: list[str], file: str, keyword: list[str]) -> None:
    given = typed(QueryArguments, "query", *argv)
    assert (given.file, given.keyword) == (file, keyword)


@pytest.mark.parametrize(
    ("argv", "more"),
    [
        (["-e", "-x"], ["-x"]),
        (["-e", "--", "-e", "-n"], ["--", "-n"]),
        (["-ie", "-x"], ["-x"]),
        (["--keyword", "--verbose"], ["--verbose"]),
        (["-e", ""], [""]),
        (["-e-x", "-e=y", "-iex", "--keyword=--", "--keyword="], ["-x", "=y", "x", "--", ""]),
    ],
)
def test_a_flag_takes_the_next_word_whatever_it_is(argv: list[str], more: list[str]) -> None:
    given = typed(QueryArguments, "query", "f", *argv)
    assert (given.more_keywords, given.keyword, given.verbose) == (more, [], False)


@pytest.mark.parametrize("argv", [["-20"], ["-n20"], ["-n", "20"], ["--lines=20"], ["-5", "-20"]])
def test_a_number_behind_a_hyphen_is_that_many_lines(argv: list[str]) -> None:
    assert typed(QueryArguments, "query", "f", "k", *argv).lines == "20"
    assert typed(QueryArguments, "follow", *argv, "f", "k").lines == "20"


def test_a_number_behind_a_hyphen_is_a_mistake_where_there_are_no_lines() -> None:
    told = parse(["hits", "f", "-20"])
    assert isinstance(told, UsageText)
    assert "there are no lines to be counted by -20; behind -- it is a word" in told.text
    assert typed(HitsArguments, "hits", "f", "--", "-20").keyword == ["-20"]


def test_argparse_tells_which_flags_take_a_value() -> None:
    """A contract: what is touched of argparse is private."""
    flags = parser_of("query")._option_string_actions
    assert {flag for flag in flags if flags[flag].nargs is None} >= {"-n", "--since", "-e", "--agent", "--key", "-o"}
    assert {flag for flag in flags if flags[flag].nargs == 0} == {
        *("--any", "--word", "--line", "--only-matching", "--files-with-matches", "--utc", "--local"),
        *("-h", "--help", "-F", "--fixed-strings", "-i", "--ignore-case", "--events", "--no-rotated", "-f", "--follow"),
        *("--verbose", "-c", "--count", "--json", "--labels", "--show-cursor", "--no-pager"),
    }


@pytest.mark.parametrize(
    "command", ["", "serve", "query", "follow", "files", "hits", "hosts", "certs", "token", "demo"]
)
def test_help_is_a_text_without_a_failure(command: str) -> None:
    told = parse([*command.split(), "--help"])
    assert isinstance(told, UsageText)
    assert told.code == 0
    assert told.text.startswith(f"usage: logagent {command}".rstrip())


def test_version_is_told() -> None:
    assert parse(["--version"]) == UsageText(f"logagent {__version__}\n", 0)
