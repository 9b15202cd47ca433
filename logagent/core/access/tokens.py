"""Tokens: their form, which tells a typing error and lets scanners for secrets find them, and their check by SHA-256.

A token is `logagent_`, 256 random bits and a checksum of both, in the digits and letters of ASCII; the expression
`logagent_[0-9A-Za-z]{49}` finds one in any text. Nobody keeps a token but who uses it: a SHA-256 suffices to know it
again, and of 256 random bits nobody finds out the token that a SHA-256 belongs to.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import string
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

PREFIX = "logagent_"
"""The beginning of every token."""
RANDOM_BYTES = 32
"""Random bytes in a token: nobody guesses one, however fast he asks."""
FINGERPRINT = 12
"""Hexadecimal digits that tell a token from others, for people: among a thousand tokens no two share them."""

_DIGITS = string.digits + string.ascii_uppercase + string.ascii_lowercase
_RANDOM_DIGITS, _CHECK_DIGITS = 43, 6
_FORM = re.compile(rf"{PREFIX}[0-9A-Za-z]{{{_RANDOM_DIGITS + _CHECK_DIGITS}}}", re.ASCII)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}", re.ASCII)
_AS_FINGERPRINT = re.compile(rf"[0-9a-f]{{{FINGERPRINT}}}")


class BadToken(ValueError):
    """A text that is no token; the message says what is wrong with it, and repeats nothing of it."""


class NoTokensKnown(Exception):
    """It cannot be told at present which tokens are valid; the message says why, for the agent's own log."""


@dataclass(frozen=True, slots=True)
class TokenEntry:
    """What is kept of a token.

    Attributes:
        name: of whoever it was given to; several tokens may have one, so that a new one can take an old one's place.
        sha256: of the token, in hexadecimal digits.
        groups: names, in order.
        created: in seconds since the epoch, as the two below; None: not known.
        expires: None: it does not end by itself.
        revoked: None: it is not.
    """

    name: str
    sha256: str
    groups: tuple[str, ...] = ()
    created: int | None = None
    expires: int | None = None
    revoked: int | None = None

    @property
    def fingerprint(self) -> str:
        """What tells the token from others, and is no secret."""
        return self.sha256[:FINGERPRINT]

    def over(self, now: float) -> str:
        """Return why the token is valid no more, such as `ended 2026-12-01T10:00:00Z`; empty: it is valid.

        Args:
            now: in seconds since the epoch.
        """
        if self.revoked is not None:  # whatever this machine's clock says
            return f"revoked {moment_text(self.revoked)}"
        if self.expires is not None and self.expires <= now:
            return f"ended {moment_text(self.expires)}"
        return ""


def token_of(random: bytes) -> str:
    """Make a token.

    Args:
        random: `RANDOM_BYTES` bytes that nobody can foresee.
    """
    if len(random) != RANDOM_BYTES:
        raise ValueError(f"a token is made of {RANDOM_BYTES} random bytes, not of {len(random)}")
    body = PREFIX + _in_digits(int.from_bytes(random, "big"), _RANDOM_DIGITS)
    return body + _checksum(body)


def check_form(token: str) -> None:
    """Check that a text has the form of a token, by its characters and its checksum.

    Raises:
        BadToken: if it has not; it was mistyped, then, or cut.
    """
    if not token.startswith(PREFIX):
        raise BadToken(f"it does not begin with {PREFIX}")
    length = len(PREFIX) + _RANDOM_DIGITS + _CHECK_DIGITS
    if len(token) != length:
        raise BadToken(f"it has {len(token)} characters, and a token has {length}: it was cut, or something was added")
    if not _FORM.fullmatch(token) or _checksum(token[:-_CHECK_DIGITS]) != token[-_CHECK_DIGITS:]:
        raise BadToken("a character of it is wrong: its checksum does not fit")


def digest_of(token: str) -> str:
    """Return what is kept of a token: its SHA-256, in hexadecimal digits."""
    return hashlib.sha256(token.encode("ascii")).hexdigest()


def entry_of(
    token: str, entries: Iterable[TokenEntry], same: Callable[[str, str], bool] = hmac.compare_digest
) -> TokenEntry | None:
    """Return the entry of a token; all entries are compared, each in constant time, so that time tells nothing.

    Args:
        token: of the right form.
        same: compares two digests.
    """
    digest, found = digest_of(token), None
    for entry in entries:
        if same(entry.sha256, digest):
            found = entry
    return found


def checked_name(text: str) -> str:
    """Return the name of a token or of a group, if it can be one.

    Raises:
        ValueError: if it cannot; the message says what would be right.
    """
    if not _NAME.fullmatch(text):
        raise ValueError("must be letters, digits and . _ @ + -, 64 at most, a letter or digit first, such as web-ci")
    if _AS_FINGERPRINT.fullmatch(text):
        raise ValueError("must be a name, not the fingerprint of a token")
    return text


def moment_text(moment: float) -> str:
    """Return a moment as the file of tokens holds it, such as `2026-12-01T10:00:00Z`.

    Args:
        moment: seconds since the epoch.
    """
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _in_digits(number: int, length: int) -> str:
    digits = ""
    for _ in range(length):
        number, rest = divmod(number, len(_DIGITS))
        digits = _DIGITS[rest] + digits
    return digits


def _checksum(body: str) -> str:
    return _in_digits(zlib.crc32(body.encode("ascii")), _CHECK_DIGITS)
