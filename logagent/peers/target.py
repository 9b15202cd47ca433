"""A target: where an agent may be found, and what is known of it before it has said anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

SETTINGS = "settings"
"""What found a target that stands in the agent's own settings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One agent, as settings, a file of targets or DNS name it.

    Attributes:
        urls: its base URLs; the first is preferred.
        name: by which it is listed; empty: it says its own, proved by its certificate.
        labels: values by the names of labels, such as `role` and `web`.
        primary: whether it is asked for all hosts that it knows, and not only for its own logs.
        found_by: what named it, for people: `settings`, or a source such as `file targets/web.yml`.
        stale_since: when it vanished from its source, in seconds since the epoch; None: it stands there.
    """

    urls: tuple[str, ...]
    name: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    primary: bool = False
    found_by: str = SETTINGS
    stale_since: float | None = None

    @property
    def key(self) -> str:
        """How answers call it: by its name, or by its address until that is known."""
        return self.name or urlsplit(self.urls[0]).netloc or self.urls[0]


def from_urls(urls: Mapping[str, str], *, primary: bool = False) -> list[Target]:
    """Return targets for base URLs by name, as settings have them; of primaries if that is said."""
    return [Target(urls=(url,), name=name, primary=primary) for name, url in urls.items()]


def address_of(url: str) -> tuple[str, int]:
    """Return the host and the port of an agent's URL."""
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
