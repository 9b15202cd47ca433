"""The files of TLS: which one is wrong, and what would be right."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from logagent.config.tls_files import BadTlsFile, NoTlsFile, TlsFiles, check, find
from testbed.certificates import Pki, make_pki
from testbed.trees import Unprivileged


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return make_pki(tmp_path_factory.mktemp("tls") / "ours")


def refused(files: TlsFiles) -> tuple[str, str]:
    with pytest.raises(BadTlsFile) as caught:
        check(files)
    return caught.value.part, str(caught.value)


def test_files_that_belong_together_are_good(pki: Pki) -> None:
    check(TlsFiles(pki.ca, *pki.pair("good")))
    check(TlsFiles(pki.ca))
    check(TlsFiles())


@pytest.mark.parametrize(
    "content", [b"", b"garbage", b"\xff\xfe", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
@pytest.mark.parametrize("part", ["ca", "certificate"])
def test_file_without_a_certificate_is_named(pki: Pki, tmp_path: Path, part: str, content: bytes) -> None:
    bad = tmp_path / "bad.pem"
    bad.write_bytes(content)
    files = TlsFiles(pki.ca, *pki.pair("good"))._replace(**{part: bad})
    assert refused(files) == (part, f"{bad} holds no certificate in PEM")


def test_directory_that_may_not_be_searched_is_told(pki: Pki, tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir()
    (closed / "ca.pem").write_bytes(pki.ca.read_bytes())
    closed.chmod(0o700)
    with Unprivileged(), pytest.raises(BadTlsFile, match=rf"{closed}/ca.pem may not be looked for by this user") as bad:
        find(closed, "web-1", ca=None, certificate=None, key=None)
    assert bad.value.part == "ca"


def test_file_without_a_key_is_named(pki: Pki) -> None:
    certificate, _ = pki.pair("good")
    assert refused(TlsFiles(pki.ca, certificate, certificate)) == ("key", f"{certificate} holds no private key in PEM")


def test_damaged_key_is_named(pki: Pki, tmp_path: Path) -> None:
    certificate, key = pki.pair("good")
    bad = tmp_path / "key.pem"
    lines = key.read_text().splitlines()
    bad.write_text("\n".join([lines[0], "A" * 64, lines[-1]]) + "\n")
    part, message = refused(TlsFiles(pki.ca, certificate, bad))
    assert (part, message.startswith(f"{bad} cannot be used: ")) == ("key", True)


def test_key_of_another_certificate_is_named_with_it(pki: Pki) -> None:
    certificate, key = pki.pair("good")[0], pki.pair("soon")[1]
    expected = f"{key} is not the key of {certificate}; give the two that were made together"
    assert refused(TlsFiles(pki.ca, certificate, key)) == ("key", expected)


@pytest.mark.parametrize(
    "form", [serialization.PrivateFormat.PKCS8, serialization.PrivateFormat.TraditionalOpenSSL], ids=["pkcs8", "old"]
)
def test_encrypted_key_is_refused_without_asking_for_its_passphrase(
    pki: Pki, tmp_path: Path, form: serialization.PrivateFormat
) -> None:
    certificate, key = pki.pair("good")
    plain = serialization.load_pem_private_key(key.read_bytes(), None)
    bad = tmp_path / "key.pem"
    bad.write_bytes(
        plain.private_bytes(serialization.Encoding.PEM, form, serialization.BestAvailableEncryption(b"secret"))
    )
    part, message = refused(TlsFiles(pki.ca, certificate, bad))
    assert (part, message.startswith(f"{bad} is encrypted, and nobody is there to type its passphrase")) == (
        "key",
        True,
    )


def test_file_that_may_not_be_read_is_named(tmp_path_of_all: Path) -> None:
    pki = make_pki(tmp_path_of_all / "ours")
    certificate, key = pki.pair("good")
    for path in (pki.ca.parent, certificate.parent, pki.ca, certificate):
        path.chmod(0o755)
    key.chmod(0)
    with Unprivileged():
        part, message = refused(TlsFiles(pki.ca, certificate, key))
    assert (part, message.startswith(f"{key} may not be read by this user")) == ("key", True)


def test_file_that_cannot_be_read_is_named(pki: Pki, tmp_path: Path) -> None:
    assert refused(TlsFiles(tmp_path)) == ("ca", f"{tmp_path} cannot be read: Is a directory")


def test_directory_in_place_of_a_file_is_called_so(tmp_path: Path) -> None:
    with pytest.raises(NoTlsFile, match="is no file"):
        find(None, "web-1", ca=tmp_path, certificate=None, key=None)
