"""Revoking certificates: the authority signs a list of those that count no more, `crl.pem`, which every agent gets."""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from logagent.authority import certificate_files, signing
from logagent.authority.signing import Authority, CertsError
from logagent.config.tls_files import CRL
from logagent.core.access.certified import CertificateKind, Certified, certified
from logagent.core.access.revoked import BadRevocations, lists_in

_HEXADECIMAL = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class IssuedCertificate:
    """A certificate that an authority has signed.

    Attributes:
        held: what it proves.
        revoked: since when it counts no more; None: it was not revoked.
    """

    held: Certified
    revoked: datetime.datetime | None


def issued(directory: Path) -> list[IssuedCertificate]:
    """Return the certificates that the authority in a directory has signed, as far as that is known.

    Raises:
        CertsError: without a usable authority, or with a list of revoked ones that cannot be used.
    """
    signer = signing.load(directory)
    revoked = _revoked_in(directory, signer)
    since = {each.serial_number: each.revocation_date_utc for each in revoked or ()}
    return [
        IssuedCertificate(held, since.get(held.serial))
        for held in map(_held, signing.issued(directory, signer.certificate))
    ]


def revoke(which: str, directory: Path, *, now: datetime.datetime) -> tuple[Path, list[Certified]]:
    """Revoke certificates of the authority in a directory: its list is written anew, with these in it.

    Args:
        which: the name of a host or a person, of whom all certificates are revoked that have not ended; or the file of
            a certificate; or its fingerprint by SHA-256.
        now: with a time zone.

    Returns:
        The path of the list, and what was revoked that was not before.

    Raises:
        CertsError: if there is no such certificate, or the list cannot be read or written.
    """
    signer, path = signing.load(directory), directory / CRL
    try:
        with certificate_files.locked(directory):
            meant = _meant(which, directory, signer, now)
            before = _revoked_in(directory, signer)
            known = {each.serial_number for each in before or ()}
            new = [held for held in map(_held, meant) if held.serial not in known]
            if new or before is None:
                certificate_files.write_public(path, _signed(signer, before, new, now))
    except OSError as error:
        raise CertsError(f"cannot write to {directory}: {error.strerror}") from error
    return path, new


def _held(certificate: x509.Certificate) -> Certified:
    return certified(certificate.public_bytes(serialization.Encoding.DER))


def _meant(which: str, directory: Path, signer: Authority, now: datetime.datetime) -> Sequence[x509.Certificate]:
    digits = which.replace(":", "").lower()
    issued = signing.issued(directory, signer.certificate)
    if _HEXADECIMAL.fullmatch(digits):
        found = [certificate for certificate in issued if digits in _held(certificate).fingerprints]
        if not found:
            raise CertsError(
                f"no certificate of the authority in {directory} is known by that fingerprint: "
                "put it into the file that the agents' setting `revoked` names"
            )
        return found
    found = [each for each in issued if _is_called(_held(each), which) and each.not_valid_after_utc > now]
    return found or [_in_file(Path(which), directory, signer)]


def _is_called(held: Certified, name: str) -> bool:
    return held.name == name or (held.kind is CertificateKind.HOST and held.name.lower() == name.lower())


def _in_file(path: Path, directory: Path, signer: Authority) -> x509.Certificate:
    try:
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
    except OSError:
        raise CertsError(
            f"{str(path)!r} is no file, no fingerprint by SHA-256, and nobody's name in a certificate of the authority "
            f"in {directory} that has not ended: `logagent certs list {directory}` shows all of them"
        ) from None
    except ValueError:
        raise CertsError(f"{path} holds no certificate in PEM") from None
    if not signing.is_signed_by(certificate, signer.certificate):
        raise CertsError(f"the authority in {directory} has not signed {path}, and cannot revoke it")
    return certificate


def _revoked_in(directory: Path, signer: Authority) -> x509.CertificateRevocationList | None:
    """Return the list of a directory; None if there is none."""
    path = directory / CRL
    try:
        content = path.read_bytes()
        [revoked] = lists_in(content, signer.certificate.public_bytes(serialization.Encoding.PEM))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise CertsError(f"cannot read {path}: {error.strerror}") from None
    except (BadRevocations, ValueError) as error:
        raise CertsError(f"{path} cannot be used, and is left as it is: {error}") from None
    return revoked.read


def _signed(
    signer: Authority,
    before: x509.CertificateRevocationList | None,
    new: Sequence[Certified],
    now: datetime.datetime,
) -> bytes:
    """Return a list of what was revoked before and of what is new; it holds as long as its authority."""
    number = 1
    builder = x509.CertificateRevocationListBuilder().issuer_name(signer.certificate.subject)
    until = max(signer.certificate.not_valid_after_utc, now + signing.BACKDATED)
    builder = builder.last_update(now).next_update(until)
    for entry in before or ():
        builder = builder.add_revoked_certificate(entry)
    if before is not None:
        number = before.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number + 1
    for held in new:
        entry = x509.RevokedCertificateBuilder().serial_number(held.serial).revocation_date(now).build()
        builder = builder.add_revoked_certificate(entry)
    signer_key = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(signer.identifier)
    builder = builder.add_extension(x509.CRLNumber(number), critical=False).add_extension(signer_key, critical=False)
    return builder.sign(signer.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
