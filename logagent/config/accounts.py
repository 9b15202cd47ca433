"""The users and groups of this machine, as settings name them."""

from __future__ import annotations

import grp
import os
import pwd
import re
from contextlib import suppress
from pathlib import Path

_OVERFLOW = 65534
"""The number for what cannot be numbered, unless the kernel was told another one."""
_KERNEL = Path("/proc/sys/kernel")

AGENT = "logagent"
"""The user whom agents usually run as, and the group of the same name."""
EVERYBODYS_GROUPS = ("users", "nogroup", "nobody")
"""Groups that say nothing of their members: they hold every person, or every user without a group."""
DEVICE_GROUPS = (
    *("audio", "video", "render", "input", "kvm", "sgx", "cdrom", "floppy", "tape", "dialout", "uucp", "tty", "lp"),
    *("lpadmin", "scanner", "plugdev", "netdev", "bluetooth", "games", "dip", "fax", "voice", "optical", "storage"),
)
"""Groups that desktops and installers give people for a device, which are no leave to read logs."""


def nameless_user() -> int:
    """Return the number that the kernel shows for users of other user namespaces, that of `nobody`."""
    return _overflow("overflowuid")


def nameless_group() -> int:
    """Return the number that the kernel shows for groups of other user namespaces."""
    return _overflow("overflowgid")


def _overflow(name: str) -> int:
    with suppress(OSError, ValueError):
        return int((_KERNEL / name).read_text())
    return _OVERFLOW


def users(text: str) -> tuple[int, ...]:
    """Read users with commas between them, by name or number, and return their numbers; none of an empty text."""
    return tuple(_user(each) for each in _pieces(text))


def groups(text: str) -> tuple[int, ...]:
    """Read groups with commas between them, by name or number, and return their numbers; none of an empty text."""
    return tuple(_group(each) for each in _pieces(text))


def user_name(user: int) -> str:
    """Return the name of a user; the number where this machine knows none."""
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return str(user)


def group_of_agents() -> int | None:
    """Return the number of the group that agents usually run in; None if this machine has none."""
    try:
        return grp.getgrnam(AGENT).gr_gid
    except KeyError:
        return None


def groups_of(user: str) -> frozenset[str]:
    """Return the names of the groups that a user is in.

    Raises:
        KeyError: if there is no such user.
    """
    numbers = os.getgrouplist(user, pwd.getpwnam(user).pw_gid)
    return frozenset(filter(None, map(_name_of, numbers)))


def group(text: str) -> int:
    """Read one group, by name or number, and return its number."""
    return int(text) if re.fullmatch("[0-9]{1,10}", text, re.ASCII) else _number_of_group(text)


def _pieces(text: str) -> list[str]:
    return [piece.strip() for piece in text.split(",") if piece.strip()]


def _user(text: str) -> int:
    user = int(text) if re.fullmatch("[0-9]{1,10}", text, re.ASCII) else _number_of_user(text)
    if user == nameless_user():
        raise ValueError(
            f"{text} is no user of his own: the kernel shows all users of other namespaces by that number, {user}; run "
            "the program that is to ask as a user of its own"
        )
    return user


def _number_of_user(name: str) -> int:
    try:
        return pwd.getpwnam(name).pw_uid
    except KeyError:
        raise ValueError(f"{name} is no user of this machine; give names or numbers, such as www-data") from None


def _group(text: str) -> int:
    number = group(text)
    if number == nameless_group() or is_everybodys(number):
        raise ValueError(f"{text} says nothing of its members, and is never served; name a group such as adm")
    return number


def _number_of_group(name: str) -> int:
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        raise ValueError(f"{name} is no group of this machine; give names or numbers, such as adm") from None


def is_everybodys(group: int) -> bool:
    """Return whether a group says nothing of its members."""
    return _name_of(group) in EVERYBODYS_GROUPS


def is_of_devices(group: int) -> bool:
    """Return whether a group is given to people for a device."""
    return _name_of(group) in DEVICE_GROUPS


def _name_of(group: int) -> str:
    try:
        return grp.getgrgid(group).gr_name
    except KeyError:
        return ""
