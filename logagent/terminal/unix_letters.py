"""The letters of `grep`, `tail`, `ls` and `cat`, with their help."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping

from logagent.terminal.command_parser import CommandParser
from logagent.terminal.context_flags import ALSO, LinesOrContext

_GREP = """\
Of one host (an agent that knows no other, or --host NAME), files come as they are named, globs by name, each from its
oldest generation on, as `cat GENERATIONS | grep` prints them. Of several hosts, lines are merged by time, oldest first,
and begin with 'HOST FILE:'.

patterns: as in grep -E and -P, without what takes more than linear time (backreferences, lookaround); by bytes, \\w is
ASCII. -E and -P change nothing. There are no basic patterns (-G): \\| is a bar, and a|b are alternatives.

exit codes:
  0  a line was found
  1  none was found
  2  wrong usage, a file or host failed, or the answer is incomplete; with -q, 0 if a line was found"""
_TAIL = """\
The last lines of each file, in the order of the file, over its rotated generations; several files with headers, as
tail prints them. With -f lines go on as they are written, of several files merged by time; that survives rotations,
whether called -f or -F. Of several hosts the last N lines are the last in time, and begin with 'HOST FILE: '.

exit codes:
  0  complete
  2  wrong usage, or nothing could be read
  3  the answer is partial: standard error says what failed and why"""
_LS = """\
Names below the agent's roots: files without their rotated generations, and directories with a slash. -l prints how many
generations a log has, their bytes, and when it was modified, in this machine's zone.

exit codes:
  0  complete
  2  wrong usage, or nothing could be listed
  3  the answer is partial: standard error says what failed and why"""
_CAT = """\
All lines of each file, from its oldest generation on, one file after the other, as `cat GENERATIONS` prints them with
archives decompressed. Lines of several hosts are merged by time and begin with 'HOST FILE: '.

