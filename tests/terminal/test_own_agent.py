"""The agent of this host, for a command that names none."""

from __future__ import annotations

import shutil
import ssl
from datetime import UTC, datetime
from pathlib import Path

import pytest

from logagent.authority import certs, revoking
from logagent.config.errors import ConfigError
from logagent.peers.client.tls import AgentTls
from logagent.terminal import address
from logagent.terminal.address import AgentAddress, agent_address
from logagent.terminal.arguments import HostsArguments
from testbed.console import typed


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of settings that is looked for by itself; not there yet."""
    monkeypatch.setattr(address, "CONFIG", str(tmp_path / "logagent.toml"))
    return tmp_path / "logagent.toml"


def asked(*argv: str, **environ: str) -> AgentAddress:
    environ = {f"LOGAGENT_{name}": text for name, text in environ.items()}
    return agent_address(typed(HostsArguments, "hosts", *argv), environ)


@pytest.mark.parametrize(
    ("settings", "url"),
    [
        ("", "http://127.0.0.1:8000"),
        ('listen = "127.0.0.1:9000"', "http://127.0.0.1:9000"),
        ('listen = ["http://0.0.0.0:9000"]', "http://127.0.0.1:9000"),
        ('listen = ["[::]:9000"]', "http://[::1]:9000"),
        ('listen = ["http://10.0.0.2:1", "http://localhost:9000"]', "http://localhost:9000"),
        ('listen = ["https://0.0.0.0:8443", "http://127.0.0.1:9000"]\ncerts = "certs"', "http://127.0.0.1:9000"),
        ('listen = ["https://0.0.0.0:8443", "unix:run/agent.sock"]', "unix:{}/run/agent.sock"),
        ('listen = ["127.0.0.1:0"]', "http://127.0.0.1:8000"),
    ],
)
def test_it_is_reached_where_it_listens_in_cleartext_if_it_does(config: Path, settings: str, url: str) -> None:
    config.write_text(settings)
    assert asked() == AgentAddress(url.format(config.parent), None)


def test_without_settings_the_default_address_is_asked(config: Path) -> None:
    assert asked().url == "http://127.0.0.1:8000"


def test_who_names_an_agent_is_not_asked_for_settings(config: Path) -> None:
    config.write_text("no settings")
    assert asked("--agent", "http://10.0.0.2:1").url == "http://10.0.0.2:1"
    assert asked(AGENT="http://10.0.0.3:1").url == "http://10.0.0.3:1"


def test_the_environment_that_an_agent_was_started_with_goes_before_files(config: Path, tmp_path: Path) -> None:
    config.write_text('listen = "127.0.0.1:9000"')
    other = tmp_path / "other.toml"
    other.write_text('listen = "127.0.0.1:9001"')
    assert asked(CONFIG=str(other)).url == "http://127.0.0.1:9001"
    listen = "https://0.0.0.0:8443,http://0.0.0.0:9002"
    assert asked(CONFIG=str(other), LISTEN=listen).url == "http://127.0.0.1:9002"


@pytest.mark.parametrize("settings", ["listen = 'nowhere'", "lissten = '127.0.0.1:1'", "no settings"])
def test_settings_that_cannot_be_used_are_told_with_their_file(config: Path, settings: str) -> None:
    config.write_text(settings)
    with pytest.raises(ConfigError) as error:
        asked()
    assert str(error.value).startswith(str(config))


def test_a_file_of_settings_that_is_named_must_be_there(config: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        asked(CONFIG="/no/such.toml")


@pytest.fixture
def certificates(tmp_path: Path) -> Path:
    """A directory with certificates for web-1, this host, and for laptop."""
    directory = tmp_path / "certs"
    now = datetime.now(UTC)
    certs.init(directory, now=now)
    for name in ("web-1", "laptop"):
        certs.host(name, directory, now=now)
    return directory


def tls_of(found: AgentAddress) -> AgentTls:
    assert isinstance(found.tls, AgentTls)
    return found.tls


def test_over_tls_it_is_shown_its_own_certificate_and_must_prove_its_name(config: Path, certificates: Path) -> None:
    config.write_text('name = "web-1"\nlisten = "0.0.0.0:8443"\ncerts = "certs"')
    found = asked()
    tls = tls_of(found)
    assert (found.url, tls.file, tls.name) == ("https://127.0.0.1:8443", "web-1.pem", "web-1")
    pem = "\n".join(f'tls_{part} = "certs/{file}.pem"' for part, file in FILES.items())
    config.write_text(f'name = "other"\nlisten = "0.0.0.0:8443"\n{pem}')
    tls = tls_of(asked())
    assert (tls.file, tls.name) == ("web-1.pem", "web-1")


FILES = {"ca": "ca", "certificate": "web-1", "key": "web-1-key"}


def test_a_certificate_of_ones_own_is_shown_instead_and_the_authority_is_the_hosts(
    config: Path, certificates: Path, tmp_path: Path
) -> None:
    config.write_text('name = "web-1"\nlisten = "0.0.0.0:8443"\ncerts = "certs"')
    own = shutil.copytree(certificates, tmp_path / "own")
    for found in (
        asked("--cert", str(own / "laptop.pem"), "--key", str(own / "laptop-key.pem")),
        asked(CERTS=str(own), NAME="laptop"),
    ):
        tls = tls_of(found)
        assert (tls.file, tls.name) == ("laptop.pem", "web-1")


def test_a_list_of_revoked_certificates_beside_the_authority_counts(config: Path, certificates: Path) -> None:
    der = ssl.PEM_cert_to_DER_cert((certificates / "laptop.pem").read_text())
    config.write_text('name = "web-1"\nlisten = "0.0.0.0:8443"\ncerts = "certs"')
    assert tls_of(asked()).objection is None
    revoking.revoke("laptop", certificates, now=datetime.now(UTC))
    objection = tls_of(asked()).objection
    assert objection is not None
    assert objection(der) == "it was revoked by its authority"


def test_a_key_that_is_not_there_for_this_user_says_what_else_would_do(config: Path, certificates: Path) -> None:
    config.write_text('name = "web-1"\nlisten = "0.0.0.0:8443"\ncerts = "certs"')
    (certificates / "web-1-key.pem").unlink()
    with pytest.raises(ConfigError, match=r"web-1-key.pem does not exist.*http://127.0.0.1:8000 too, or show") as error:
        asked()
    assert error.value.where == str(config)
