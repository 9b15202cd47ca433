"""Who may ask an agent, made from its settings and from what its machine says of it."""

from __future__ import annotations

import logging
import os
from pathlib import Path

from logagent.certificate_names import names_in
from logagent.config import accounts
from logagent.config.settings import Settings
from logagent.core.access.local_rights import LocalRights
from logagent.web.access import Access
from logagent.web.admission.local_users import LocalUsers

_log = logging.getLogger(__name__)


def access_of(settings: Settings) -> Access:
    """Make what decides which requests an agent answers."""
    return Access(
        [settings.name, *settings.known_as, *_certified(settings.tls_certificate)],
        certificate_required=settings.client_certificate == "required",
        local_users=None if settings.trust_loopback else LocalUsers(local_rights(settings)),
    )


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