exit codes:
  0  complete
  2  wrong usage, or nothing could be read
  3  the answer is partial: standard error says what failed and why"""

_Switch = tuple[tuple[str, ...], str, object, str]
"""Its flags, the argument that it sets, to which value, and its help. Of two for one argument the last one counts."""
_GREP_SWITCHES: tuple[_Switch, ...] = (
    (("-F", "--fixed-strings"), "dialect", "F", "patterns are literal texts"),
    (("-E", "--extended-regexp"), "dialect", "E", "no effect: patterns are extended anyway"),
    (("-P", "--perl-regexp"), "dialect", "P", "no effect: see below"),
    (("-G", "--basic-regexp"), "dialect", "G", "refused: see below"),
    (("-i", "-y", "--ignore-case"), "ignore_case", True, "ignore case"),
    (("--no-ignore-case",), "ignore_case", False, "undo -i"),
    (("-v", "--invert-match"), "invert", True, "print the lines that match no pattern"),
    (("-w", "--word-regexp"), "word", True, "match whole words only"),
    (("-x", "--line-regexp"), "line", True, "match whole lines only"),
    (("-c", "--count"), "count", True, "print how many lines of each file match"),
    (("-l", "--files-with-matches"), "listed", True, "print only the names of files with a match"),
    (("-L", "--files-without-match"), "listed", False, "print only the names of files without one"),
    (("-o", "--only-matching"), "only_matching", True, "print only what matches, each on a line of its own"),
    (("-q", "--quiet", "--silent"), "quiet", True, "print nothing, end at the first match"),
    (("-s", "--no-messages"), "no_messages", True, "no messages about files that are not there or cannot be read"),
    (("-n", "--line-number"), "line_number", True, "print line numbers, counted from the oldest generation on"),
    (("-H", "--with-filename"), "names", True, "print the file's name before each line [if there are several]"),
    (("-h", "--no-filename"), "names", False, "print no names of files"),
    (("-r", "-R", "--recursive", "--dereference-recursive"), "recursive", True, "search all files below a directory"),
    (("-a", "--text"), "text", True, "no effect: lines are text"),
)
_GREP_VALUES: tuple[tuple[tuple[str, ...], str, str, str], ...] = (
    (("-m", "--max-count"), "max_count", "N", "stop reading a file after N lines that match"),
    (("-A", "--after-context"), "after", "N", "also print N lines after each match"),
    (("-B", "--before-context"), "before", "N", "also print N lines before each match"),
)
_LS_SWITCHES: tuple[_Switch, ...] = (
    (("-l",), "long", True, "print generations, bytes, time of modification and name"),
    (("-h", "--human-readable"), "human", True, "with -l, print bytes as 1.5 KiB"),
    (("-t",), "by", "time", "sort by time of modification, newest first"),
    (("-S",), "by", "size", "sort by size, largest first"),
    (("-r", "--reverse"), "reverse", True, "sort the other way round"),
    (("-R", "--recursive"), "recursive", True, "list what lies in directories too, by their paths"),
    (("-1",), "single", True, "one name a line [on a terminal: columns]"),
    (("-a", "-A", "--all", "--almost-all"), "all", True, "no effect: nothing is hidden but what is never served"),
    (("-d", "--directory"), "directory", True, "list directories themselves, not what lies in them"),
)
_TAIL_SWITCHES: tuple[_Switch, ...] = (
    (("-f", "-F", "--follow"), "follow", True, "keep printing lines as they are written"),
    (("-q", "--quiet", "--silent"), "headers", False, "print no headers"),
    (("-v",), "headers", True, "print headers, of one file too"),
)


def add_letters(command: str, parser: argparse.ArgumentParser) -> None:
    """Add the flags and words of a command, but for those that say which agent is asked."""
    epilog, add = _COMMANDS[command]
    parser.epilog = epilog
    add(parser)
    parser.add_argument("--no-rotated", action="store_true", help="leave out the rotated files of each log")
    parser.add_argument("--timeout", metavar="SPAN", help="stop after this time, such as 500ms, 30s, 2m [no limit]")
    parser.add_argument("--verbose", action="store_true", help="say how each host fared on standard error")
    parser.set_defaults(output="text", no_pager=True)


def _add_grep(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("operands", metavar="PATTERN FILE", nargs="*", help="without -e and -f, the first is a PATTERN")
    parser.add_argument("-e", "--regexp", metavar="PATTERN", action="append", default=[], help="a PATTERN; repeatable")
    parser.add_argument(
        "-f", "--file", dest="pattern_files", metavar="FILE", action="append", default=[], help="PATTERNs, one a line"
    )
    _add_switches(parser, _GREP_SWITCHES)
    for flags, dest, metavar, help in _GREP_VALUES:
        parser.add_argument(*flags, dest=dest, metavar=metavar, help=help)
    around = f"also print N lines before and after each match, also -N{ALSO}"
    parser.add_argument("-C", "--context", metavar="N", action=LinesOrContext, help=around)
    parser.add_argument(
        "--color", "--colour", nargs="?", const="auto", default="auto", choices=("auto", "always", "never"),
        help="print names, numbers and matches in colours [auto: on a terminal]",
    )  # fmt: skip
    _add_range(parser)
    _let_numbers_mean(parser, "--context")


def _add_tail(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("operands", metavar="FILE", nargs="*", help="paths below the agent's roots, or globs")
    parser.add_argument("-n", "--lines", metavar="N", help="print the last N lines, also -N; +N: from line N on [10]")
    parser.add_argument("-c", "--bytes", metavar="N", help="refused: lines are printed, not bytes")
    _add_switches(parser, _TAIL_SWITCHES)
    _add_range(parser)


def _add_cat(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("operands", metavar="FILE", nargs="*", help="paths below the agent's roots, or globs")
    parser.add_argument("-n", "--number", action="store_true", help="number the lines")
    _add_range(parser)


def _add_ls(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("operands", metavar="FILE", nargs="*", help="files, directories or globs [the roots]")
    _add_switches(parser, _LS_SWITCHES)
    _let_numbers_mean(parser, "")


def _add_switches(parser: argparse.ArgumentParser, switches: tuple[_Switch, ...]) -> None:
    for flags, dest, value, help in switches:
        parser.add_argument(*flags, dest=dest, action="store_const", const=value, help=help)


def _add_range(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--since", metavar="WHEN", help="only lines from this time on, as `query` reads it")
    parser.add_argument("--until", metavar="WHEN", help="only lines before this time")


def _let_numbers_mean(parser: argparse.ArgumentParser, flag: str) -> None:
    assert isinstance(parser, CommandParser), "the parser of a command"
    parser.numbered = flag


_COMMANDS: Mapping[str, tuple[str, Callable[[argparse.ArgumentParser], None]]] = {
    "grep": (_GREP, _add_grep),
    "tail": (_TAIL, _add_tail),
    "ls": (_LS, _add_ls),
    "cat": (_CAT, _add_cat),
}
