"""Certificates of any shape, as no command of the program makes them, signed by an authority of a test."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

CLIENT, SERVER = ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH
ANY, MAIL = ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE, ExtendedKeyUsageOID.EMAIL_PROTECTION
DAY = timedelta(days=1)


class Made(NamedTuple):
    """A certificate with its key, both in files of PEM, and its DER."""

    certificate: Path
    key: Path
    der: bytes


def signer_in(authority: Path) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    """Read the certificate and the key of the authority in a directory."""
    key = load_pem_private_key((authority / "ca-key.pem").read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return x509.load_pem_x509_certificate((authority / "ca.pem").read_bytes()), key


def make(
    authority: Path,
    into: Path,
    *,
    subject: Sequence[tuple[x509.ObjectIdentifier, str]] = ((NameOID.COMMON_NAME, "alice"),),
    alternatives: Sequence[x509.GeneralName] = (),
    purposes: Sequence[x509.ObjectIdentifier] | None = (CLIENT,),
    begins: timedelta = -DAY,
    lasts: timedelta = 30 * DAY,
    is_authority: bool = False,
) -> Made:
    """Make a certificate that the authority in a directory signs.

    Args:
        authority: the directory of `ca.pem` and `ca-key.pem`.
        into: where the files are written; their names are numbered.
        subject: its parts, in their order.
        purposes: None: the certificate does not limit them.
        begins: from now on.
    """
    signer, signing = signer_in(authority)
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    with warnings.catch_warnings(action="ignore"):  # A common name that is empty is one of those that are tried.
        parts = [x509.NameAttribute(kind, value, _validate=False) for kind, value in subject]
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name(parts))
        .issuer_name(signer.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + begins)
        .not_valid_after(now + begins + lasts)
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signing.public_key()), critical=False)
    )
    if alternatives:
        builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
    if purposes is not None:
        builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
    return write(builder.sign(signing, hashes.SHA256()), key, into)


def write(certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey, into: Path) -> Made:
    """Write a certificate and its key into files whose names are numbered."""
    into.mkdir(parents=True, exist_ok=True)
    stem = f"made-{len(list(into.glob('made-*.pem')))}"
    made = Made(into / f"{stem}.pem", into / f"{stem}-key", certificate.public_bytes(Encoding.DER))
    made.certificate.write_bytes(certificate.public_bytes(Encoding.PEM))
    made.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return made
