"""The authority that signs the certificates by which agents, and people, are known: its files, and how it signs.

Keys are EC P-256 in PKCS #8, without a passphrase.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from logagent.authority import certificate_files
from logagent.core.access.certified import CertificateKind, certified

MOST_DAYS = 36500
"""Days that a certificate may last: more than a hundred years is a typing error, and dates end with the year 9999."""
BACKDATED = datetime.timedelta(minutes=5)
"""How long ago a new certificate begins, so that hosts whose clocks are behind accept it at once."""
OWN_NAMES = frozenset({"ca", "crl", "issued"})
"""Names that nobody's files may have: those of the authority have them."""
ISSUED = "issued.pem"
"""The file of all certificates that an authority has signed, so that those can be revoked that were replaced."""

_END = b"-----END CERTIFICATE-----"


class CertsError(Exception):
    """A certificate cannot be made or read; the message says why, for the operator."""


class Authority(NamedTuple):
    """An authority that can sign.

    Attributes:
        identifier: of its key.
    """

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey
    identifier: x509.SubjectKeyIdentifier


def load(directory: Path) -> Authority:
    """Load the authority of a directory.

    Raises:
        CertsError: if there is none that can sign.
    """
    certificate_path, key_path = certificate_files.paths(directory, "ca")
    try:
        certificate = x509.load_pem_x509_certificate(certificate_path.read_bytes())
        identifier = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
        key = serialization.load_pem_private_key(key_path.read_bytes(), password=None)
    except FileNotFoundError as error:
        raise CertsError(
            f"there is no {error.filename}: `logagent certs init {directory}` makes an authority"
        ) from error
    except OSError as error:
        raise CertsError(f"cannot read {error.filename}: {error.strerror}") from error
    except (ValueError, TypeError, x509.ExtensionNotFound) as error:
        raise CertsError(f"the authority in {directory} cannot be read: {error}") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
        raise CertsError(f"{key_path} is not the key of {certificate_path}")
    return Authority(certificate, key, identifier)


def sign(
    signer: Authority,
    subject: x509.Name,
    extensions: Sequence[x509.ExtensionType],
    into: Path,
    file_name: str,
    *,
    now: datetime.datetime,
    days: int,
    overwrite: bool,
) -> list[Path]:
    """Make a certificate that ends when its authority does, at the latest, and its key.

    Args:
        extensions: those that not all certificates have.
        into: the directory of the two files, and of the list of what was signed.
        file_name: of the certificate's file, without `.pem`.

    Returns:
        The paths of the two files.

    Raises:
        CertsError: if the authority has ended, if the files are there already, or if they cannot be written.
    """
    until = min(until_of(now, days), signer.certificate.not_valid_after_utc)
    if until <= now:
        raise CertsError(f"the authority in {into} ended on {until:%Y-%m-%d}: make a new one in another directory")
    key = ec.generate_private_key(ec.SECP256R1())
    builder = builder_of(subject, signer.certificate.subject, key.public_key(), now, until, signer.identifier)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(usage(authority=False), critical=True)
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    certificate = builder.sign(signer.key, hashes.SHA256())
    made = write(into, file_name, certificate, key, overwrite=overwrite)
    _note(into, certificate)
    return made


def _note(directory: Path, certificate: x509.Certificate) -> None:
    """Add a certificate to those that the authority has signed."""
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    try:
        certificate_files.append(directory / ISSUED, pem)
    except OSError as error:
        raise CertsError(f"cannot write to {error.filename}: {error.strerror}") from error


def refuse_other_kind(directory: Path, file_name: str, kind: CertificateKind) -> None:
    """Refuse to replace a host's certificate by a person's, or a person's by a host's, whatever was asked for.

    Raises:
        CertsError: if the file of that name holds one of another kind.
    """
    path, _ = certificate_files.paths(directory, file_name)
    for certificate in list(_certificates_in(path))[:1]:
        held = certified(certificate.public_bytes(serialization.Encoding.DER)).kind
        if held is not kind:
            whose = {CertificateKind.HOST: "a host's", CertificateKind.PERSON: "a person's"}.get(held, "another's")
            raise CertsError(f"{path} is {whose} certificate, and is left as it is: give another name")


def issued(directory: Path, signer: x509.Certificate) -> list[x509.Certificate]:
    """Return the certificates that an authority has signed, as far as its directory tells, each once.

    Those that were made before there was a list of them are found by their own files.
    """
    found: dict[bytes, x509.Certificate] = {}
    for path in (directory / ISSUED, *sorted(directory.glob("*.pem"))):
        for certificate in _certificates_in(path):
            if is_signed_by(certificate, signer):
                found.setdefault(certificate.fingerprint(hashes.SHA256()), certificate)
    return list(found.values())


def is_signed_by(certificate: x509.Certificate, signer: x509.Certificate) -> bool:
    """Return whether an authority has signed a certificate that is not its own."""
    if certificate == signer:
        return False
    try:
        certificate.verify_directly_issued_by(signer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _certificates_in(path: Path) -> Iterator[x509.Certificate]:
    try:
        content = path.read_bytes()
    except OSError:
        return
    for text in content.split(_END)[:-1]:
        try:
            yield x509.load_pem_x509_certificate(text + _END + b"\n")
        except ValueError:
            continue  # None, or the rest of one whose writing was broken off.


def until_of(now: datetime.datetime, days: int) -> datetime.datetime:
    """Return when a certificate ends.

    Raises:
        CertsError: for a span that makes no sense.
    """
    if not 1 <= days <= MOST_DAYS:
        raise CertsError(f"a certificate cannot hold for {days} days: from 1 to {MOST_DAYS}")
    return now + datetime.timedelta(days=days)


def name_of(common_name: str, units: Iterable[str] = ()) -> x509.Name:
    """Return a subject: its organizational units, and its common name, which is the most specific."""
    parts = [x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, unit) for unit in units]
    return x509.Name([*parts, x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def usage(*, authority: bool) -> x509.KeyUsage:
    """Return what a key is for: to sign others' certificates and lists of revoked ones, or to prove its holder."""
    return x509.KeyUsage(
        digital_signature=not authority,
        key_cert_sign=authority,
        crl_sign=authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def builder_of(
    subject: x509.Name,
    issuer: x509.Name,
    public_key: ec.EllipticCurvePublicKey,
    now: datetime.datetime,
    until: datetime.datetime,
    issuer_identifier: x509.SubjectKeyIdentifier,
) -> x509.CertificateBuilder:
    """Return a builder with the parts that all certificates share.

    OpenSSL's strict checks require both key identifiers.
    """
    authority_key = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(issuer_identifier)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(until)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
        .add_extension(authority_key, critical=False)
    )


def write(
    directory: Path, name: str, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey, *, overwrite: bool
) -> list[Path]:
    """Write a certificate and its key.

    Returns:
        The paths of the two files.

    Raises:
        CertsError: if the files are there already, or if they cannot be written.
    """
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    try:
        return certificate_files.write_pair(directory, name, pem, _key_pem(key), overwrite=overwrite)
    except certificate_files.Taken as taken:
        remedy = "" if name in OWN_NAMES else "; --overwrite replaces it"
        raise CertsError(f"{taken.path} is there already, and is left as it is{remedy}") from None
    except OSError as error:
        raise CertsError(f"cannot write to {directory}: {error.strerror}") from error


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    form, unencrypted = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, form, unencrypted)
