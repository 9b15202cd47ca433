"""Time zones: by IANA name, and the machine's own, found as the C library finds it."""

from __future__ import annotations

import struct
import zoneinfo
from collections.abc import Mapping
from datetime import UTC, tzinfo
from io import BytesIO
from pathlib import Path

LOCALTIME = Path("/etc/localtime")
"""The machine's zone: a compiled zone, or a link to one (localtime(5))."""

_UTC_NAMES = ("UTC", "Etc/UTC", "UTC0")


def named(name: str) -> tzinfo:
    """Return the zone of an IANA name such as `Europe/Berlin`.

    UTC is known without the time zone database, which minimal containers lack.

    Raises:
        ValueError: if no zone has that name.
    """
    if name in _UTC_NAMES:
        return UTC
    try:
        return zoneinfo.ZoneInfo(name)
    except (ValueError, zoneinfo.ZoneInfoNotFoundError, OSError):
        raise ValueError(f"no time zone is named {name!r}; give an IANA name such as Europe/Berlin or UTC") from None


def root_timezone(text: str) -> tuple[str, tzinfo]:
    """Read a root directory and its time zone, such as `/var/log/app=Europe/Berlin`."""
    directory, equals, zone = text.rpartition("=")
    if not equals or not directory:
        raise ValueError("must be a root and a time zone, such as /var/log/app=Europe/Berlin")
    return directory, named(zone)


def of_machine(environ: Mapping[str, str], localtime: Path = LOCALTIME) -> tzinfo:
    """Return the machine's zone: that of `TZ` if it is set, else that of /etc/localtime, else UTC.

    `TZ` is an IANA name, a path, or a POSIX rule such as `CET-1CEST,M3.5.0,M10.5.0/3`, as tzset(3) describes.

    Raises:
        ValueError: if `TZ` or /etc/localtime names no zone.
    """
    spelled = environ.get("TZ", "").removeprefix(":")
    if spelled:
        return _from_file(Path(spelled)) if spelled.startswith("/") else _name_or_rule(spelled)
    return _from_file(localtime) if localtime.exists() else UTC


def is_assumed(environ: Mapping[str, str], localtime: Path) -> bool:
    """Return whether nothing says in which zone this machine is, so that UTC is only assumed."""
    return not environ.get("TZ") and not localtime.exists()


def _name_or_rule(spelled: str) -> tzinfo:
    try:
        return named(spelled)
    except ValueError:
        return _from_rule(spelled)


def _from_file(path: Path) -> tzinfo:
    """Read a compiled zone; it gets its IANA name if the path leads into the zone database."""
    _, found, name = str(path.resolve()).partition("/zoneinfo/")
    try:
        if found:
            return named(name)
        with path.open("rb") as compiled:
            return zoneinfo.ZoneInfo.from_file(compiled, key=str(path))
    except (OSError, ValueError):
        raise ValueError(f"{path} holds no time zone") from None


def _from_rule(rule: str) -> tzinfo:
    """Read a POSIX rule, as the footer of an otherwise empty compiled zone (TZif, RFC 9636)."""
    header = struct.pack(">4sc15x6l", b"TZif", b"2", 0, 0, 0, 0, 1, 1)
    one_type_utc = struct.pack(">lBB", 0, 0, 0) + b"\0"
    block = header + one_type_utc
    try:
        compiled = BytesIO(block + block + b"\n" + rule.encode("ascii") + b"\n")
        return zoneinfo.ZoneInfo.from_file(compiled, key=rule)
    except ValueError:
        raise ValueError(f"TZ holds neither an IANA name nor a POSIX rule: {rule!r}") from None
