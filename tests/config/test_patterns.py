"""Words between braces, which each host fills in itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from logagent.config.errors import ConfigError
from logagent.config.loading import load
from logagent.config.settings import Settings
from logagent.terminal.own_agent import own_agent


def loaded(tmp_path: Path, host: str, **settings: str) -> Settings:
    return load(
        {"root": [str(tmp_path)], **{name: [text] for name, text in settings.items()}}, {}, host=host, file=None
    )


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("{hostname}", "web-1"),
        ("eu-{hostname}", "eu-web-1"),
        ("{fqdn}", "web-1.example.org"),
        ("{hostname}.{hostname}", "web-1.web-1"),
        ("db-2", "db-2"),
    ],
)
def test_a_name_holds_that_of_the_machine(tmp_path: Path, text: str, name: str) -> None:
    assert loaded(tmp_path, "web-1.example.org", name=text).name == name


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{hostnam}", "--name: {hostnam} means nothing in a name: {hostname} and {fqdn} do; is {hostname} meant?"),
        ("{name}", "--name: {name} means nothing in a name"),
        ("{fqdn}", "--name: the host name of this machine, web-1, has no domain, so that {fqdn} is not known"),
        ("web-{", "--name: must be a host name"),
    ],
)
def test_what_means_nothing_is_told(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(ConfigError) as error:
        loaded(tmp_path, "web-1", name=text)
    assert str(error.value).startswith(told)


def test_files_of_tls_go_by_the_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=f"{tmp_path}/eu-web-1.pem does not exist"):
        loaded(
            tmp_path,
            "web-1",
            name="eu-{hostname}",
            tls_certificate=f"{tmp_path}/{{name}}.pem",
            tls_key=f"{tmp_path}/{{name}}-key.pem",
        )
    with pytest.raises(ConfigError, match=f"{tmp_path}/web-1/ca.pem does not exist"):
        loaded(tmp_path, "web-1", certs=f"{tmp_path}/{{name}}")


def test_commands_that_look_for_the_own_agent_fill_them_in_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "web-1.example.org")
    file = tmp_path / "logagent.toml"
    file.write_text('name = "eu-{hostname}"\ntls_certificate = "{name}.pem"\n')
    own = own_agent({"LOGAGENT_CONFIG": str(file)}, "/no/such")
    assert own is not None
    assert (own.name, own.path("tls_certificate")) == ("eu-web-1", tmp_path / "eu-web-1.pem")
