"""The names that a certificate proves: those of its subject, and its alternative names."""

from __future__ import annotations

from pathlib import Path

from cryptography import x509
from cryptography.x509.oid import NameOID


def names_in(certificate: Path) -> list[str]:
    """Return the names of hosts in a certificate, the first one in a file of a chain.

    Args:
        certificate: a PEM file.

    Raises:
        OSError: if the file cannot be read, or holds no certificate.
    """
    try:
        read = x509.load_pem_x509_certificate(certificate.read_bytes())
        return [*_subject(read), *_alternatives(read)]
    except ValueError as error:
        raise OSError(f"{certificate} holds no certificate that can be read: {error}") from None


def _subject(certificate: x509.Certificate) -> list[str]:
    return [str(name.value) for name in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]


def _alternatives(certificate: x509.Certificate) -> list[str]:
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return []
    return extension.value.get_values_for_type(x509.DNSName)
