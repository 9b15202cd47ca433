"""Lists of revoked certificates of any shape, as no command of the program makes them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from testbed.made_certificates import DAY, signer_in


def crl(
    authority: Path,
    *revoked: bytes,
    begins: timedelta = -DAY,
    lasts: timedelta = 30 * DAY,
    extensions: Sequence[tuple[x509.ExtensionType, bool]] = (),
    encoding: Encoding = Encoding.PEM,
) -> bytes:
    """Return a list that the authority in a directory signs.

    Args:
        authority: the directory of `ca.pem` and `ca-key.pem`.
        revoked: certificates, in DER.
        begins: from now on.
        extensions: each with whether it is critical.
    """
    signer, key = signer_in(authority)
    now = datetime.now(UTC) + begins
    builder = x509.CertificateRevocationListBuilder().issuer_name(signer.subject)
    builder = builder.last_update(now).next_update(now + lasts)
    for der in revoked:
        serial = x509.load_der_x509_certificate(der).serial_number
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(now).build()
        builder = builder.add_revoked_certificate(entry)
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    return builder.sign(key, hashes.SHA256()).public_bytes(encoding)
