"""What a client's certificate proves."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from logagent.authority import certs
from logagent.core.access.caller import Caller, Proof
from logagent.core.access.certified import LONGEST_NAME, MOST_NAMES, CertificateKind, Certified, certified
from logagent.core.access.mirrored import mirrored
from logagent.core.access.rules import Rule, Rules
from logagent.core.wire.certificates import read_certificates
from testbed.made_certificates import ANY, CLIENT, DAY, MAIL, SERVER, make

CN, OU = NameOID.COMMON_NAME, NameOID.ORGANIZATIONAL_UNIT_NAME
ALICE = x509.RFC822Name("alice@example.org")


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("ours")
    certs.init(directory, now=datetime.now(UTC) - 2 * DAY)
    return directory


@pytest.mark.parametrize(
    ("purposes", "kind"),
    [
        ([CLIENT], CertificateKind.PERSON),
        ([CLIENT, MAIL], CertificateKind.PERSON),
        ([SERVER], CertificateKind.HOST),
        ([CLIENT, SERVER], CertificateKind.HOST),
        ([ANY], CertificateKind.HOST),
        ([CLIENT, ANY], CertificateKind.HOST),
        (None, CertificateKind.HOST),
        ([MAIL], CertificateKind.OTHER),
    ],
)
def test_the_purposes_tell_whose_it_is(
    ours: Path, tmp_path: Path, purposes: Sequence[x509.ObjectIdentifier] | None, kind: CertificateKind
) -> None:
    assert certified(make(ours, tmp_path, purposes=purposes).der).kind is kind


def test_an_authority_is_nobody_whatever_its_purposes(ours: Path, tmp_path: Path) -> None:
    assert certified(make(ours, tmp_path, is_authority=True).der).kind is CertificateKind.OTHER


def test_a_hosts_certificate_as_the_program_makes_it_is_a_hosts(ours: Path) -> None:
    certs.host("web-1", ours, addresses=["web-1.example.org"], now=datetime.now(UTC))
    der = x509.load_pem_x509_certificate((ours / "web-1.pem").read_bytes())
    read = certified(der.public_bytes(Encoding.DER))
    assert (read.kind, read.name, read.aliases) == (CertificateKind.HOST, "web-1", {"web-1.example.org"})


ODD = ["o'brien", 'a"b', "unix:root@web-1", "group:ops", "*", "alice@example.org", "zoë", "李", "a b", "anonymous"]


@pytest.mark.parametrize("name", ODD)
def test_an_odd_name_is_taken_as_it_is(ours: Path, tmp_path: Path, name: str) -> None:
    read = certified(make(ours, tmp_path, subject=[(CN, name)]).der)
    assert (read.name, read.fault) == (name, "")


@pytest.mark.parametrize("name", ["a\nb", "a\0b", "a\x1b[0m", "a\u202eb", "a\u200bb", "\ufeffalice", "a\tb"])
@pytest.mark.parametrize("kind", [CN, OU])
def test_what_cannot_be_printed_proves_nobody(
    ours: Path, tmp_path: Path, name: str, kind: x509.ObjectIdentifier
) -> None:
    read = certified(make(ours, tmp_path, subject=[(CN, "alice"), (kind, name)], alternatives=[ALICE]).der)
    assert (read.name, read.aliases, read.groups) == ("", frozenset(), frozenset())
    assert read.fault == "a name in it holds characters that cannot be printed"


def test_the_common_name_counts_and_the_others_are_aliases(ours: Path, tmp_path: Path) -> None:
    others = [ALICE, x509.UniformResourceIdentifier("spiffe://example.org/alice"), x509.DNSName("Laptop.example.org")]
    read = certified(make(ours, tmp_path, alternatives=others).der)
    assert read.name == "alice"
    assert read.aliases == {"alice@example.org", "spiffe://example.org/alice", "laptop.example.org"}


@pytest.mark.filterwarnings("ignore:Attribute's length")
@pytest.mark.parametrize("subject", [[], [(CN, "")], [(CN, "  ")], [(OU, "ops")]])
def test_without_a_common_name_the_first_alternative_counts(
    ours: Path, tmp_path: Path, subject: Sequence[tuple[x509.ObjectIdentifier, str]]
) -> None:
    read = certified(make(ours, tmp_path, subject=subject, alternatives=[ALICE, x509.DNSName("laptop")]).der)
    assert (read.name, read.aliases, read.fault) == ("alice@example.org", {"laptop"}, "")
    nobody = certified(make(ours, tmp_path, subject=subject).der)
    assert (nobody.name, nobody.fault) == ("", "it names nobody")


def test_of_several_common_names_the_most_specific_counts(ours: Path, tmp_path: Path) -> None:
    read = certified(make(ours, tmp_path, subject=[(CN, "Users"), (OU, "ops"), (OU, "dba"), (CN, "alice")]).der)
    assert (read.name, read.aliases, read.groups) == ("alice", frozenset(), {"ops", "dba"})


def test_the_same_name_twice_is_one(ours: Path, tmp_path: Path) -> None:
    read = certified(make(ours, tmp_path, subject=[(CN, "alice@example.org")], alternatives=[ALICE]).der)
    assert (read.name, read.aliases) == ("alice@example.org", frozenset())


def test_addresses_and_directories_name_no_person(ours: Path, tmp_path: Path) -> None:
    address = x509.IPAddress(ip_address("10.0.0.1"))
    directory = x509.DirectoryName(x509.Name([x509.NameAttribute(CN, "bob")]))
    read = certified(make(ours, tmp_path, alternatives=[address, directory]).der)
    assert (read.name, read.aliases) == ("alice", frozenset())


@pytest.mark.filterwarnings("ignore:Attribute's length")
def test_too_many_or_too_long_names_prove_nobody(ours: Path, tmp_path: Path) -> None:
    many = [x509.DNSName(f"a{number}") for number in range(MOST_NAMES)]
    assert certified(make(ours, tmp_path, alternatives=many).der).fault == f"it has more than {MOST_NAMES} names"
    long = certified(make(ours, tmp_path, subject=[(OU, "a" * (LONGEST_NAME + 1)), (CN, "alice")]).der)
    assert (long.name, long.fault) == ("", f"a name in it is longer than {LONGEST_NAME} characters")


def test_its_end_its_serial_and_its_fingerprint(ours: Path, tmp_path: Path) -> None:
    der = make(ours, tmp_path).der
    read, written = certified(der), x509.load_der_x509_certificate(der)
    assert (read.ends, read.serial) == (written.not_valid_after_utc.timestamp(), written.serial_number)
    assert read.fingerprint == hashlib.sha256(der).hexdigest() == written.fingerprint(SHA256()).hex()


def test_what_is_no_certificate_proves_nothing() -> None:
    read = certified(b"garbage")
    assert read == Certified(
        CertificateKind.OTHER,
        "",
        frozenset(),
        frozenset(),
        read.fingerprint,
        frozenset({read.fingerprint}),
        "",
        0,
        0,
        "it cannot be read",
    )


def test_a_certificate_whose_signature_was_mirrored_is_valid_and_still_known(ours: Path, tmp_path: Path) -> None:
    der = make(ours, tmp_path).der
    authority = x509.load_pem_x509_certificate((ours / "ca.pem").read_bytes())
    valid = []
    for form in mirrored(x509.load_der_x509_certificate(der)):
        twin = x509.load_der_x509_certificate(form)
        try:
            twin.verify_directly_issued_by(authority)
        except Exception:
            continue
        valid.append(form)
    [twin_der] = valid
    assert certified(twin_der).fingerprint != certified(der).fingerprint
    assert certified(der).fingerprint in certified(twin_der).fingerprints


@pytest.mark.parametrize("curve", [ec.SECP384R1(), ec.SECP521R1()])
def test_the_orders_of_the_other_curves(curve: ec.EllipticCurve) -> None:
    key = ec.generate_private_key(curve)
    name = x509.Name([x509.NameAttribute(CN, "a")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = builder.serial_number(1).not_valid_before(now).not_valid_after(now + DAY).sign(key, SHA256())
    valid = 0
    for form in mirrored(made):
        try:
            x509.load_der_x509_certificate(form).verify_directly_issued_by(made)
            valid += 1
        except Exception:
            continue
    assert valid == 1


@pytest.mark.parametrize(
    ("who", "accepted"),
    [
        ("cert:alice", True),
        ("cert:alice@example.org", True),
        ("cert:*@example.org", True),
        ("cert:*@example.com", False),
        ("token:alice@example.org", False),
        ("group:alice@example.org", False),
    ],
)
def test_a_rule_may_name_any_name_of_a_certificate(who: str, accepted: bool) -> None:
    caller = Caller(Proof.CERT, "alice", aliases=frozenset({"alice@example.org"}))
    assert Rules([Rule(True, (who,))]).accepts(caller, "web-1") is accepted


@pytest.mark.filterwarnings("ignore:Attribute's length", "ignore:Parsed a serial number")
def test_no_byte_makes_a_certificate_one_that_cannot_be_judged(ours: Path, tmp_path: Path) -> None:
    names = [ALICE, x509.UniformResourceIdentifier("urn:x"), x509.DNSName("laptop")]
    der = make(ours, tmp_path, subject=[(OU, "ops"), (CN, "alice")], alternatives=names).der
    for at in range(len(der)):
        for byte in (0x00, 0x66, 0xFF, der[at] ^ 0x01):
            changed = der[:at] + bytes([byte]) + der[at + 1 :]
            assert certified(changed).fingerprint == hashlib.sha256(changed).hexdigest()
            read_certificates(changed)
