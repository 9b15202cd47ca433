"""Single values as people type them: spans, sizes, counts, names, addresses.

Each reader raises ValueError, whose message says what would be right.
"""

from __future__ import annotations

import ipaddress
import os
import re
from typing import NamedTuple
from urllib.parse import urlsplit

from logagent.ssh_address import is_ssh, named, read_ssh

MAX_PORT = 65535
"""The highest port of TCP."""
MAX_NAME = 253
"""Characters of a host's name at most, as in DNS (RFC 1035); files and certificates are named after it, too."""
LONGEST_SHOWN = 40
"""Characters that a message repeats of a value that cannot be used: enough to find it among those that were given."""
UNIX = "unix:"
"""The beginning of the URL of a Unix socket."""
MAX_SOCKET_PATH = 107
"""Bytes of a Unix socket's path: the kernel has 108, one of them for the end (unix(7))."""

_SPANS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_SIZES = {"": 1, "B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}


class Address(NamedTuple):
    """An address to listen on.

    Attributes:
        tls: None if no scheme was given.
    """

    host: str
    port: int
    tls: bool | None = None

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach it; a name other than localhost may lead anywhere."""
        return is_loopback(self.host)

    @property
    def url(self) -> str:
        """The URL of this address, with a scheme and a port."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}"


class UnixAddress(NamedTuple):
    """A Unix socket to listen on.

    Attributes:
        path: relative ones start where the setting was given.
    """

    path: str

    @property
    def url(self) -> str:
        """The URL of this address."""
        return f"{UNIX}{self.path}"


def is_unix(url: str) -> bool:
    """Return whether a URL is that of a Unix socket."""
    return url.startswith(UNIX)


def _unix_path(text: str) -> str:
    """Return the path in the URL of a Unix socket, which may be spelled `unix:///path`."""
    path = text.removeprefix(UNIX)
    path = path.removeprefix("//") if path.startswith("///") else path
    if not path or path.startswith(("//", "@")) or path.endswith("/") or not path.isprintable():
        raise ValueError("must be unix: and the path of a socket, such as unix:/run/logagent/agent.sock")
    return path


def fits_a_socket(path: str) -> str:
    """Return the path of a Unix socket, unless it is too long for one."""
    length = len(os.fsencode(path))
    if length > MAX_SOCKET_PATH:
        raise ValueError(f"{path} has {length} bytes; the path of a Unix socket has at most {MAX_SOCKET_PATH}")
    return path


def is_loopback(host: str) -> bool:
    """Return whether the host of a URL is a loopback address, or the name `localhost`."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def shown(text: str) -> str:
    """Return a value as a message repeats it: cut if it is long, and in quotes where it would not be seen as a word."""
    cut = text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}..."
    return cut if cut and cut.isprintable() and " " not in cut else repr(cut)


def seconds(text: str) -> float:
    """Read a span above 0, such as `5`, `2.5`, `500ms`, `30s`, `2m` or `1h`, in seconds."""
    spelled = re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]{1,9})?) ?(ms|s|m|h)?", text, re.ASCII)
    span = float(spelled[1]) * _SPANS[spelled[2] or "s"] if spelled else 0.0
    if span <= 0:
        raise ValueError(f"must be a number of seconds above 0, or a span such as 500ms, 30s, 2m, not {shown(text)}")
    return span


def size(text: str) -> int:
    """Read a number of bytes above 0, such as `1048576`, `1024 KiB` or `1MiB`."""
    spelled = re.fullmatch(r"([0-9]{1,15}) ?(B|KiB|MiB|GiB)?", text, re.ASCII)
    octets = int(spelled[1]) * _SIZES[spelled[2] or ""] if spelled else 0
    if octets <= 0:
        raise ValueError(f"must be a number of bytes above 0, or a size such as 64KiB, 1MiB, not {shown(text)}")
    return octets


def count(text: str) -> int:
    """Read a whole number from 1 up."""
    if not re.fullmatch(r"[0-9]{1,9}", text, re.ASCII) or int(text) == 0:
        raise ValueError(f"must be a whole number from 1, not {shown(text)}")
    return int(text)


def file_mode(text: str) -> int:
    """Read the mode of a file in octal digits, such as `0660`."""
    # With its zero: a number in a TOML file, where 0o660 is 432, is thus never taken for another mode.
    if not re.fullmatch(r"0[0-7]{3}", text, re.ASCII):
        right = "must be a mode of four octal digits, the first a zero, such as 0660 (as a text in a file)"
        raise ValueError(f"{right}, not {shown(text)}")
    return int(text, 8)


def switch(text: str) -> bool:
    """Read a switch: `true` or `false`, also `yes`, `no`, `1` or `0`."""
    switches = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    if text.lower() not in switches:
        raise ValueError(f"must be true or false, not {shown(text)}")
    return switches[text.lower()]


def host_name(text: str) -> str:
    """Read a host's name, which needs no quoting in a path, a glob, a header or a certificate."""
    if not re.fullmatch(rf"[A-Za-z0-9][A-Za-z0-9._-]{{0,{MAX_NAME - 1}}}", text, re.ASCII):
        raise ValueError("must be a host name: letters, digits, dots, hyphens, underscores, a letter or digit first")
    return text


def known_name(text: str) -> str:
    """Read a name by which clients address an agent: a host's name, or `*.` and a domain's."""
    try:
        host_name(text.removeprefix("*."))
    except ValueError:
        raise ValueError(
            "must be a name without a port, such as web-1.internal, or *.internal for all names with one more label"
        ) from None
    return text.lower().removesuffix(".")


def address(text: str) -> Address | UnixAddress:
    """Read an address to listen on: `127.0.0.1:8000`, `[::1]:8000`, `https://0.0.0.0:8443`, `unix:/run/log.sock`."""
    if is_unix(text):
        return UnixAddress(_unix_path(text))
    spelled = re.fullmatch(r"(?:(https?)://)?(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+)):([0-9]{1,5})/?", text, re.ASCII)
    if spelled is None or int(spelled[4]) > MAX_PORT or (spelled[2] and not _is_ipv6(spelled[2])):
        raise ValueError("must be an address with a port, such as 127.0.0.1:8000, [::1]:8000 or https://0.0.0.0:8443")
    return Address(spelled[2] or spelled[3], int(spelled[4]), None if spelled[1] is None else spelled[1] == "https")


def _is_ipv6(text: str) -> bool:
    try:
        return ipaddress.ip_address(text).version == 6
    except ValueError:
        return False


def agent_url(text: str) -> str:
    """Read the URL of an agent: `http://` or `https://` with a host and maybe a port, `unix:` with a path, or `ssh://`.

    Returns:
        The URL without a trailing slash.
    """
    if is_ssh(text):
        read_ssh(text)
        return text.rstrip("/")
    if is_unix(text):
        return f"{UNIX}{fits_a_socket(_absolute(_unix_path(text)))}"
    try:
        parts = urlsplit(text)
        right = parts.scheme in ("http", "https") and parts.hostname and (parts.port is None or parts.port > 0)
    except ValueError:
        right = False
    if not right or parts.path not in ("", "/") or parts.query or parts.fragment or "@" in parts.netloc:
        right_ones = "such as https://10.0.0.2:8443, unix:/run/logagent/agent.sock or ssh://web-1"
        # What stands before an @ may be a password, which no message repeats.
        raise ValueError(f"must be an agent's URL, {right_ones}" + ("" if "@" in text else f", not {text}"))
    return text.rstrip("/")


def _absolute(path: str) -> str:
    if not path.startswith("/"):
        raise ValueError(f"must be an absolute path, such as unix:/run/logagent/agent.sock, not {path}")
    return path


def host_of(url: str) -> str:
    """Return the host in an agent's URL, without the brackets of an IPv6 address."""
    return read_ssh(url).host if is_ssh(url) else urlsplit(url).hostname or ""


def root_name(text: str) -> tuple[str, str]:
    """Read a root directory and its name, such as `/srv/app/log=app`."""
    directory, equals, name = text.rpartition("=")
    if not equals or not directory or not re.fullmatch(r"[^/:*?\[\]\s]+", name):
        raise ValueError("must be a root and a name without / : * ? [ ] and spaces, such as /srv/app/log=app")
    return directory, name


def globs(text: str) -> tuple[str, ...]:
    """Read globs with commas between them, such as `lastlog,*.journal`; none of an empty text."""
    read = tuple(glob.strip() for glob in text.split(",") if glob.strip())
    for glob in read:
        if not {"", ".", ".."}.isdisjoint(glob.split("/")):
            raise ValueError(f"must be globs below a root, such as lastlog or **/sa/sa[0-9]*, not {glob}")
    return read


def peer(text: str) -> tuple[str, str]:
    """Read a peer's name and URL, such as `db-2=https://10.0.0.2:8443`; without a name it is the URL's host.

    An agent that ssh starts is told to go by that name, so that it may be any.
    """
    name, equals, url = text.partition("=")
    if "://" in name or is_unix(name):
        name, equals, url = "", "", text
    if not equals and ("://" not in text or not _is_name(host_of(agent_url(text)))):
        raise ValueError("must be a name and a URL, such as db-2=https://10.0.0.2:8443 or web-1=ssh://10.0.0.5")
    url = agent_url(url)
    name = host_name(name if equals else host_of(url))
    return name, named(url, name) if is_ssh(url) else url


def _is_name(text: str) -> bool:
    try:
        return bool(host_name(text))
    except ValueError:
        return False
