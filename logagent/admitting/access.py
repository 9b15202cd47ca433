"""Who may ask an agent, made from its settings and from what its machine says of it."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from pathlib import Path

from logagent.admitting.certificate_names import names_in
from logagent.admitting.watched_tokens import WatchedTokens
from logagent.config import accounts
from logagent.config.access_rules import AccessRule
from logagent.config.errors import ConfigError
from logagent.config.settings import Settings
from logagent.config.tls_files import CRL
from logagent.core.access.acting import Acting
from logagent.core.access.caller import Proof
from logagent.core.access.file_globs import FileGlob
from logagent.core.access.local_rights import LocalRights
from logagent.core.access.revoked import RevocationList
from logagent.core.access.rules import Rule, Rules, What
from logagent.core.units import SECOND
from logagent.watched_file import BadFile, WatchedFile
from logagent.web.access import Access
from logagent.web.admission.acting import ActingProver
from logagent.web.admission.authorization import NoOtherProof
from logagent.web.admission.certificates import CertificateProver
from logagent.web.admission.local_users import LocalUsers
from logagent.web.admission.proving import Prover, Provers, Untaken
from logagent.web.admission.revocations import Revocations, watched_fingerprints, watched_lists
from logagent.web.admission.tokens import TokenProver

_log = logging.getLogger(__name__)


def access_of(
    settings: Settings,
    rules: Rules | None = None,
    provider: Prover | None = None,
    revocations: Revocations | None = None,
) -> Access:
    """Make what decides which requests an agent answers.

    Args:
        settings: of the agent.
        rules: those of the settings, if they are made already.
        provider: knows the tokens of an identity provider; None: there is none.
        revocations: which certificates count no more, if that is known already.

    Raises:
        ConfigError: for a list of revoked certificates that cannot be used.
    """
    rules = rules_of(settings) if rules is None else rules
    local_users = LocalUsers(local_rights(settings), host=settings.name, trusting=settings.trust_loopback)
    certificates = CertificateProver(revocations_of(settings) if revocations is None else revocations)
    return Access(
        [settings.name, *settings.known_as, *_certified(settings.tls_certificate)],
        certificate_required=settings.client_certificate == "required",
        local_users=local_users,
        host=settings.name,
        rules=rules,
        provers=Provers(_provers(settings, rules, provider, certificates, local_users)),
        certificates=certificates,
    )


def _provers(
    settings: Settings,
    rules: Rules,
    provider: Prover | None,
    certificates: CertificateProver,
    local_users: LocalUsers,
) -> list[Prover]:
    """Return what finds out who asks, in the order in which proofs count: the first that is shown decides.

    The directory of users is not asked where nobody wants to know: without rules, without peers that may have some, and
    without a log of the agent's own, which tells who asked.
    """
    provers: list[Prover] = []
    if settings.tokens:
        provers.append(TokenProver(WatchedTokens(settings.tokens)))
    if provider is not None:
        provers.append(provider)
    if provers:
        provers.append(NoOtherProof())
    acting = Acting(settings.acting, settings.name)
    if rules or acting:
        provers.insert(0, ActingProver(acting))
    configured = {Proof.TOKEN: settings.tokens, Proof.OIDC: provider}
    provers.append(Untaken([proof for proof, taken in configured.items() if not taken]))
    provers.append(certificates)
    if rules or settings.peer or settings.log_directory or settings.log_to not in (("auto",), ("none",)):
        provers.append(local_users)
    return provers


def revocations_of(settings: Settings) -> Revocations:
    """Return what knows which certificates were revoked.

    Raises:
        ConfigError: for a list of them that cannot be used.
    """
    try:
        listed = None if settings.revoked is None else watched_fingerprints(settings.revoked)
        return Revocations(_lists(settings), listed)
    except BadFile as bad:
        raise ConfigError(bad.setting, str(bad)) from None


def _lists(settings: Settings) -> WatchedFile[tuple[RevocationList, ...]] | None:
    path, ca = settings.tls_crl, settings.tls_ca
    if path is None and settings.certs is not None:
        path = settings.certs / CRL
    if path is None or ca is None or path == settings.tls_certificate:
        return None
    return watched_lists(path, ca.read_bytes(), needed=settings.tls_crl is not None)


def acts_as(settings: Settings) -> str:
    """Return the name in the agent's certificate by which it asks for others: its own, if that stands there."""
    names = _certified(settings.tls_certificate)
    return settings.name if settings.name.lower() in map(str.lower, names) else next(iter(names), settings.name)


def _certified(certificate: Path | None) -> list[str]:
    """Return the names in a certificate; none if it cannot be read here, whatever TLS makes of it."""
    try:
        return names_in(certificate) if certificate else []
    except OSError as error:
        _log.warning("%s: the agent is not known by the names in it", error)
        return []


def local_rights(settings: Settings) -> LocalRights:
    """Return which users of this machine are served without a certificate."""
    groups, nameless = settings.local_groups, accounts.nameless_user()
    if os.geteuid() == nameless:
        _log.warning("user %d stands for all users of other namespaces: run this agent as another one", nameless)
    return LocalRights(
        own=os.geteuid(),
        users=frozenset(settings.local_users),
        groups=frozenset(supplementary_groups() if groups is None else groups),
        nameless=nameless,
    )


def supplementary_groups() -> frozenset[int]:
    """Return the groups by which this process may read logs: without its own, which often holds everybody."""
    others = set(os.getgroups()) - {os.getegid(), accounts.nameless_group()}
    return frozenset(group for group in others if not (accounts.is_everybodys(group) or accounts.is_of_devices(group)))


def rules_of(settings: Settings) -> Rules:
    """Return the rules that say who may read what; none: whoever is served may read everything."""
    roots = tuple(settings.root_name.values())
    return Rules(_rule(given, number, roots) for number, given in enumerate(settings.rule, 1))


def _rule(given: AccessRule, number: int, roots: Sequence[str]) -> Rule:
    return Rule(
        given.allows,
        who=given.who,
        hosts=given.hosts,
        files=tuple(FileGlob(glob, roots) for glob in given.files),
        what=frozenset(map(What, given.what)),
        back=None if given.back is None else given.back * SECOND,
        place=f"rule {number}",
    )
