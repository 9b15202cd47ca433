"""The address of an agent that ssh starts: `ssh://[USER@]HOST[:PORT][?command=...]`, read and checked.

A user and a host become arguments of ssh, and words in what its own settings run (`ProxyCommand`), so that they hold
nothing that either could take for something else (CVE-2017-1000117, CVE-2023-51385).
"""

from __future__ import annotations

import ipaddress
import re
from typing import NamedTuple
from urllib.parse import quote, unquote

SCHEME = "ssh://"
"""The beginning of such an address."""
AGENT = "logagent stdio"
"""What runs on the host if nothing else is named."""
LONGEST_COMMAND = 2000
"""Characters of a command: far more than a path with its flags takes."""

_MAX_PORT = 65535
_FORM = "must be ssh://[USER@]HOST[:PORT], such as ssh://web-1 or ssh://logs@10.0.0.2:2222"
_HOST = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,252}", re.ASCII)
_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,63}", re.ASCII)
_PARTS = re.compile(
    r"ssh://(?:(?P<user>[^@/?#]*)@)?(?P<host>\[[^\]/?#]*\]|[^:@/?#\[]*)(?::(?P<port>[^/?#]*))?/?(?P<rest>.*)"
)


class SshAddress(NamedTuple):
    """Where ssh leads, and what it runs there.

    Attributes:
        host: a name, such as one in `~/.ssh/config`, or an IP address without brackets.
        user: empty: ssh knows.
        port: None: ssh knows.
        command: what the shell there runs; empty: `logagent stdio`.
        name: by which the agent is to be called; empty: as the host, if that is a name.
    """

    host: str
    user: str = ""
    port: int | None = None
    command: str = ""
    name: str = ""

    @property
    def remote_command(self) -> str:
        """What the shell of the host runs; it holds nothing that needs quotes, unless somebody has named it."""
        name = self.name or (self.host if _HOST.fullmatch(self.host) else "")
        return self.command or (f"{AGENT} --name {name}" if name else AGENT)

    @property
    def shown(self) -> str:
        """The address for people, without what runs there."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{SCHEME}{self.user}{'@' if self.user else ''}{host}{'' if self.port is None else f':{self.port}'}"


def is_ssh(url: str) -> bool:
    """Return whether a URL is that of an agent that ssh starts."""
    return url.startswith(SCHEME)


def read_ssh(url: str) -> SshAddress:
    """Read an address.

    Raises:
        ValueError: with what would be right.
    """
    parts = _PARTS.fullmatch(url)
    if parts is None:
        raise ValueError(_FORM)
    given = _given(parts["rest"])
    return SshAddress(_host(parts["host"]), _user(parts["user"]), _port(parts["port"]), **given)


def named(url: str, name: str) -> str:
    """Return an address whose agent is to be called by a name, unless its own command says how it is called."""
    address = read_ssh(url)
    if address.command or address.name or address.host == name:
        return url
    return f"{url.rstrip('/?')}?name={quote(name, safe='')}"


def _host(text: str) -> str:
    if text.startswith("["):
        try:
            if "%" in text:  # a zone, which Python takes whatever it holds
                raise ValueError
            return str(ipaddress.IPv6Address(text[1:-1]))
        except ValueError:
            raise ValueError(f"{_FORM}; in brackets stands an IPv6 address, such as ssh://[2001:db8::2]") from None
    if not _HOST.fullmatch(text):
        raise ValueError(f"{_FORM}; HOST: letters, digits, dots, hyphens, underscores, a letter or digit first")
    return text


def _user(text: str | None) -> str:
    if text is None or _USER.fullmatch(text):
        return text or ""
    if ":" in text:
        raise ValueError(f"{_FORM}; without a password, since ssh may ask for none here: use a key")
    told = "USER: letters, digits, dots, hyphens, underscores, no dot or hyphen first"
    raise ValueError(f"{_FORM}; {told}; any other stands in ~/.ssh/config, as User")


def _port(text: str | None) -> int | None:
    if text is None:
        return None
    if not re.fullmatch(r"[0-9]{1,5}", text, re.ASCII) or not 0 < int(text) <= _MAX_PORT:
        raise ValueError(f"{_FORM}; PORT: from 1 to {_MAX_PORT}")
    return int(text)


def _given(rest: str) -> dict[str, str]:
    """Return what stands behind a question mark, by its name."""
    given: dict[str, str] = {}
    if rest in ("", "?"):
        return given
    if not rest.startswith("?") or "#" in rest:
        raise ValueError(f"{_FORM}, and behind that only ?command=..., with %20 for a space and %23 for #")
    for member in rest[1:].split("&"):
        name, equals, value = member.partition("=")
        if name not in _READERS or not equals or name in given:
            raise ValueError(f"{_FORM}, and behind that once ?command=..., or ?name=...; & is spelled %26")
        given[name] = _READERS[name](_decoded(value))
    return given


def _decoded(value: str) -> str:
    try:
        return unquote(value, errors="strict")
    except UnicodeDecodeError:
        raise ValueError("what stands behind % in an address must be UTF-8, such as %C3%A4") from None


def _command(text: str) -> str:
    if not text.strip() or not text.isprintable() or text.startswith("-") or len(text) > LONGEST_COMMAND:
        raise ValueError(
            "command must be one line that a shell runs, such as ?command=/opt/logagent/bin/logagent%20stdio, of at "
            f"most {LONGEST_COMMAND} characters"
        )
    return text


def _name(text: str) -> str:
    if not _HOST.fullmatch(text):
        raise ValueError("name must be a host name: letters, digits, dots, hyphens, underscores")
    return text


_READERS = {"command": _command, "name": _name}
