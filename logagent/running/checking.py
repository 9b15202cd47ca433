"""What an agent would serve with its settings, where, to whom, and why not; nothing is started, and nothing written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from logagent import token_file
from logagent.config import accounts
from logagent.config.errors import ConfigError, told_by_system
from logagent.config.settings import Settings
from logagent.running.checked_listeners import why_not
from logagent.running.checked_logs import told_of_roots
from logagent.running.in_force import Prepared, prepared


class Checked(NamedTuple):
    """What was found out.

    Attributes:
        report: lines for people.
        warnings: what is wrong where the agent would start all the same.
        faults: why it would not.
    """

    report: list[str]
    warnings: Sequence[str]
    faults: list[str]


def check(settings: Settings | None, wrong: Sequence[ConfigError]) -> Checked:
    """Find out what an agent would do with its settings; reads the disk and blocks.

    Args:
        settings: without those that are wrong; None: nothing of them can be used.
        wrong: what is wrong with settings by themselves.
    """
    faults = [str(fault) for fault in wrong]
    if settings is None:
        return Checked([], (), faults)
    made: Prepared | None = None
    if not faults:
        try:
            made = prepared(settings)
        except ConfigError as fault:
            faults.append(str(fault))
        except OSError as error:
            faults.append(told_by_system(error))
    faults += _of_listeners(settings)
    report = [*_sections(settings, made)]
    return Checked(report, made.warnings if made else (), faults)


def _of_listeners(settings: Settings) -> Iterator[str]:
    for url in settings.listen:
        if why := why_not(url):
            yield f"listen: {url}: {why}"


def _sections(settings: Settings, made: Prepared | None) -> Iterator[str]:
    yield from _section("name", [settings.name])
    yield from _section("serves", told_of_roots(settings))
    yield from _section("listens", [f"{url}{_in_the_open(url)}" for url in settings.listen])
    yield from _section("answers", _answers(settings, made))
    yield from _section("shows", [*_certificates(made)] if made else [])
    yield from _section("peers", _peers(settings))


def _section(name: str, lines: Sequence[str] | Iterator[str]) -> Iterator[str]:
    for place, line in enumerate(lines):
        yield f"{name if place == 0 else '':<10}{line}"


def _in_the_open(url: str) -> str:
    return " (cleartext)" if url.startswith("http:") else ""


def _answers(settings: Settings, made: Prepared | None) -> Iterator[str]:
    """Yield to whom the agent would answer."""
    denied = sum(not rule.allows for rule in settings.rule)
    if settings.rule:
        count = len(settings.rule)
        rules = f"{count} rule{'' if count == 1 else 's'}"
        yield f"by {rules}, of which {denied} deny; `logagent access check` looks at them"
    else:
        yield "everybody who may ask at all, everything: there are no rules"
    certificate = settings.client_certificate if settings.tls_ca else "not asked for"
    if any(url.startswith("https:") for url in settings.listen):
        yield f"over TLS: a certificate of the authority is {certificate}"
    if settings.trust_loopback:
        yield "every user of this machine, over loopback (trust_loopback)"
    else:
        users = ", ".join(accounts.user_name(user) for user in settings.local_users)
        yield f"users of this machine: root, the agent's own{users and ', '}{users}, and those of its groups"
    if settings.tokens is not None:
        yield _tokens(settings)
    if settings.oidc_issuer:
        yield f"tokens of {settings.oidc_issuer}"


def _tokens(settings: Settings) -> str:
    assert settings.tokens is not None, "checked by the caller"
    try:
        names = token_file.names_and_groups(settings.tokens)
    except token_file.TokensFault as fault:
        return f"no tokens: {fault}"
    return f"tokens of {', '.join(sorted(names)) or 'nobody'} ({settings.tokens})"


def _certificates(made: Prepared) -> Iterator[str]:
    for name, ends in made.tls.ends.items():
        yield f"{name}, which ends on {datetime.fromtimestamp(ends, UTC):%Y-%m-%d}"


def _peers(settings: Settings) -> Iterator[str]:
    for name, url in settings.known_agents.items():
        yield f"{name} {url}{' (itself, passed over)' if name == settings.name else ''}"
    yield from (f"those in {file}" for file in settings.targets)
    yield from (f"those of DNS: {asked}" for asked in settings.dns)
