"""The certificates by which agents know each other: one authority, and one certificate for every host.

The authority's key stays in the directory where it was made; a host gets `ca.pem` and its own two files. Keys are EC
P-256 in PKCS #8, without a passphrase.
"""

import datetime
import ipaddress
import re
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from logagent import certificate_files

CA_DAYS = 3650
"""Days that an authority is valid: replacing it means visiting every host."""
HOST_DAYS = 825
"""Days that a host's certificate is valid: as many as browsers accept from private authorities."""
MOST_DAYS = 36500
"""Days that a certificate may last: more than a hundred years is a typing error, and dates end with the year 9999."""
BACKDATED = datetime.timedelta(minutes=5)
"""How long ago a new certificate begins, so that hosts whose clocks are behind accept it at once."""
LONGEST_NAME = 64
"""Characters of a common name, RFC 5280 (ub-common-name)."""
LONGEST_ADDRESS = 253
"""Characters of a DNS name, RFC 1035."""

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_DNS_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")


class CertsError(Exception):
    """A certificate cannot be made or read; the message says why, for the operator."""


def init(directory: Path, *, now: datetime.datetime, days: int = CA_DAYS) -> list[Path]:
    """Make an authority: `ca.pem` and `ca-key.pem` in `directory`, which is made if it is missing.

    Args:
        now: with a time zone.

    Returns:
        The paths of the two files.

    Raises:
        CertsError: if an authority is there already, or none can be written.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _name(f"logagent CA {secrets.token_hex(4)}")
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    builder = _builder(subject, subject, key.public_key(), now, _until(now, days), identifier)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(_usage(authority=True), critical=True)
    return _write(directory, "ca", builder.sign(key, hashes.SHA256()), key, overwrite=False)


def host(
    name: str,
    directory: Path,
    *,
    addresses: Sequence[str] = (),
    now: datetime.datetime,
    days: int = HOST_DAYS,
    overwrite: bool = False,
) -> list[Path]:
    """Make a host's certificate and key, `NAME.pem` and `NAME-key.pem`, signed by the authority in `directory`.

    The certificate serves for a server and for a client. It ends when the authority does, at the latest.

    Args:
        addresses: DNS names and IP addresses, beside the name, by which others reach the host; `localhost` and the
            loopback addresses are not added by themselves.
        now: with a time zone.
        overwrite: replace the host's older files.

    Returns:
        The paths of the two files.

    Raises:
        CertsError: for a name, an address or a span that cannot be used, without a usable authority, if the files are
            there already, or if they cannot be written.
    """
    _check_host_name(name)
    authority = _load_authority(directory)
    until = min(_until(now, days), authority.certificate.not_valid_after_utc)
    if until <= now:
        raise CertsError(f"the authority in {directory} ended on {until:%Y-%m-%d}: make a new one in another directory")
    key = ec.generate_private_key(ec.SECP256R1())
    subject, public = _name(name), key.public_key()
    builder = _builder(subject, authority.certificate.subject, public, now, until, authority.identifier)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(_usage(authority=False), critical=True)
    builder = builder.add_extension(x509.ExtendedKeyUsage(_PURPOSES), critical=False)
    builder = builder.add_extension(x509.SubjectAlternativeName(_alternatives(name, addresses)), critical=False)
    return _write(directory, name, builder.sign(authority.key, hashes.SHA256()), key, overwrite=overwrite)


def names(certificate_der: bytes) -> tuple[str, ...]:
    """Return the DNS names, in lower case, that a peer's certificate is for.

    Raises:
        CertsError: if the bytes are no certificate.
    """
    try:
        extensions = x509.load_der_x509_certificate(certificate_der).extensions
        alternatives = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    except ValueError as error:
        raise CertsError(f"not a certificate: {error}") from error
    return tuple(name.lower() for name in alternatives.get_values_for_type(x509.DNSName))


_PURPOSES = (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH)


def _check_host_name(name: str) -> None:
    problem = _host_name_problem(name)
    if problem is not None:
        raise CertsError(f"{name!r} cannot be a host's name: {problem}")


def _host_name_problem(name: str) -> str | None:
    if len(name) > LONGEST_NAME:
        return f"it is longer than {LONGEST_NAME} characters"
    if not _DNS_NAME.fullmatch(name):
        return "use letters, digits, hyphens and dots, as in a DNS name, and no wildcard"
    if _ip_address(name) is not None:
        return "it is an address: give the host's name, and the address beside it"
    if name.lower() == "ca" or name.lower().endswith("-key"):
        return "its files would be taken for the authority's or for another host's key"
    return None


def _ip_address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text) if "%" not in text else None
    except ValueError:
        return None


def _alternatives(name: str, addresses: Sequence[str]) -> list[x509.GeneralName]:
    return [x509.DNSName(name), *(_alternative(address) for address in dict.fromkeys(addresses) if address != name)]


def _alternative(address: str) -> x509.GeneralName:
    ip = _ip_address(address)
    if ip is not None:
        return x509.IPAddress(ip)
    if len(address) > LONGEST_ADDRESS or not _DNS_NAME.fullmatch(address):
        raise CertsError(f"{address!r} is neither an IP address nor a DNS name (give no port and no URL)")
    return x509.DNSName(address)


def _until(now: datetime.datetime, days: int) -> datetime.datetime:
    if not 1 <= days <= MOST_DAYS:
        raise CertsError(f"a certificate cannot hold for {days} days: from 1 to {MOST_DAYS}")
    return now + datetime.timedelta(days=days)


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _usage(*, authority: bool) -> x509.KeyUsage:
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


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    public_key: ec.EllipticCurvePublicKey,
    now: datetime.datetime,
    until: datetime.datetime,
    issuer_identifier: x509.SubjectKeyIdentifier,
) -> x509.CertificateBuilder:
    """Return a builder with the parts that both kinds of certificate share.

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


class _Authority(NamedTuple):
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey
    identifier: x509.SubjectKeyIdentifier


def _load_authority(directory: Path) -> _Authority:
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
    return _Authority(certificate, key, identifier)


def _write(
    directory: Path, name: str, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey, *, overwrite: bool
) -> list[Path]:
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    try:
        return certificate_files.write_pair(directory, name, pem, _key_pem(key), overwrite=overwrite)
    except certificate_files.Taken as taken:
        raise CertsError(f"{taken.path} is there already, and is left as it is") from None
    except OSError as error:
        raise CertsError(f"cannot write to {directory}: {error.strerror}") from error


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    form, unencrypted = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, form, unencrypted)
