"""The rows of the table about an identity provider (OpenID Connect), whose signed tokens prove who asks."""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import urlsplit

from logagent.config.setting import Setting

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Those by which a token may be signed: of pairs of keys only, since whoever can verify by a secret can also sign."""
LONGEST = 255
"""Characters of a provider's address and of other names: far more than are used."""


def issuer(text: str) -> str:
    """Read how an identity provider calls itself, character by character: `https://login.example.org/`."""
    if not _is_https(text) or urlsplit(text).query:
        raise ValueError("must be the provider as its tokens name it (iss), such as https://login.example.org")
    return text


def keys_address(text: str) -> str:
    """Read the address of a provider's keys."""
    if not _is_https(text):
        raise ValueError(
            "must be the https address of the provider's keys, jwks_uri in its /.well-known/openid-configuration"
        )
    return text


def name(text: str) -> str:
    """Read a name in a token: one for whom it is made, or that of a claim."""
    if not 0 < len(text) <= LONGEST or not text.isprintable() or text != text.strip():
        raise ValueError("must be a name as it stands in tokens")
    return text


def algorithms(text: str) -> tuple[str, ...]:
    """Read algorithms with commas between them."""
    read = tuple(dict.fromkeys(algorithm.strip() for algorithm in text.split(",")))
    for algorithm in read:
        if algorithm not in ALGORITHMS:
            raise ValueError(
                f"must be some of {', '.join(ALGORITHMS)}, not {algorithm!r}; never none or HS256, by which anybody "
                "could sign"
            )
    return read


def _is_https(text: str) -> bool:
    try:
        parts = urlsplit(text)
        right = parts.scheme == "https" and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    is_plain = text.isascii() and text.isprintable() and " " not in text and len(text) <= LONGEST
    return right and is_plain and not parts.fragment and "@" not in parts.netloc


OIDC = (
    Setting(
        "oidc_issuer",
        issuer,
        "the identity provider (OpenID Connect) whose signed tokens prove who asks, as `Authorization: Bearer`, just "
        "as they name it (`iss`); rules call such callers `oidc:ISSUER/SUBJECT`",
        "URL",
        otherwise="none",
    ),
    Setting(
        "oidc_audience",
        name,
        "for whom a token must be made (`aud`), so that one that was made for another service proves nothing here",
        "name",
        otherwise="none; needed with oidc_issuer",
        repeatable=True,
    ),
    Setting(
        "oidc_keys",
        keys_address,
        "where the provider publishes its keys (`jwks_uri`); no redirect is followed from there, and no proxy is used",
        "https URL",
        otherwise="none; needed with oidc_issuer",
    ),
    Setting(
        "oidc_ca",
        str,
        "the authorities that are trusted to name the server of oidc_keys",
        "PEM file",
        otherwise="the system's",
    ),
    Setting(
        "oidc_groups",
        name,
        "the claim that holds the groups, a list of texts or a text; dots lead into objects: `realm_access.roles`",
        "name",
        otherwise="none: tokens name no groups",
    ),
    Setting(
        "oidc_algorithms",
        algorithms,
        f"the algorithms by which tokens may be signed, of {', '.join(ALGORITHMS)}",
        "names",
        default="RS256,PS256,ES256,EdDSA",
        repeatable=True,
    ),
)
"""An identity provider."""

NEEDED = ("oidc_issuer", "oidc_audience", "oidc_keys")
"""The settings of which each needs the others."""


def why_incomplete(given: Collection[str]) -> tuple[str, str] | None:
    """Return a setting that lacks others, and what it lacks; None if there is none.

    Args:
        given: names of settings.
    """
    asked = [setting.name for setting in OIDC if setting.name in given and not setting.default]
    missing = [name for name in NEEDED if name not in given]
    return (asked[0], f"needs {' and '.join(missing)} beside it") if asked and missing else None
