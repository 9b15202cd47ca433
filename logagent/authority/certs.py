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

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from logagent.authority import signing
from logagent.authority.signing import OWN_NAMES, CertsError
from logagent.core.access.certified import CertificateKind

CA_DAYS = 3650
"""Days that an authority is valid: replacing it means visiting every host."""
HOST_DAYS = 825
"""Days that a host's certificate is valid: as many as browsers accept from private authorities."""
LONGEST_NAME = 64
"""Characters of a common name, RFC 5280 (ub-common-name)."""
LONGEST_ADDRESS = 253
"""Characters of a DNS name, RFC 1035."""

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_DNS_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")


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
    subject = signing.name_of(f"logagent CA {secrets.token_hex(4)}")
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    builder = signing.builder_of(subject, subject, key.public_key(), now, signing.until_of(now, days), identifier)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(signing.usage(authority=True), critical=True)
    return signing.write(directory, "ca", builder.sign(key, hashes.SHA256()), key, overwrite=False)


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
    signer = signing.load(directory)
    signing.refuse_other_kind(directory, name, CertificateKind.HOST)
    extensions = [x509.ExtendedKeyUsage(_PURPOSES), x509.SubjectAlternativeName(_alternatives(name, addresses))]
    subject = signing.name_of(name)
    return signing.sign(signer, subject, extensions, directory, name, now=now, days=days, overwrite=overwrite)


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
    if name.lower() in OWN_NAMES or name.lower().endswith("-key"):
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
