"""What a client's certificate proves: that of a person or of a host, by which names, of which groups, and until when.

The TLS handshake has verified that an authority in use has signed it; nothing of that is checked here.
"""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from logagent.core.access.mirrored import mirrored

KEPT = 256
"""Certificates of which it is remembered what they prove: it is asked for each request, and a connection has one."""
MOST_NAMES = 64
"""Names and groups of one certificate that count: one with more proves none."""
LONGEST_NAME = 256
"""Characters of a name or a group: an address of mail has at most 254."""

_SERVES = frozenset({ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE})
_Extension = TypeVar("_Extension", bound=x509.ExtensionType)
_BROKEN = (ValueError, TypeError, x509.DuplicateExtension, x509.InvalidVersion, x509.UnsupportedGeneralNameType)


class CertificateKind(enum.StrEnum):
    """Whose certificate it is, by the purposes that its authority gave it.

    Attributes:
        PERSON: a client's and nothing else: its purposes hold that of clients, and not that of servers.
        HOST: whoever holds it may serve: its purposes hold that of servers, or any, or are not limited at all.
        OTHER: of neither: an authority's own, or one for another purpose, or one that cannot be read.
    """

    PERSON = "person"
    HOST = "host"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Certified:
    """What a certificate proves.

    Attributes:
        kind: of whom.
        name: the most specific common name of its subject, or else its first alternative name; empty: it has none.
        aliases: its other alternative names, of mail, URIs and DNS, the last in small letters.
        groups: the organizational units of its subject.
        fingerprint: the SHA-256 of the certificate, in small hexadecimal digits.
        fingerprints: those of all forms that its holder can give it without its authority; see `mirrored`.
        issuer: of its authority, from `canonical`; empty: it cannot be read.
        serial: by which its authority knows it.
        ends: seconds since the epoch.
        fault: why its names prove nobody, for people; empty: they do.
    """

    kind: CertificateKind
    name: str
    aliases: frozenset[str]
    groups: frozenset[str]
    fingerprint: str
    fingerprints: frozenset[str]
    issuer: str
    serial: int
    ends: float
    fault: str = ""


@lru_cache(KEPT)
def certified(der: bytes) -> Certified:
    """Return what a certificate proves.

    Args:
        der: the certificate as the client has shown it.
    """
    fingerprint = hashlib.sha256(der).hexdigest()
    try:
        read = x509.load_der_x509_certificate(der)
        issuer, serial, ends = canonical(read.issuer), read.serial_number, read.not_valid_after_utc.timestamp()
    except _BROKEN:
        nothing = frozenset[str]()
        unread = "it cannot be read"
        return Certified(
            CertificateKind.OTHER, "", nothing, nothing, fingerprint, frozenset({fingerprint}), "", 0, 0, unread
        )
    forms = frozenset({fingerprint, *(hashlib.sha256(form).hexdigest() for form in mirrored(read))})
    try:
        kind, names, groups = _kind(read), _names(read), frozenset(_attributes(read, NameOID.ORGANIZATIONAL_UNIT_NAME))
        fault = _fault([*names, *groups]) if names else "it names nobody"
    except _BROKEN:
        kind, names, groups, fault = CertificateKind.OTHER, [], frozenset(), "its extensions cannot be read"
    if fault:
        names, groups = [], frozenset()
    name, aliases = next(iter(names), ""), frozenset(names[1:])
    return Certified(kind, name, aliases - {name}, groups, fingerprint, forms, issuer, serial, ends, fault)


def canonical(name: x509.Name) -> str:
    """Return a name so that all spellings that TLS takes for one are equal: in small letters, with single spaces."""
    return repr(
        [
            sorted((part.oid.dotted_string, " ".join(str(part.value).split()).casefold()) for part in parts)
            for parts in name.rdns
        ]
    )


def _kind(read: x509.Certificate) -> CertificateKind:
    constraints = _extension(read, x509.BasicConstraints)
    if constraints is not None and constraints.ca:
        return CertificateKind.OTHER
    purposes = _extension(read, x509.ExtendedKeyUsage)
    if purposes is None or _SERVES.intersection(purposes):
        return CertificateKind.HOST
    return CertificateKind.PERSON if ExtendedKeyUsageOID.CLIENT_AUTH in purposes else CertificateKind.OTHER


def _names(read: x509.Certificate) -> list[str]:
    """Return the names that a certificate is for, the one that counts first."""
    return [*_attributes(read, NameOID.COMMON_NAME)[-1:], *_alternatives(read)]


def _attributes(read: x509.Certificate, kind: x509.ObjectIdentifier) -> list[str]:
    values = [part.value for part in read.subject.get_attributes_for_oid(kind)]
    return [value for value in values if isinstance(value, str) and value.strip()]


def _alternatives(read: x509.Certificate) -> Iterator[str]:
    for name in _extension(read, x509.SubjectAlternativeName) or ():
        if isinstance(name, x509.RFC822Name | x509.UniformResourceIdentifier):
            yield name.value
        elif isinstance(name, x509.DNSName):
            yield name.value.lower()


def _extension(read: x509.Certificate, kind: type[_Extension]) -> _Extension | None:
    try:
        return read.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _fault(texts: list[str]) -> str:
    if len(texts) > MOST_NAMES:
        return f"it has more than {MOST_NAMES} names"
    if any(len(text) > LONGEST_NAME for text in texts):
        return f"a name in it is longer than {LONGEST_NAME} characters"
    if not all(text.isprintable() for text in texts):
        return "a name in it holds characters that cannot be printed"
    return ""
