"""The names that a certificate proves."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from logagent.admitting.certificate_names import names_in


def certificate(file: Path, subject: str, *alternatives: str) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)] if subject else [])
    made = x509.CertificateBuilder(name, name, key.public_key(), 7)
    made = made.not_valid_before(datetime(2026, 1, 1, tzinfo=UTC)).not_valid_after(datetime(2036, 1, 1, tzinfo=UTC))
    if alternatives:
        names = x509.SubjectAlternativeName(list(map(x509.DNSName, alternatives)))
        made = made.add_extension(names, critical=False)
    file.write_bytes(made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    return file


def test_its_subject_and_its_alternatives_are_its_names(tmp_path: Path) -> None:
    made = certificate(tmp_path / "a.pem", "web-1", "web-1.internal", "*.fleet.example")
    assert names_in(made) == ["web-1", "web-1.internal", "*.fleet.example"]


def test_a_certificate_without_names_proves_none(tmp_path: Path) -> None:
    assert names_in(certificate(tmp_path / "a.pem", "")) == []


def test_of_a_chain_the_first_certificate_counts(tmp_path: Path) -> None:
    first, second = certificate(tmp_path / "a.pem", "web-1"), certificate(tmp_path / "b.pem", "authority")
    (tmp_path / "chain.pem").write_bytes(first.read_bytes() + second.read_bytes())
    assert names_in(tmp_path / "chain.pem") == ["web-1"]


def test_what_is_no_certificate_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.pem").write_text("nothing")
    with pytest.raises(OSError, match="holds no certificate"):
        names_in(tmp_path / "a.pem")
