"""The rows of the table that say where an agent writes its own log, and how much of it."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Sequence
from pathlib import Path

from logagent.config import values
from logagent.config.setting import Setting

AUTO, NONE, FILES, STDERR, JOURNALD, SYSLOG = "auto", "none", "files", "stderr", "journald", "syslog"
ALONE = (AUTO, NONE)
"""Targets beside which there is no other."""
LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40, "critical": 50}
"""Levels as `logging` counts them."""
LOGGER = "logagent"
"""The logger above all others of the agent."""
DIRECTORY = "logagent"
"""The name of the directory below a root into which an agent writes by itself, if it is there."""

_TARGETS = "must be auto, none, files, stderr, journald, syslog, syslog:HOST:PORT or syslog:/PATH"
_OTHERS_WRITE = stat.S_IWOTH


def target(text: str) -> str:
    """Read one target.

    Raises:
        ValueError: for any other text.
    """
    if text in (*ALONE, FILES, STDERR, JOURNALD, SYSLOG):
        return text
    kind, colon, to = text.partition(":")
    if kind != SYSLOG or not colon:
        raise ValueError(_TARGETS)
    if to.startswith("/"):
        return f"{SYSLOG}:{values.fits_a_socket(to)}"
    try:
        host, port = host_and_port(to)
    except ValueError:
        raise ValueError(f"{_TARGETS}, not {text}") from None
    return f"{SYSLOG}:[{host}]:{port}" if ":" in host else f"{SYSLOG}:{host}:{port}"


def host_and_port(text: str) -> tuple[str, int]:
    """Read where a syslog daemon is, such as `logs.internal:514` or `[::1]:514`.

    Raises:
        ValueError: for any other text.
    """
    read = None if values.is_unix(text) else values.address(text)
    if not isinstance(read, values.Address) or read.tls is not None or not read.port:
        raise ValueError("must be a host and a port")
    return read.host, read.port


def level(text: str) -> tuple[str, int]:
    """Read a level, of all of the agent's code or of a part of it: `info`, `logagent.peers=debug`.

    Raises:
        ValueError: for any other text.
    """
    name, equals, word = text.rpartition("=")
    logger = name if equals else LOGGER
    if word not in LEVELS or not re.fullmatch(rf"{LOGGER}(\.[a-z0-9_]+)*", logger):
        raise ValueError(
            f"must be one of {', '.join(LEVELS)}, for a part of the agent with its name, as logagent.peers=debug"
        )
    return logger, LEVELS[word]


def targets(text: str) -> tuple[str, ...]:
    """Read targets with commas between them, such as `files,journald`.

    Raises:
        ValueError: if one of them is none.
    """
    return tuple(target(each.strip()) for each in text.split(","))


LOG_TO = Setting(
    "log_to",
    targets,
    "where the agent writes its own log; `auto`: into files, if there is a directory `logagent` directly below a root "
    "that it may write to or log_directory is given, and warnings and refusals on standard error; otherwise there and "
    "nowhere else; `journald` by the journal's own protocol, `syslog` over /dev/log, another socket, or UDP",
    "auto, none, or some of files, stderr, journald, syslog, syslog:HOST:PORT, syslog:/PATH",
    default=AUTO,
    repeatable=True,
)
LOG_DIRECTORY = Setting(
    "log_directory",
    str,
    "where the files of its own log lie, `NAME.log` and the older `NAME.log.1` and so on; it is made if it is not "
    "there; below a root, the agent's log can be asked for as any other",
    "directory",
    otherwise="`logagent` below the first root that has one",
)
LOG_LEVEL = Setting(
    "log_level",
    level,
    "what its own log holds at least: `debug`, `info`, `warning`, `error` or `critical`; what is below is told nowhere;"
    " of a part of the agent by its name, as `logagent.peers=debug`",
    "level or NAME=level",
    default="info",
    repeatable=True,
)
LOG_MAX_BYTES = Setting(
    "log_max_bytes",
    values.size,
    "how large a file of its own log becomes before it is renamed and another begun",
    "bytes",
    default="10MiB",
)
LOG_KEEP = Setting(
    "log_keep",
    values.count,
    "how many renamed files of its own log are kept",
    "files",
    default="5",
)

OWN_LOG = (LOG_TO, LOG_DIRECTORY, LOG_LEVEL, LOG_MAX_BYTES, LOG_KEEP)
"""Its own log."""


def check_targets(targets: Sequence[str]) -> tuple[str, ...]:
    """Return targets, each once.

    Raises:
        ValueError: for one beside which no other makes sense.
    """
    alone = next((each for each in targets if each in ALONE), None)
    if alone and len(set(targets)) > 1:
        raise ValueError(f"{alone} stands alone, without {', '.join(sorted({*targets} - {alone}))}")
    return tuple(dict.fromkeys(targets))


def usual_directory(roots: Iterable[Path]) -> Path | None:
    """Return the directory into which an agent writes by itself: of its user or of root, which no others may change."""
    return next(
        (root / DIRECTORY for root in roots if _is_there(root / DIRECTORY) and not _wrong(root / DIRECTORY)), None
    )


def passed_over(roots: Iterable[Path]) -> str:
    """Return which directory it would write to by itself, and why it does not, for people; empty: there is none."""
    found = next((root / DIRECTORY for root in roots if _is_there(root / DIRECTORY)), None)
    return "" if found is None else f"{found} is not used: {_wrong(found)}"


def _is_there(directory: Path) -> bool:
    return os.path.lexists(directory)


def _wrong(directory: Path) -> str:
    """Return why an agent does not write by itself to a directory that is there; empty: it does."""
    try:
        found = directory.lstat()
    except OSError as error:
        return error.strerror or str(error)
    if not stat.S_ISDIR(found.st_mode):
        return "it is no directory itself"
    if found.st_uid not in (0, os.geteuid()):
        return "it belongs neither to the agent's user nor to root"
    if found.st_mode & _OTHERS_WRITE:
        return "everybody may write to it"
    return "" if os.access(directory, os.W_OK | os.X_OK) else "the agent's user may not write to it"


def warnings(targets: Sequence[str], directory: Path | None, roots: Sequence[Path]) -> tuple[str, ...]:
    """Return what people should know of where the own log goes.

    Args:
        targets: as `check_targets` returns them.
        directory: of its files; None: it writes none.
        roots: of the agent.
    """
    if AUTO not in targets or directory is not None:
        return tuple(filter(None, [not_served(directory, roots)]))
    unused = passed_over(roots)
    return (f"log_to: the agent's own log stands on standard error alone: {unused}",) if unused else ()


def not_served(directory: Path | None, roots: Iterable[Path]) -> str:
    """Return why nobody can ask for the files of a directory, for people; empty: they can be asked for."""
    if directory is None or any(Path(os.path.realpath(directory)).is_relative_to(root.resolve()) for root in roots):
        return ""
    return f"log_directory: {directory} lies below no root, so nobody can ask for what this agent tells of itself"
