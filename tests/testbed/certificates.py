"""Certificates of two authorities, for hosts at every moment of their lives."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from logagent.authority import certs

DAY = timedelta(days=1)
YEAR = 365 * DAY
LIVES = {"good": (0, 360), "soon": (-90, 100), "ended": (-30, 10), "future": (1, 10)}
"""When each host's certificate begins, in days from now, and for how many days it is valid."""


@dataclass(frozen=True)
class Pki:
    """The certificates of one authority, by host: `good`, `soon` (ends in ten days), `ended`, `future`."""

    directory: Path

    @property
    def ca(self) -> Path:
        return self.directory / "ca.pem"

    def pair(self, host: str) -> tuple[Path, Path]:
        return self.directory / f"{host}.pem", self.directory / f"{host}-key.pem"


def make_pki(directory: Path, *, name: str = "web1") -> Pki:
    """Make an authority, and certificates by which the host `name` may be addressed."""
    now = datetime.now(UTC)
    certs.init(directory, now=now - YEAR)
    lives = {
        "good": (now, 30 * 12),
        "soon": (now - 90 * DAY, 100),
        "ended": (now - 30 * DAY, 10),
        "future": (now + DAY, 10),
    }
    for host, (begins, days) in lives.items():
        certs.host(host, directory, addresses=[name, "127.0.0.1"], now=begins, days=days)
    return Pki(directory)
