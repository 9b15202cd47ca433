"""Which certificates were revoked, as lists say: those that an authority signs, and those of fingerprints."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from logagent.core.access.certified import Certified, canonical

_PEM = re.compile(rb"-----BEGIN X509 CRL-----.*?-----END X509 CRL-----", re.DOTALL)
_BEGINS = b"-----BEGIN X509 CRL-----"
_FINGERPRINT = re.compile(r"(?:sha256 fingerprint\s*=\s*|sha256:)?((?:[0-9a-f]{2}:){31}[0-9a-f]{2}|[0-9a-f]{64})", re.I)
_BROKEN = (ValueError, TypeError, x509.DuplicateExtension, x509.InvalidVersion, x509.UnsupportedGeneralNameType)
MOST_KNOWN = 10_000
"""Certificates of which it is remembered whether a list holds them."""
SHOWN = 40
"""Characters that are repeated of a line that is wrong."""


class BadRevocations(ValueError):
    """A list of revoked certificates cannot be used; the message says what would be right."""


@dataclass(frozen=True, slots=True)
class RevocationList:
    """One list that an authority has signed, and which was checked.

    Attributes:
        issuer: the authority, from `canonical`.
        read: the list itself.
        ends: when it says that a newer one is there, in seconds since the epoch; None: it does not say so.
    """

    issuer: str
    read: x509.CertificateRevocationList
    ends: float | None
    _known: dict[int, bool] = field(default_factory=dict, compare=False, repr=False)

    def holds(self, certificate: Certified) -> bool:
        """Return whether a certificate was revoked."""
        return certificate.issuer == self.issuer and self._holds(certificate.serial)

    def _holds(self, serial: int) -> bool:
        """Look a number up, which takes milliseconds in a list of thousands, and remember what was found."""
        found = self._known.get(serial)
        if found is None:
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            found = self._known[serial] = self.read.get_revoked_certificate_by_serial_number(serial) is not None
        return found


def lists_in(content: bytes, authorities: bytes) -> tuple[RevocationList, ...]:
    """Read the revocation lists of a file, in PEM, one after the other, or one in DER.

    Args:
        content: of the file.
        authorities: the certificates of those that may have signed it, in PEM.

    Raises:
        BadRevocations: for one that cannot be read, that none of them has signed, or that holds a part of a list only.
    """
    encoded = _PEM.findall(content) if _BEGINS in content else [content]
    if not content.strip() or len(encoded) != max(1, content.count(_BEGINS)):
        raise BadRevocations("it holds no revocation list: one in PEM begins with -----BEGIN X509 CRL-----")
    try:
        trusted = x509.load_pem_x509_certificates(authorities)
    except ValueError:
        raise BadRevocations("there is no authority whose signature could be checked: give tls_ca") from None
    return tuple(_list_in(each, trusted) for each in encoded)


def _list_in(encoded: bytes, trusted: Sequence[x509.Certificate]) -> RevocationList:
    load = x509.load_pem_x509_crl if encoded.startswith(_BEGINS) else x509.load_der_x509_crl
    try:
        read = load(encoded)
        issuer, until = canonical(read.issuer), read.next_update_utc
        _check_whole(read)
    except BadRevocations:
        raise
    except _BROKEN:
        raise BadRevocations("it holds no revocation list that can be read, in PEM or DER") from None
    if not any(_has_signed(authority, read) for authority in trusted):
        name = read.issuer.rfc4514_string()
        raise BadRevocations(
            f"its list of {name!r} is not signed by an authority in use: give that of the authority in tls_ca"
        )
    return RevocationList(issuer, read, until.timestamp() if until else None)


def _check_whole(read: x509.CertificateRevocationList) -> None:
    """Refuse a list that is a part of one, or one of certificates of other authorities: it would be misunderstood."""
    for extension in read.extensions:
        value = extension.value
        if isinstance(value, x509.DeltaCRLIndicator):
            raise BadRevocations("it holds what has changed in a list only (a delta CRL): give the whole list")
        if isinstance(value, x509.IssuingDistributionPoint):
            if value.indirect_crl or value.only_some_reasons or value.only_contains_ca_certs:
                raise BadRevocations("it holds a part of a list only, or another authority's: give the whole list")
        elif extension.critical:
            raise BadRevocations(f"it holds a critical extension that is not known here, {extension.oid.dotted_string}")


def _has_signed(authority: x509.Certificate, read: x509.CertificateRevocationList) -> bool:
    if canonical(authority.subject) != canonical(read.issuer):
        return False
    try:
        usage = authority.extensions.get_extension_for_class(x509.KeyUsage).value
        if not usage.crl_sign:
            return False
    except x509.ExtensionNotFound:
        pass  # It does not limit what it signs.
    except _BROKEN:
        return False
    try:
        return bool(read.is_signature_valid(authority.public_key()))  # type: ignore[arg-type]
    except (TypeError, ValueError, UnsupportedAlgorithm):
        return False


def fingerprints_in(content: bytes) -> frozenset[str]:
    """Read a list of fingerprints by SHA-256, one a line, with or without colons; what follows one, and `#`, is text.

    Returns:
        Each in small hexadecimal digits.

    Raises:
        BadRevocations: for a line that begins with no fingerprint.
    """
    found = set()
    for number, line in enumerate(content.decode("utf-8", "backslashreplace").splitlines(), 1):
        said = line.strip().removeprefix("\ufeff")
        if not said or said.startswith("#"):
            continue
        fingerprint = _FINGERPRINT.match(said)
        if fingerprint is None or said[fingerprint.end() : fingerprint.end() + 1].strip(" \t#"):
            raise BadRevocations(f"line {number}, {said[:SHOWN]!r}, {_instead(said)}")
        found.add(fingerprint[1].replace(":", "").lower())
    return frozenset(found)


def _instead(said: str) -> str:
    digits = said.split("=")[-1].replace(":", "")
    kind = "that of SHA-1 does not do: " if re.fullmatch(r"[0-9a-fA-F]{40}", digits) else ""
    how = "`openssl x509 -noout -fingerprint -sha256 -in FILE` tells it"
    return f"is no fingerprint by SHA-256 of 64 hexadecimal digits, with or without colons: {kind}{how}"
