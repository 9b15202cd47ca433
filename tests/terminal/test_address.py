"""Whom a command asks."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from logagent.authority import certs
from logagent.config.errors import ConfigError
from logagent.terminal.address import AgentAddress, agent_address
from logagent.terminal.arguments import HostsArguments, QueryArguments
from testbed.console import typed


@pytest.mark.parametrize(
    ("argv", "environ", "url"),
    [
        ([], {}, "http://127.0.0.1:8000"),
        ([], {"LOGAGENT_AGENT": "http://10.0.0.2:8000/"}, "http://10.0.0.2:8000"),
        (["--agent", "https://10.0.0.3:1"], {"LOGAGENT_AGENT": "http://10.0.0.2:8000"}, "https://10.0.0.3:1"),
        (["--agent", "[::1]:8000"], {}, "http://[::1]:8000"),
        (["--agent", "unix:/run/agent.sock"], {}, "unix:/run/agent.sock"),
        ([], {"LOGAGENT_AGENT": "unix:///run/agent.sock"}, "unix:/run/agent.sock"),
        (["--agent", "unix:agent.sock"], {}, f"unix:{Path('agent.sock').absolute()}"),
    ],
)
def test_agent_is_that_of_the_flag_or_the_environment_or_this_machine(
    argv: list[str], environ: dict[str, str], url: str
) -> None:
    assert agent_address(typed(QueryArguments, "query", "f", *argv), environ).url == url


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    now = datetime.now(UTC)
    certs.init(tmp_path, now=now)
    certs.host("admin", tmp_path, now=now)
    return tmp_path


def address(*flags: str, **environ: str) -> AgentAddress:
    typed_flags = typed(HostsArguments, "hosts", "--agent", "https://web-1:8443", *flags)
    return agent_address(typed_flags, {f"LOGAGENT_{name}": value for name, value in environ.items()})


def test_certificates_are_those_of_flags_or_of_the_environment(directory: Path) -> None:
    ca, cert, key = (str(directory / name) for name in ("ca.pem", "admin.pem", "admin-key.pem"))
    for found in (
        address("--certs", str(directory), "--name", "admin"),
        address(CERTS=str(directory), NAME="admin"),
        address("--ca", ca, "--cert", cert, "--key", key),
    ):
        assert found.tls is not None
        assert [authority["subject"] for authority in found.tls.get_ca_certs()]


def test_without_certificates_the_systems_authorities_are_trusted(directory: Path) -> None:
    assert address().tls is None


def test_agent_without_tls_needs_no_certificates() -> None:
    plain = typed(HostsArguments, "hosts", "--agent", "http://web-1:8000", "--certs", "/no/such")
    assert agent_address(plain, {}) == AgentAddress("http://web-1:8000", None)


def test_a_name_without_a_certificate_is_told_those_that_have_one(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").touch()
    with pytest.raises(ConfigError, match=rf"db-7.pem does not exist; `logagent certs client NAME {tmp_path}`, where"):
        address("--certs", str(tmp_path), "--name", "db-7")
    for name in ("ca", "web-1"):
        (tmp_path / f"{name}-key.pem").touch()
    with pytest.raises(ConfigError, match=r"db-7.pem does not exist; there is a key of web-1: say --name web-1$"):
        address("--certs", str(tmp_path), "--name", "db-7")


@pytest.mark.parametrize(
    ("flags", "environ", "message"),
    [
        (("--certs", "/no/such"), {}, "--certs: /no/such/ca.pem does not exist; copy it from"),
        ((), {"CERTS": "/no/such"}, "LOGAGENT_CERTS: /no/such/ca.pem does not exist; copy it from"),
        (("--key", __file__), {}, "--ca, --cert, --key: a certificate and its key are needed together"),
        (("--cert", __file__), {}, "--ca, --cert, --key: a certificate and its key are needed together"),
    ],
)
def test_certificates_that_cannot_be_used_are_told(
    flags: tuple[str, ...], environ: dict[str, str], message: str
) -> None:
    with pytest.raises(ConfigError) as error:
        address(*flags, **environ)
    assert str(error.value).startswith(message)


@pytest.mark.parametrize(
    ("argv", "environ", "where"),
    [(["--agent", "ftp://x"], {}, "--agent"), ([], {"LOGAGENT_AGENT": "ftp://x"}, "LOGAGENT_AGENT")],
)
def test_url_that_is_none_is_told_with_where_it_came_from(argv: list[str], environ: dict[str, str], where: str) -> None:
    with pytest.raises(ConfigError) as error:
        agent_address(typed(HostsArguments, "hosts", *argv), environ)
    assert error.value.where == where
