"""What is in force: all that an agent makes of its settings, for the questions that come from now on."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from logagent import __version__, token_file
from logagent.admitting.access import access_of, acts_as, rules_of
from logagent.admitting.identity_provider import identity_provider
from logagent.agent import Agent
from logagent.config import own_log
from logagent.config.errors import ConfigError
from logagent.config.page_cache import leaves_from
from logagent.config.settings import Settings
from logagent.config.time_formats import TimeFormat
from logagent.core.times.named_formats import FormatRules, format_rules
from logagent.core.times.strptime import BadTimeFormat
from logagent.disk.catalog.catalog import Catalog
from logagent.disk.following.shared_tails import SharedTails
from logagent.disk.search.options import ReadOptions
from logagent.disk.threads import DiskThreads
from logagent.known_sources import KnownSources
from logagent.local import LocalLogs
from logagent.own_tls import Tls, own_tls
from logagent.peers.discovery.discovering import Discovery
from logagent.peers.discovery.resolved_network import ResolvedNetwork
from logagent.peers.discovery.resolver import DnsResolver
from logagent.peers.fetching import fetch_json
from logagent.peers.known_agents import Peers
from logagent.peers.target import from_urls
from logagent.running.finding import OF_DISCOVERY, discovery_of
from logagent.running.judging import RulesJudge
from logagent.running.kept_peers import HeldPeers
from logagent.running.observing import Observing
from logagent.telemetry.traces.configured import check as traces_warnings
from logagent.web.access import Access
from logagent.web.answers import Answers
from logagent.web.app import create_app
from logagent.web.requests import StreamingQuart

if TYPE_CHECKING:
    from logagent.web.admission.oidc import OidcProver

_OF_LOGS = (
    *("name", "root", "root_name", "skip_files", "never_serve", "time_format", "max_walk", "timezone"),
    *("max_line", "page_cache", "max_files", "root_timezone", "log_directory"),
)
"""The settings by which this host's logs are found and read. Where none of them changes, what is known of the logs
stays."""
_OF_PROVIDER = ("oidc_issuer", "oidc_audience", "oidc_keys", "oidc_ca", "oidc_groups", "oidc_algorithms")
"""The settings about an identity provider."""
_OF_PEERS = ("peer", "primary", "peer_label", "peer_pause", "dns_server")
"""The settings by which peers are reached, besides the files of TLS."""


class Lasting(NamedTuple):
    """What lasts as long as the agent runs, whatever its settings become.

    Attributes:
        answers: those under way.
        threads: that read the disk.
        tails: shared by all follows.
        id: random bits that tell this agent from every other.
        observing: hears of each request.
    """

    answers: Answers
    threads: DiskThreads
    tails: SharedTails
    id: str
    observing: Observing


@dataclass(frozen=True, slots=True)
class Prepared:
    """What can be made of settings without touching what is in force; all that may fail has succeeded.

    Attributes:
        warnings: what is wrong, for people, where the agent can work all the same.
    """

    settings: Settings
    tls: Tls
    access: Access
    provider: OidcProver | None = None
    logs: LocalLogs | None = None
    formats: FormatRules = field(default_factory=FormatRules)
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class InForce:
    """All that answers questions now.

    Attributes:
        provider: an identity provider; None: there is none.
        judge: knows the rules.
        app: answers requests.
        discovery: looks for agents, and tells the peers; it does not run yet.
    """

    settings: Settings
    tls: Tls
    access: Access
    provider: OidcProver | None
    logs: LocalLogs
    peers: HeldPeers
    judge: RulesJudge
    app: StreamingQuart
    discovery: Discovery


def prepared(settings: Settings, before: InForce | None = None) -> Prepared:
    """Read what settings name, and make of it what needs no tasks; blocks.

    Args:
        before: what is in force; what would not change is taken from there.

    Raises:
        ConfigError: for settings that cannot be used.
        OSError: for what does not work on this machine.
    """
    tls, warnings = own_tls(settings)
    if before is not None:
        _check_tokens(settings)
        tls = before.tls if before.tls.same_files(tls) else tls
    formats, provider = named_formats(settings.time_format), _provider(settings, before)
    warnings = (*warnings, *traces_warnings(settings))
    access = access_of(settings, rules_of(settings), provider, tls.revocations)
    warnings = (*warnings, *own_log.warnings(settings.log_to, settings.log_directory, settings.root))
    return Prepared(settings, tls, access, provider, _kept_logs(settings, before), formats, warnings)


def in_force(prepared: Prepared, lasting: Lasting, addresses: Iterable[str], before: InForce | None = None) -> InForce:
    """Put together what answers questions.

    Args:
        prepared: made of the settings.
        lasting: what it shares with what was in force before.
        addresses: URLs at which the agent is reached.
        before: what is in force; None: this is the first.
    """
    settings, tls = prepared.settings, prepared.tls
    logs = prepared.logs or _logs(settings, lasting, prepared.formats)
    peers = _kept_peers(settings, tls, before) or HeldPeers(_peers(settings, tls))
    judge = RulesJudge(rules_of(settings), logs, lambda: peers.peers.names)
    discovery = _discovery(settings, peers, before)
    agent = Agent(
        logs=logs,
        peers=peers.peers,
        patience=settings.patience,
        addresses=tuple(addresses),
        certificates=tls.ends,
        id=lasting.id,
        rules=judge.rules,
        acts_as=acts_as(settings),
        labels=settings.label,
        sources=KnownSources(discovery.told if discovery.sources else None, judge.rules, settings.name),
    )
    observing = lasting.observing
    app = create_app(
        agent,
        lasting.answers,
        version=__version__,
        access=prepared.access,
        judge=judge,
        exposition=observing.metrics.exposed,
    )
    app.telemetry = observing.telemetry
    peers.hold()
    return InForce(settings, tls, prepared.access, prepared.provider, logs, peers, judge, app, discovery)


def bounds(settings: Settings) -> dict[str, Any]:
    """Return the bounds of answers, as `Answers.bound` takes them."""
    return {
        "most": settings.max_answers,
        "most_follows": settings.max_follows,
        "max_time": settings.max_time,
        "max_bytes": settings.max_bytes,
    }


def named_formats(given: Iterable[TimeFormat]) -> FormatRules:
    """Return the rules that were given for formats of time.

    Raises:
        ConfigError: for a format that cannot be used.
    """
    try:
        return format_rules((each.files, each.format, each.how) for each in given)
    except BadTimeFormat as error:
        raise ConfigError("time_format", str(error)) from None


def catalog_of(settings: Settings, roots: Sequence[Path], formats: FormatRules) -> Catalog:
    """Return the logs below some of the roots, as the settings have them found."""
    return Catalog(
        roots,
        names=settings.root_name,
        skip=settings.skip_files,
        aside=settings.log_directory,
        never_serve=settings.never_serve,
        formats=formats,
        max_walk=settings.max_walk,
    )


def _check_tokens(settings: Settings) -> None:
    """Refuse a file of tokens of which none would be taken: what is in force may know better ones."""
    try:
        if settings.tokens is not None and settings.tokens.exists():
            token_file.read(settings.tokens, (0, os.geteuid()))
    except token_file.TokensFault as fault:
        raise ConfigError("tokens", str(fault)) from None


def _provider(settings: Settings, before: InForce | None) -> OidcProver | None:
    """Return the identity provider, with the keys that are known of it; raise `ConfigError` as `identity_provider`."""
    known = None if before is None else before.provider
    if before is not None and _alike(before.settings, settings, _OF_PROVIDER):
        return known
    fetch = partial(fetch_json, settings.oidc_keys, ca=settings.oidc_ca)
    provider = identity_provider(settings, fetch)
    if provider and known and before and before.settings.oidc_keys == settings.oidc_keys:
        provider.keys.take_over(known.keys)
    return provider


def _kept_peers(settings: Settings, tls: Tls, before: InForce | None) -> HeldPeers | None:
    same = before is not None and before.tls is tls and _alike(before.settings, settings, _OF_PEERS)
    return before.peers if before is not None and same else None


def _discovery(settings: Settings, peers: HeldPeers, before: InForce | None) -> Discovery:
    """Return what looks for agents; another one than before, and other peers, begin with those that were found."""
    if before is None:
        return discovery_of(settings)
    peers.peers.set_found(before.discovery.known)
    if before.peers is not peers:
        peers.peers.learn_from(before.peers.peers)
    if _alike(before.settings, settings, OF_DISCOVERY):
        return before.discovery
    discovery = discovery_of(settings)
    discovery.begin_with(before.discovery.known)
    return discovery


def _kept_logs(settings: Settings, before: InForce | None) -> LocalLogs | None:
    return before.logs if before is not None and _alike(before.settings, settings, _OF_LOGS) else None


def _alike(one: Settings, other: Settings, names: Iterable[str]) -> bool:
    return all(getattr(one, name) == getattr(other, name) for name in names)


def _peers(settings: Settings, tls: Tls) -> Peers:
    network = ResolvedNetwork(DnsResolver(settings.dns_server)) if settings.dns_server else None
    named = [*from_urls(settings.peer), *from_urls(settings.primary, primary=True)]
    targets = [replace(target, labels=settings.peer_label.get(target.name, {})) for target in named]
    return Peers(targets, tls=tls.client, network=network, pause=settings.peer_pause)


def _logs(settings: Settings, lasting: Lasting, formats: FormatRules) -> LocalLogs:
    return LocalLogs(
        catalog=catalog_of(settings, settings.root, formats),
        threads=lasting.threads,
        options=ReadOptions(
            host=settings.name,
            zone=settings.timezone,
            max_line=settings.max_line,
            leaves_from=leaves_from(settings.page_cache),
        ),
        max_files=settings.max_files,
        tails=lasting.tails,
        root_zones=settings.root_timezone,
        formats=formats,
    )
