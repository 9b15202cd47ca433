"""What knows the signed tokens of an identity provider, made from an agent's settings."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import trio

from logagent.config import tls_files
from logagent.config.errors import ConfigError
from logagent.config.settings import Settings

if TYPE_CHECKING:
    from logagent.web.admission.oidc import OidcProver


def identity_provider(settings: Settings, fetch: Callable[[], Awaitable[bytes]]) -> OidcProver | None:
    """Make what knows the tokens of an identity provider; None if the settings name none.

    Args:
        settings: of the agent.
        fetch: gets the document of its keys; raises `Failure`.

    Raises:
        ConfigError: if the authorities cannot be used that are to be trusted with that.
    """
    if not settings.oidc_issuer:
        return None
    from logagent.web.admission.oidc import OidcProver
    from logagent.web.admission.signed_tokens import Demands

    try:
        tls_files.check(tls_files.TlsFiles(ca=settings.oidc_ca))
    except tls_files.BadTlsFile as error:
        raise ConfigError("oidc_ca", str(error)) from None
    demands = Demands(settings.oidc_issuer, settings.oidc_audience, settings.oidc_algorithms)
    return OidcProver(demands, settings.oidc_groups, settings.oidc_keys, fetch)


def fetch_keys(now: OidcProver | None, before: OidcProver | None, nursery: trio.Nursery) -> None:
    """Have the keys of the provider that is in force fetched, and those of the one before no longer.

    Args:
        now: in force; None: there is none, as for the other.
        before: in force until now.
        nursery: in which keys are fetched.
    """
    if now is before:
        return
    if now is not None:
        nursery.start_soon(now.keys.run)
    if before is not None:
        before.keys.stop()
