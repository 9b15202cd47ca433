"""Revoking: what the authority's list holds afterwards, and what it never loses."""

from __future__ import annotations

import errno
import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from logagent.authority import certs, revoking
from logagent.authority.client_certs import client
from logagent.authority.signing import ISSUED, CertsError
from logagent.core.access.certified import Certified, certified
from logagent.core.access.revoked import lists_in

NOW = datetime.now(UTC)
DAY = timedelta(days=1)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    made = tmp_path / "certs"
    certs.init(made, now=NOW - 30 * DAY)
    certs.host("web-1", made, now=NOW)
    client("alice", made, now=NOW)
    client("bob", made, now=NOW)
    return made


def read(path: Path) -> Certified:
    return certified(x509.load_pem_x509_certificate(path.read_bytes()).public_bytes(Encoding.DER))


def is_revoked(directory: Path, *held: Certified) -> list[bool]:
    [listed] = lists_in((directory / "crl.pem").read_bytes(), (directory / "ca.pem").read_bytes())
    return [listed.holds(each) for each in held]


def number(directory: Path) -> int:
    listed = x509.load_pem_x509_crl((directory / "crl.pem").read_bytes())
    return listed.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number


def test_a_list_grows_and_is_signed_by_the_authority(directory: Path) -> None:
    alice, bob, web = (read(directory / f"{name}.pem") for name in ("alice", "bob", "web-1"))
    path, revoked = revoking.revoke("alice", directory, now=NOW)
    assert (path, revoked) == (directory / "crl.pem", [alice])
    assert is_revoked(directory, alice, bob, web) == [True, False, False]
    revoking.revoke("web-1", directory, now=NOW)
    assert is_revoked(directory, alice, bob, web) == [True, False, True]
    assert number(directory) == 2


def test_it_holds_as_long_as_the_authority(directory: Path) -> None:
    path, _ = revoking.revoke("alice", directory, now=NOW)
    authority = x509.load_pem_x509_certificate((directory / "ca.pem").read_bytes())
    assert x509.load_pem_x509_crl(path.read_bytes()).next_update_utc == authority.not_valid_after_utc


def test_of_a_name_all_certificates_are_revoked_also_those_that_were_replaced(directory: Path) -> None:
    replaced = read(directory / "alice.pem")
    client("alice", directory, now=NOW, overwrite=True)
    current = read(directory / "alice.pem")
    revoking.revoke("alice", directory, now=NOW)
    assert is_revoked(directory, replaced, current) == [True, True]
    client("alice", directory, now=NOW, overwrite=True)
    assert is_revoked(directory, read(directory / "alice.pem")) == [False]


def test_a_renewed_certificate_is_not_revoked_with_the_one_before(directory: Path) -> None:
    before = read(directory / "alice.pem")
    client("alice", directory, now=NOW, overwrite=True)
    revoking.revoke(before.fingerprint, directory, now=NOW)
    assert is_revoked(directory, before, read(directory / "alice.pem")) == [True, False]


@pytest.mark.parametrize("form", [str, str.upper, lambda digits: ":".join(re.findall("..", digits))])
def test_a_fingerprint_is_known_as_programs_print_it(directory: Path, form: object) -> None:
    assert callable(form)
    alice = read(directory / "alice.pem")
    _, revoked = revoking.revoke(form(alice.fingerprint), directory, now=NOW)
    assert revoked == [alice]


def test_a_file_names_one_certificate(directory: Path, tmp_path: Path) -> None:
    copy = tmp_path / "from-her-laptop.pem"
    copy.write_bytes((directory / "alice.pem").read_bytes())
    _, revoked = revoking.revoke(str(copy), directory, now=NOW)
    assert revoked == [read(copy)]


def test_what_was_made_before_there_was_a_list_is_found_by_its_file(directory: Path) -> None:
    (directory / ISSUED).unlink()
    _, revoked = revoking.revoke("alice", directory, now=NOW)
    assert [held.name for held in revoked] == ["alice"]


def test_revoking_again_changes_nothing(directory: Path) -> None:
    path, _ = revoking.revoke("alice", directory, now=NOW)
    before = path.read_bytes()
    assert revoking.revoke("alice", directory, now=NOW) == (path, [])
    assert path.read_bytes() == before


def test_what_has_ended_needs_no_revoking(directory: Path) -> None:
    client("carol", directory, now=NOW - 20 * DAY, days=10)
    with pytest.raises(CertsError, match=r"nobody's name in a certificate of the authority in .* that has not ended"):
        revoking.revoke("carol", directory, now=NOW)


@pytest.mark.parametrize(
    ("which", "said"),
    [
        ("nobody", "'nobody' is no file, no fingerprint by SHA-256, and nobody's name"),
        ("0" * 64, "put it into the file that the agents' setting `revoked` names"),
        ("ca-key.pem", "holds no certificate in PEM"),
        ("ca.pem", "has not signed .*ca.pem, and cannot revoke it"),
        ("theirs.pem", "has not signed .*theirs.pem, and cannot revoke it"),
    ],
)
def test_what_cannot_be_revoked_is_told(directory: Path, tmp_path: Path, which: str, said: str) -> None:
    certs.init(tmp_path / "theirs", now=NOW)
    theirs, _ = client("mallory", tmp_path / "theirs", now=NOW)
    (directory / "theirs.pem").write_bytes(theirs.read_bytes())
    with pytest.raises(CertsError, match=said):
        revoking.revoke(str(directory / which) if which.endswith(".pem") else which, directory, now=NOW)
    assert not (directory / "crl.pem").exists()


def test_a_list_that_cannot_be_read_is_left_as_it_is(directory: Path) -> None:
    (directory / "crl.pem").write_text("garbage")
    with pytest.raises(CertsError, match=r"crl\.pem cannot be used, and is left as it is: it holds no revocation list"):
        revoking.revoke("alice", directory, now=NOW)
    assert (directory / "crl.pem").read_text() == "garbage"


def test_a_full_disk_leaves_the_old_list_whole(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, _ = revoking.revoke("alice", directory, now=NOW)
    before = {file.name: file.read_bytes() for file in directory.iterdir()}

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CertsError, match="No space left"):
        revoking.revoke("bob", directory, now=NOW)
    assert {file.name: file.read_bytes() for file in path.parent.iterdir()} == before


def test_what_was_issued_is_told_with_what_became_of_it(directory: Path) -> None:
    revoking.revoke("alice", directory, now=NOW)
    issued = {each.held.name: each.revoked for each in revoking.issued(directory)}
    assert issued == {"web-1": None, "alice": NOW.replace(microsecond=0), "bob": None}


def test_a_list_of_what_was_issued_that_broke_off_is_read_as_far_as_it_goes(directory: Path) -> None:
    whole = (directory / ISSUED).read_bytes()
    (directory / ISSUED).write_bytes(whole[:-100])
    (directory / "bob.pem").unlink()
    assert {each.held.name for each in revoking.issued(directory)} == {"web-1", "alice"}
    client("carol", directory, now=NOW)
    assert {each.held.name for each in revoking.issued(directory)} == {"web-1", "alice", "carol"}
