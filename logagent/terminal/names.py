"""Names of logs as people type them: paths as a shell completes them, and words that it made of a glob."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice

from logagent.config.errors import ConfigError
from logagent.core.wire.parameter_values import MAX_REPEATS

_DIRECTORIES = (".", "..")
_ENDS = ("/", "/.", "/..")
"""What a path ends with that means all that lies in a directory."""


def log_name(typed: str, argument: str) -> str:
    """Return the name below an agent's roots that a path as typed means: `./syslog`, `a/../syslog`, `nginx/`.

    A directory, which ends with a slash, means all that lies in it. A path from the root of a host stays one: each
    agent knows whether it leads below its own roots.

    Args:
        argument: how the command calls it, for messages.

    Raises:
        ConfigError: for a path that cannot lie below a root by its name alone.
    """
    parts = typed.split("/")
    if not typed or ":" in parts[0] or {"", ".", ".."}.isdisjoint(parts):
        return typed  # plain, or ROOT:PATH, or for the agent to judge
    name = posixpath.normpath(typed)
    if name.startswith("//"):
        name = name[1:]  # which POSIX leaves alone
    if name.split("/")[0] == "..":
        raise ConfigError(
            argument, f"{typed} leads out of an agent's roots; `logagent files` lists what lies below them"
        )
    if name == ".":
        return "**/*"
    return f"{name.rstrip('/')}/**/*" if typed.endswith(("/", "/.")) else name


def log_names(typed: Sequence[str], argument: str) -> list[str]:
    """Return the names that paths as typed mean, as `log_name` does; `nginx/{access,error}.log` are two.

    Args:
        argument: how the command calls them, for messages.

    Raises:
        ConfigError: for a path that cannot lie below a root by its name alone.
    """
    names = (log_name(name, argument) for word in typed for name in alternatives(word))
    return [*islice(names, MAX_REPEATS + 1)]


def names_of(typed: Sequence[str], argument: str, *, itself: bool) -> list[str]:
    """Return the names that words mean, to an agent or to the command line itself.

    Raises:
        ConfigError: as `log_names` does.
    """
    return local_names(typed) if itself else log_names(typed, argument)


def local_names(typed: Sequence[str]) -> list[str]:
    """Return the paths and globs that words mean: a directory stands for all that lies in it, a file for itself."""
    spelled = (each for word in typed for each in ([word] if os.path.lexists(word) else alternatives(word)))
    return [local_name(word) for word in islice(spelled, MAX_REPEATS + 1)]


def local_name(word: str) -> str:
    """Return the path or glob that a word means: `./nginx/` and `.` mean all that lies in them."""
    if word not in _DIRECTORIES and not word.endswith(_ENDS):
        return word
    return f"{word.removesuffix('/.').rstrip('/') if word != '.' else '.'}/**/*"


def host_names(typed: Sequence[str]) -> list[str]:
    """Return the names and globs of hosts in words such as `web-1,db-{1,2}`."""
    lists = (f"{{{word},}}" if "," in word else word for word in typed)
    names = (name for listed in lists for name in alternatives(listed) if name or not listed)
    return [*islice(names, MAX_REPEATS + 1)]


def alternatives(word: str) -> Iterator[str]:
    """Expand braces with commas in them, as shells do between no quotes; others stay as they are."""
    for begin in (place for place, letter in enumerate(word) if letter == "{"):
        parts, end = _parts(word, begin + 1)
        if len(parts) > 1:
            for part in parts:
                for each in alternatives(part):
                    yield from (word[:begin] + each + rest for rest in alternatives(word[end:]))
            return
    yield word


def _parts(word: str, begin: int) -> tuple[list[str], int]:
    """Return what stands between the commas of a brace, and where the brace ends; no parts if it does not end."""
    parts, depth, start = list[str](), 0, begin
    for place in range(begin, len(word)):
        letter = word[place]
        if letter == "{":
            depth += 1
        elif letter == "}" and depth:
            depth -= 1
        elif letter in ",}" and not depth:
            parts.append(word[start:place])
            start = place + 1
            if letter == "}":
                return parts, start
    return [], len(word)


def shell_hints(file: str, keywords: Sequence[str], is_file: Callable[[str], bool]) -> list[str]:
    """Say which keywords name files that are there, since a shell makes such words of a glob without quotes.

    Args:
        file: the first name of a log.
        is_file: tells whether a path leads to a file of this machine.
    """
    files = [word for word in keywords if is_file(word)]
    if not files:
        return []
    expanded = is_file(file) and keywords[0] in files
    why = (
        "the shell has expanded a glob: put it between quotes, as in '*.log'"
        if expanded
        else "-e says that it is meant"
    )
    named = files[0] if len(files) == 1 else f"{files[0]} and {len(files) - 1} more"
    return [f"{named}, searched for as a keyword, is also a file in this directory; {why}"]


def also_here(names: Iterable[str], is_file: Callable[[str], bool]) -> list[str]:
    """Say which names, looked for below the roots of an agent in vain, are those of files of this machine.

    Args:
        names: as they were looked for, without `./` before them.
        is_file: tells whether a path leads to a file of this machine.
    """
    paths = [name if name.startswith("/") else f"./{name}" for name in names if is_file(name)]
    if not paths:
        return []
    named = "--agent, --peer, --host, LOGAGENT_AGENT nor a context names whom to ask"
    return [
        f"{paths[0]} is also a file of this machine; written so, it is read without any agent where neither {named}"
    ]
