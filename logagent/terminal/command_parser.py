"""argparse's parser, with words read as getopt(3) reads them, mistakes told in two lines, and what arguments become.

Private parts touched: argparse's `_option_string_actions`, the flags of a parser and what each of them does.
"""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Iterator, Sequence
from typing import Any, NoReturn

_WORD = "\0"
"""Put before words that are no flags, so that argparse takes none of them for one; no argument can hold it."""
_COLUMNS = 80
"""Of help that goes nowhere in particular."""
_UNKNOWN = "unrecognized arguments: "
_NO_COMMAND = "argument COMMAND: "
_A_TOKEN = re.compile("logagent_[0-9A-Za-z]{40,}")
"""What is not repeated of mistyped arguments, which end in the logs of build servers."""
_CHOICE = re.compile(r"invalid choice: '(?P<typed>[^']*)' \(choose from (?P<choices>.*)\)")


class TypedArguments:
    """The arguments of a command, made of a value for each of its annotations.

    No dataclass, which compiles code for each class whenever a command starts.

    Raises:
        TypeError: for a value without an annotation, or an annotation without a value.
    """

    def __init__(self, **given: Any) -> None:
        names = {name for kind in type(self).__mro__ for name in vars(kind).get("__annotations__", ())}
        if given.keys() != names:
            raise TypeError(f"{type(self).__name__} is not made of {sorted(given.keys() ^ names)}")
        vars(self).update(given)


class HelpFormatter(argparse.RawDescriptionHelpFormatter):
    """Formats help as argparse does, as wide as the terminal, but finds out that width without `shutil`.

    argparse makes one for each argument that is added, and `shutil` loads all ways of compressing.
    """

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=_columns() - 2)


def _columns() -> int:
    """Return the columns of the terminal, as `shutil.get_terminal_size` does."""
    given = os.environ.get("COLUMNS", "")
    if given.isdecimal() and int(given) > 0:
        return int(given)
    try:
        return os.get_terminal_size(1).columns or _COLUMNS
    except OSError:
        return _COLUMNS


class CommandParser(argparse.ArgumentParser):
    """The parser of one command, or of all of them.

    Attributes:
        numbered: the flag that `-20` stands for, with that value; empty: digits are letters as others.
    """

    numbered = "--lines"

    def read(self, argv: Sequence[str], command: str) -> argparse.Namespace:
        """Read the arguments of a command, flags and other words in any order.

        A flag that takes a value takes the next word, whatever it is; one that may take a value takes it behind `=`
        only; after `--` no word is a flag; `-20` means `--lines 20`, or what `numbered` says, and `-20f` also `-f`.

        Args:
            argv: without the command.

        Raises:
            SystemExit: after help or a mistake was printed.
        """
        given = self.parse_intermixed_args([*self._in_order(argv)], argparse.Namespace(command=command))
        for name, value in vars(given).items():
            setattr(given, name, _unmarked(value))
        return given

    def error(self, message: str) -> NoReturn:
        """Print what is wrong, and where help is to be had; end with the exit code of wrong usage."""
        said = _A_TOKEN.sub("logagent_...", message.replace(_WORD, ""))
        self.exit(2, f"{self.prog}: {said}{self._meant(said)}\n`{self.prog} --help` lists what there is.\n")

    def _meant(self, said: str) -> str:
        """Say what may be meant in place of what is wrong; empty if nothing may."""
        # Imported here, since most commands are typed right.
        from logagent.terminal.habits import meant_command, meant_flag, meant_word

        if said.startswith(_UNKNOWN):
            flag = said.removeprefix(_UNKNOWN).split()[0].partition("=")[0]
            return meant_flag(flag, self._option_string_actions)
        if choice := _CHOICE.search(said):
            suggest = meant_command if said.startswith(_NO_COMMAND) else meant_word
            return suggest(choice["typed"], re.findall(r"[\w-]+", choice["choices"]))
        return ""

    def _in_order(self, argv: Sequence[str]) -> Iterator[str]:
        """Yield flags as they come, each with its value, and mark other words."""
        rest = iter(argv)
        for word in rest:
            if word == "--":
                yield from (_WORD + each for each in rest)
            elif not word.startswith("-") or word == "-":
                yield _WORD + word
            elif self.numbered and (number := re.fullmatch("(-[0-9]+)([fF]?)", word)):
                yield self._lines(word, number[1])
                yield from self._flags(f"-{number[2]}", rest) if number[2] else ()
            else:
                yield from self._flags(word, rest)

    def _flags(self, word: str, rest: Iterator[str]) -> Iterator[str]:
        """Yield the flags of a word, and the value of the last one: attached, or the next of the other words."""
        flags, value = self._apart(word)
        yield self._with_default(flags)
        if value is None and self._takes_next(flags):
            value = next(rest, None)
        if value is not None:
            yield _WORD + value if value.startswith("-") else value

    def _lines(self, word: str, number: str) -> str:
        """Return the flag that the number of a word such as `-20` stands for."""
        if self.numbered not in self._option_string_actions:
            self.error(f"there are no lines to be counted by {word}; behind -- it is a word")
        return f"{self.numbered}={number[1:]}"

    def _with_default(self, flag: str) -> str:
        """Return a flag with the value that it stands for if it may take one and has none."""
        action = self._option_string_actions.get(flag)
        return f"{flag}={action.const}" if action is not None and action.nargs == "?" else flag

    def _apart(self, word: str) -> tuple[str, str | None]:
        """Take apart flags and the value that is attached to them, as in `-in5` and `--lines=5`; None: none is."""
        if word.startswith("--"):
            flag, equals, value = word.partition("=")
            return (flag, value) if equals and self._takes_value(flag) else (word, None)
        for place, letter in enumerate(word[1:], 2):
            takes = self._takes_value(f"-{letter}")
            if takes is not False:
                return (word[:place], word[place:] or None) if takes else (word, None)
        return word, None

    def _takes_next(self, word: str) -> bool:
        """Return whether a flag, or the last one of several letters, takes the next word as its value."""
        return bool(self._takes_value(word if word.startswith("--") else f"-{word[-1]}"))

    def _takes_value(self, flag: str) -> bool | None:
        """Return whether a flag takes a value; None if there is no such flag."""
        action = self._option_string_actions.get(flag)
        return None if action is None else action.nargs is None


def with_flags(argv: Sequence[str]) -> list[str]:
    """Return `help [COMMAND]` and `version`, as other programs have them, as flags; anything else as it is."""
    match argv:
        case ["help", *commands]:
            return [*commands, "--help"]
        case ["version"]:
            return ["--version"]
    return [*argv]


def _unmarked(value: object) -> object:
    if isinstance(value, str):
        return value.replace(_WORD, "")
    return [_unmarked(each) for each in value] if isinstance(value, list) else value


class NestedParser(CommandParser):
    """The parser of a command, or of one of its acts, that another parser hands the rest of the line to.

    What it does not know is its own mistake: the other one knows neither its flags nor its help.
    """

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> tuple[Any, list[str]]:
        """Read arguments as argparse does; end with the exit code of wrong usage if some are not known."""
        given, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self.error(f"{_UNKNOWN}{' '.join(unknown)}")
        return given, unknown
