"""The command `reload`: has the agent of this host read its settings anew, and prints what has changed."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from logagent.config import control
from logagent.config.errors import ConfigError
from logagent.config.given import Given, from_environment, from_file
from logagent.terminal import address
from logagent.terminal.setup_arguments import ReloadArguments
from logagent.terminal.streams import Streams
from logagent.terminal.verdicts import FAILED, FOUND, PARTIAL

PATIENCE = 60.0
"""Seconds that an agent has to read everything anew: a directory of users may take long, all else is quick."""
LARGEST = 1024 * 1024
"""Bytes of an answer at most."""

NOBODY = "no agent of this user is reached (for root: none); --control names its socket, and SIGHUP does the same"
"""What is said where no socket is found on which an agent listens."""


def run(typed: ReloadArguments, environ: Mapping[str, str], streams: Streams) -> int:
    """Have an agent reload, print what has changed, and return the exit code.

    It is 0 if all that is asked for is in force, 3 if some of it takes a restart, and 2 if nothing has changed since
    something is wrong, or if no agent was reached.

    Raises:
        ConfigError: where no agent is reached.
        OSError: if the answer cannot be printed.
    """
    with _connected(typed.control, environ) as agent:
        answer = _ask(agent)
    if error := answer.get("error"):
        streams.say(f"nothing is changed: {error}")
        return FAILED
    streams.print("".join(f"{line}\n" for line in answer.get("told", ())))
    for warning in answer.get("warnings", ()):
        streams.say(warning)
    return PARTIAL if answer.get("restart") else FOUND


def _connected(path: str | None, environ: Mapping[str, str]) -> socket.socket:
    """Return a connection to the socket of the one agent that is meant."""
    given, fault = _given(environ)
    setting = given.get("control")
    if path is None and setting is not None and setting.texts[-1] not in (control.AUTO, control.NONE):
        path = str(setting.base / setting.texts[-1])
    if path is not None:
        return _connect(Path(path))
    reached = dict(_reached(control.directories(environ)))
    try:
        return reached.pop(_meant(list(reached), given, fault))
    finally:
        for other in reached.values():
            other.close()


def _given(environ: Mapping[str, str]) -> tuple[dict[str, Given], str]:
    """Return the settings of this host's agent, as far as this user may read them, and what keeps him from it."""
    named = environ.get("LOGAGENT_CONFIG")
    file = Path(named or address.CONFIG)
    try:
        readable = bool(named) or file.exists()
        return {**(from_file(file) if readable else {}), **from_environment(environ)}, ""
    except (ConfigError, OSError) as error:
        return {}, str(error)  # Told only where it matters: the agent, once reached, says what is wrong with it.


def _meant(reached: Sequence[Path], given: Mapping[str, Given], fault: str) -> Path:
    if len(reached) == 1:
        return reached[0]
    if not reached:
        raise ConfigError("reload", NOBODY)
    name = given["name"].texts[-1] if "name" in given else socket.gethostname().partition(".")[0]
    listen = given["listen"].texts if "listen" in given else ("127.0.0.1:8000",)
    for usual in control.usual_names(name, listen):
        for path in reached:
            if path.name == usual:
                return path
    several = f"several agents run here: --control says which, {', '.join(map(str, reached))}"
    raise ConfigError("reload", f"{several}; settings do not tell: {fault}" if fault else several)


def _reached(directories: Sequence[Path]) -> Iterator[tuple[Path, socket.socket]]:
    for directory in directories:
        try:
            paths = sorted(directory.glob(f"*{control.ENDING}"))
        except OSError:
            continue
        for path in paths:
            try:
                yield path, _connect(path)
            except ConfigError:
                continue  # A socket that a dead agent left, or that of another user.


def _connect(path: Path) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(PATIENCE)
    try:
        connection.connect(str(path))
    except OSError as error:
        connection.close()
        reason = error.strerror or str(error)
        if isinstance(error, PermissionError):
            reason = "only root and the agent's own user may do that"
        elif isinstance(error, FileNotFoundError | ConnectionRefusedError):
            reason = "no agent listens there; `kill -HUP` to its process does the same as this command"
        raise ConfigError(str(path), reason) from None
    return connection


def _ask(agent: socket.socket) -> dict[str, Any]:
    received = b""
    try:
        agent.sendall(b"reload\n")
        while len(received) < LARGEST and (piece := agent.recv(65536)):
            received += piece
        answer: dict[str, Any] = json.loads(received)
    except TimeoutError:
        raise ConfigError("reload", f"the agent has not answered within {PATIENCE:g} s") from None
    except (OSError, ValueError):
        raise ConfigError("reload", "the agent has ended, or is none") from None
    return answer
