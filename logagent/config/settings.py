"""The settings of an agent, checked; `loading.load` makes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from pathlib import Path
from typing import Literal

from logagent.config.access_rules import AccessRule
from logagent.config.discovery import DnsAsked
from logagent.config.time_formats import TimeFormat

ClientCertificate = Literal["required", "optional"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of one agent; the table of settings has their meanings and units.

    Attributes:
        label: values by the names of labels.
        listen: URLs, each with a scheme and a port, or `unix:` and an absolute path.
        listen_group: a number; None: the agent's own.
        control: an absolute path, `auto` or `none`.
        root: directories that exist.
        peer: URLs by the peer's name.
        primary: likewise, of agents that are asked for all hosts that they know.
        peer_label: labels by the peer's name.
        targets: paths, of which the last part may be a glob.
        dns_server: an address and a port; empty: those of `/etc/resolv.conf`.
        tls_certificate: a file that exists, like the two below; it always comes with its key.
        timezone: zone of times in log lines that name no zone.
        known_as: names in small letters.
        local_users: numbers.
        local_groups: numbers; None: the agent's supplementary groups.
        oidc_issuer: it comes with `oidc_audience` and `oidc_keys`; empty: there is no identity provider.
        rule: the first that fits counts; none: everything is allowed.
        acting: kinds of identities by the name in a certificate, or a glob of it.
        root_name: the names of roots, each once, by their absolute paths.
        skip_files: globs.
        never_serve: globs besides those that are never served anyway.
        root_timezone: the same for the files of some roots, by the absolute paths of the roots.
        time_format: the first whose glob matches a file counts.
        log_to: targets, each once.
        log_directory: None: there are no files.
        log_level: by the names of loggers.
        traces: a URL, or `none`; empty: what the environment says.
        log_words_key: the key itself, as it stood in the file; None: the agent makes one.
    """

    name: str
    label: Mapping[str, str] = field(default_factory=dict)
    listen: tuple[str, ...] = ("http://127.0.0.1:8000",)
    listen_mode: int = 0o666
    listen_group: int | None = None
    control: str = "auto"
    root: tuple[Path, ...] = (Path("/var/log"),)
    root_name: Mapping[Path, str] = field(default_factory=dict)
    skip_files: tuple[str, ...] = ()
    never_serve: tuple[str, ...] = ()
    peer: Mapping[str, str] = field(default_factory=dict)
    primary: Mapping[str, str] = field(default_factory=dict)
    peer_label: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    peer_pause: float = 60.0
    targets: tuple[str, ...] = ()
    dns: tuple[DnsAsked, ...] = ()
    dns_server: str = ""
    target_grace: float = 300.0
    certs: Path | None = None
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    tls_ca: Path | None = None
    tls_crl: Path | None = None
    revoked: Path | None = None
    client_certificate: ClientCertificate = "optional"
    allow_cleartext: bool = False
    known_as: tuple[str, ...] = ()
    local_users: tuple[int, ...] = ()
    local_groups: tuple[int, ...] | None = None
    trust_loopback: bool = False
    tokens: Path | None = None
    oidc_issuer: str = ""
    oidc_audience: tuple[str, ...] = ()
    oidc_keys: str = ""
    oidc_ca: Path | None = None
    oidc_groups: str = ""
    oidc_algorithms: tuple[str, ...] = ("RS256", "PS256", "ES256", "EdDSA")
    rule: tuple[AccessRule, ...] = ()
    acting: Mapping[str, frozenset[str]] = field(default_factory=dict)
    patience: float = 5.0
    disk_threads: int = 2
    page_cache: str = "auto"
    max_line: int = 1024 * 1024
    max_files: int = 500
    max_walk: int = 250_000
    max_answers: int = 256
    max_follows: int = 1000
    max_time: float = 3600.0
    max_bytes: int = 16 * 1024**3
    graceful: float = 8.0
    timezone: tzinfo = UTC
    root_timezone: Mapping[Path, tzinfo] = field(default_factory=dict)
    time_format: tuple[TimeFormat, ...] = ()
    log_to: tuple[str, ...] = ("auto",)
    log_directory: Path | None = None
    log_level: Mapping[str, int] = field(default_factory=lambda: {"logagent": 20})
    log_max_bytes: int = 10 * 1024**2
    log_keep: int = 5
    traces: str = ""
    traces_sample: float = 1.0
    traces_headers: Path | None = None
    traces_ca: Path | None = None
    log_words: str = "hashed"
    log_words_key: bytes | None = field(default=None, repr=False)

    @property
    def known_agents(self) -> dict[str, str]:
        """URLs by name of all agents that stand in the settings: peers and primaries."""
        return {**self.peer, **self.primary}
