"""Two small roots of logs with links, and the names by which questions meet them, said by tables."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

ROOTS = ("log", "srv")
LOGS = {
    "log:app.log": 1,
    "log:app.log.1": 2,
    "log:nginx/access.log": 4,
    "log:nginx/secret.log": 8,
    "log:pay/roll.log": 16,
    "srv:db.log": 32,
    "srv:hidden.log": 64,
}
"""Lines of each file. Those of the rotated one are of 2020, the others an hour old."""
OLD = "log:app.log.1"
LINKS = {
    "log:allowed.log": ("log:app.log", "app.log"),
    "log:denied.log": ("log:nginx/secret.log", "nginx/secret.log"),
    "log:older.log": (OLD, "app.log.1"),
    "log:abroad.log": ("srv:hidden.log", "../srv/hidden.log"),
    "log:latest/access.log": ("log:nginx/access.log", ""),
    "log:latest/secret.log": ("log:nginx/secret.log", ""),
}
"""The file that each link leads to, and what is written in it; `log:latest` is a link to `nginx`."""
BEHIND = "log:allowed.log (1)"
"""The rotated file of the log that a link leads to: it is judged by the link's name and by its own."""
NAMES = frozenset({*LOGS, *LINKS})
IN_LOG = frozenset(name for name in NAMES if name.startswith("log:"))
IN_SRV = frozenset(name for name in NAMES if name.startswith("srv:"))
NGINX = frozenset({"log:nginx/access.log", "log:nginx/secret.log"})
APP = frozenset({"log:app.log", OLD})
"""A log with its generation."""
HERE = frozenset(name for name in IN_LOG if "/" not in name)
"""Names directly below `log`."""
QUESTIONS: Mapping[str, frozenset[str]] = {
    "app.log": APP,
    "app.log&rotated=false": frozenset({"log:app.log"}),
    "log:app.log": APP,
    "srv:app.log": frozenset(),
    "app.log.1": frozenset({OLD}),
    "nginx/secret.log": frozenset({"log:nginx/secret.log"}),
    "pay/roll.log": frozenset({"log:pay/roll.log"}),
    "allowed.log": frozenset({"log:allowed.log", BEHIND}),
    "denied.log": frozenset({"log:denied.log"}),
    "older.log": frozenset({"log:older.log"}),
    "abroad.log": frozenset({"log:abroad.log"}),
    "latest/access.log": frozenset({"log:latest/access.log"}),
    "latest/secret.log": frozenset({"log:latest/secret.log"}),
    "latest/*": frozenset({"log:latest/access.log", "log:latest/secret.log"}),
    "srv:hidden.log": frozenset({"srv:hidden.log"}),
    "srv:*": IN_SRV,
    "nginx/*": NGINX,
    "*": HERE | IN_SRV,
    "**/*": NAMES,
    "log:**/*": IN_LOG,
    "*d*.log": frozenset({"log:allowed.log", "log:denied.log", "log:older.log", "log:abroad.log", *IN_SRV}),
    "app.log&filename=srv:db.log": APP | {"srv:db.log"},
    "app.log&filename=nginx/secret.log": APP | {"log:nginx/secret.log"},
}
"""What is asked for, and the names by which it meets files."""


def lines_of(host: str, name: str) -> list[str]:
    """The lines of a log of a host, which say whose they are."""
    age = timedelta(hours=1)
    begin = datetime(2020, 1, 1, tzinfo=UTC) if name == OLD else datetime.now(UTC).replace(microsecond=0) - age
    times = [begin + timedelta(seconds=number) for number in range(LOGS[name])]
    return [f"{time:%Y-%m-%dT%H:%M:%SZ} {host} {name} {number}" for number, time in enumerate(times)]


def plant(directory: Path, host: str) -> None:
    """Make the logs of a host, and the links."""
    for name in LOGS:
        file = place(directory, name)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("".join(f"{line}\n" for line in lines_of(host, name)))
    for name, (_, target) in LINKS.items():
        if target:
            place(directory, name).symlink_to(target)
    place(directory, "log:latest").symlink_to("nginx")


def place(directory: Path, name: str) -> Path:
    """Where a name is on the disk."""
    return directory / name.replace(":", "/")


def judged(met: str) -> tuple[str, str]:
    """The two names by which what is met by a name is judged, of which the second is that of the file itself."""
    if met == BEHIND:
        return "log:allowed.log", OLD
    return met, LINKS[met][0] if met in LINKS else met
