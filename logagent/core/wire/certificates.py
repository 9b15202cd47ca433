"""Certificates as agents and clients show them to each other: what people need to know of one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from logagent.core.units import DAY, SECOND

if TYPE_CHECKING:
    from cryptography import x509

EXPIRES_SOON = 30 * DAY // SECOND
"""Seconds before its end from which a certificate is told of: time enough to visit every host."""
MOST_NAMES = 5
"""Names of a certificate that are told: enough to recognise it."""
BY_AUTHORITY = "it was revoked by its authority"
LONGEST_NAME = 80
"""Characters of a name that are told: certificates of strangers may hold any text."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """What people need to know of a certificate.

    Attributes:
        subject: whose it is: its common name, or else its whole name.
        issuer: whose signature it has, likewise.
        names: DNS names and IP addresses that it is for.
        begins: from when it is valid, in seconds since the epoch.
        ends: until when it is valid, in seconds since the epoch.
        of_person: whether it is a person's, and serves for a client only.
    """

    subject: str
    issuer: str
    names: tuple[str, ...]
    begins: float
    ends: float
    of_person: bool = False


def read_certificates(encoded: bytes) -> tuple[Certificate, ...]:
    """Read the certificates of a PEM file, or one that is encoded in DER; none if they cannot be read."""
    # Imported here, since it takes long to load, and most programs never have to read a certificate.
    from cryptography import x509

    try:
        if encoded.startswith(b"0"):
            return (_of(x509.load_der_x509_certificate(encoded)),)
        return tuple(map(_of, x509.load_pem_x509_certificates(encoded)))
    except (ValueError, x509.InvalidVersion):
        return ()


def _of(certificate: x509.Certificate) -> Certificate:
    from cryptography.hazmat.primitives.serialization import Encoding

    from logagent.core.access.certified import CertificateKind, certified

    return Certificate(
        _called(certificate.subject),
        _called(certificate.issuer),
        _names(certificate),
        certificate.not_valid_before_utc.timestamp(),
        certificate.not_valid_after_utc.timestamp(),
        certified(certificate.public_bytes(Encoding.DER)).kind is CertificateKind.PERSON,
    )


def _called(name: x509.Name) -> str:
    from cryptography import x509

    common = name.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    return _cut(str(common[0].value) if common else name.rfc4514_string()) or "nobody"


def _names(certificate: x509.Certificate) -> tuple[str, ...]:
    from cryptography import x509

    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, x509.DuplicateExtension, x509.UnsupportedGeneralNameType, ValueError):
        return ()
    dns: list[str] = names.get_values_for_type(x509.DNSName)
    return tuple(_cut(name) for name in (*dns, *map(str, names.get_values_for_type(x509.IPAddress))))


def _cut(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else f"{name[:LONGEST_NAME]}..."


def revoked_in(lists: bytes, authorities: bytes, der: bytes) -> str:
    """Return why a certificate counts no more, as a clause for people; empty if it was not revoked.

    Args:
        lists: of revoked certificates, in PEM or DER.
        authorities: that may have signed them, in PEM.
        der: the certificate.
    """
    from logagent.core.access.certified import certified
    from logagent.core.access.revoked import BadRevocations, lists_in

    try:
        revoked = any(one.holds(certified(der)) for one in lists_in(lists, authorities))
    except BadRevocations as bad:
        return f"it cannot be known whether it was revoked, since of the list of those {bad}"
    return BY_AUTHORITY if revoked else ""


def described(certificate: Certificate) -> str:
    """Return whose certificate it is, by whom, and until when."""
    names = "" if certificate.names in ((), (certificate.subject,)) else f"for {listed(certificate.names)}, "
    return f"{certificate.subject} ({names}issued by {certificate.issuer}, until {moment(certificate.ends)})"


def listed(names: Iterable[str]) -> str:
    """Return some names as a list for people."""
    every = list(names)
    more = [f"{len(every) - MOST_NAMES} more"] if len(every) > MOST_NAMES else []
    told = [*every[:MOST_NAMES], *more]
    return " and ".join([*([", ".join(told[:-1])] if told[1:] else []), *told[-1:]]) or "no name"


def moment(seconds: float) -> str:
    """Spell seconds since the epoch, to the minute."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC"


def ending(name: str, ends: float, now: float) -> str:
    """Return when a certificate ends, or ended, if that is to be told of; else an empty text.

    Args:
        name: what it is called; it stands before `until` and the time.
        ends: seconds since the epoch.
        now: seconds since the epoch.
    """
    return "" if ends - now > EXPIRES_SOON else f"{name} {'until' if ends > now else 'ended'} {moment(ends)}"
