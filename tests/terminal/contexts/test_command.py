"""The command `context`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from testbed.console import Console

FILE = """current = "prod"
[context.prod]
agent = "https://logs-1:8443"
token_command = "pass show hunter2"
host = ["web-*", "db-1"]
[context.edge]
peers = ["web-1=ssh://web-1"]
"""


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "logagent").mkdir()
    path = tmp_path / "logagent" / "config.toml"
    path.write_text(FILE)
    path.chmod(0o600)
    return {"XDG_CONFIG_HOME": str(tmp_path)}


def test_list_marks_the_one_that_is_used(environ: dict[str, str], console: Console) -> None:
    assert console.run("context", "list", environ=environ) == 0
    assert console.data.splitlines() == [
        "   CONTEXT  ASKS                 PROVES WITH",
        "*  prod     https://logs-1:8443  token_command",
        "   edge     web-1=ssh://web-1    -",
    ]
    other = Console()
    other.run("context", "list", environ={**environ, "LOGAGENT_CONTEXT": "edge"})
    assert other.data.splitlines()[2].startswith("*  edge")


def test_list_and_show_give_json_without_secrets(environ: dict[str, str], console: Console) -> None:
    console.run("context", "list", "-o", "json", environ=environ)
    listed = json.loads(console.data)["contexts"]
    assert [(each["name"], each["used"]) for each in listed] == [("prod", True), ("edge", False)]
    assert listed[0]["token_command"] == "pass ..."
    other = Console()
    other.run("context", "show", "-o", "json", environ=environ)
    assert json.loads(other.data)["values"]["agent"] == {"value": "https://logs-1:8443", "from": "context prod"}
    assert "hunter2" not in console.data + other.data


def test_show_says_where_each_value_comes_from(environ: dict[str, str], console: Console) -> None:
    file = f"{environ['XDG_CONFIG_HOME']}/logagent/config.toml"
    variables = {"LOGAGENT_CERTS": "/certs", "LOGAGENT_NAME": "bob"}
    assert console.run("context", "show", environ={**environ, **variables}) == 0
    assert [line.split(None, 1) for line in console.data.splitlines()[1:]] == [
        ["context", f"prod                 {file}: current"],
        ["agent", "https://logs-1:8443  context prod"],
        ["certs", "/certs               LOGAGENT_CERTS"],
        ["name", "bob                  LOGAGENT_NAME"],
        ["token_command", "pass ...             context prod"],
        ["host", "web-*, db-1          context prod"],
    ]
    assert "hunter2" not in console.data


def test_show_follows_what_goes_before_a_context(environ: dict[str, str], console: Console) -> None:
    console.run("context", "show", environ={**environ, "LOGAGENT_AGENT": "http://10.0.0.9:8000"})
    assert "http://10.0.0.9:8000" in console.data
    assert "pass" not in console.data
    assert "web-*" not in console.data


def test_show_without_a_context_says_what_is_asked_then(tmp_path: Path, console: Console) -> None:
    assert console.run("context", "show", environ={"HOME": str(tmp_path)}) == 0
    rows = [line.split() for line in console.data.splitlines()[1:]]
    assert rows == [["context", "none"], ["agent", "http://127.0.0.1:8000", "the", "default"]]
    settings, other = tmp_path / "logagent.toml", Console()
    settings.write_text('listen = ["127.0.0.1:8123"]')
    other.run("context", "show", environ={"HOME": str(tmp_path), "LOGAGENT_CONFIG": str(settings)})
    assert f"http://127.0.0.1:8123  {settings}" in other.data


@pytest.mark.parametrize("act", [("show", "prd"), ("use", "prd")])
def test_a_context_that_is_not_there_is_told(environ: dict[str, str], console: Console, act: tuple[str, ...]) -> None:
    assert console.run("context", *act, environ=environ) == 2
    assert "has no context 'prd'; did you mean 'prod'?" in console.talk


def test_use_changes_which_one_is_used(environ: dict[str, str], console: Console) -> None:
    assert console.run("context", "use", "edge", environ=environ) == 0
    assert console.data.endswith("config.toml: current is edge\n")
    assert console.talk == ""
    console.run("context", "use", "prod", environ={**environ, "LOGAGENT_CONTEXT": "edge"})
    assert console.talk == "logagent: LOGAGENT_CONTEXT is set, and goes before: commands use edge\n"
    path = Path(environ["XDG_CONFIG_HOME"]) / "logagent" / "config.toml"
    assert path.read_text() == FILE


def test_without_a_home_there_is_no_file(console: Console) -> None:
    assert console.run("context", "list") == 2
    assert "one of them says where the file of contexts is" in console.talk
