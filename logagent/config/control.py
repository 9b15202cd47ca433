"""Where an agent has the socket by which `logagent reload` reaches it, and where that command looks for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from logagent.config.setting import Setting
from logagent.config.values import UNIX

AUTO = "auto"
"""The socket lies where it usually does."""
NONE = "none"
"""There is no socket."""
SYSTEM = Path("/run/logagent")
"""Where the sockets of services lie."""
ENDING = ".control"
"""How the names of these sockets end."""


def _where(text: str) -> str:
    if not text:
        raise ValueError("must be a path, auto or none")
    return text


CONTROL = Setting(
    "control",
    _where,
    "the Unix socket by which `logagent reload` reaches this agent, for root and the agent's user only; `none`: there "
    "is none, and SIGHUP does the same; `auto`: NAME-PORT.control in /run/logagent, else in $XDG_RUNTIME_DIR/logagent",
    "path, auto or none",
    default=AUTO,
    restart=True,
)
"""The row of the table."""


def directories(environ: Mapping[str, str]) -> list[Path]:
    """Return where the sockets usually lie: of services, and of the user's own agents."""
    own = environ.get("XDG_RUNTIME_DIR", "")
    return [SYSTEM, *([Path(own) / "logagent"] if own.startswith("/") else [])]


def usual_names(name: str, listen: Sequence[str]) -> list[str]:
    """Return the names that the socket of an agent may have, the first that fits being the right one.

    Args:
        name: of the host.
        listen: URLs or addresses; the first port tells agents of one name from each other.
    """
    ports = [port for each in listen if not each.startswith(UNIX) and (port := _port(each))]
    return [*(f"{name}-{port}{ENDING}" for port in ports[:1]), f"{name}{ENDING}"]


def places(control: str, name: str, listen: Sequence[str], environ: Mapping[str, str]) -> list[Path]:
    """Return the paths that an agent tries in turn for its socket; none if it is to have none.

    Args:
        control: the setting, absolute if it is a path.
        name: of the host.
        listen: URLs.
        environ: of the agent.
    """
    if control == NONE:
        return []
    if control != AUTO:
        return [Path(control)]
    return [directory / usual_names(name, listen)[0] for directory in directories(environ)]


def _port(address: str) -> int:
    try:
        return urlsplit(address if "://" in address else f"//{address}").port or 0
    except ValueError:
        return 0
