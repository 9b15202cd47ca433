"""The file of contexts: what it may hold, who else may touch it, and what is said where something is wrong."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from logagent.config.errors import ConfigError
from logagent.core.access.tokens import RANDOM_BYTES, token_of
from logagent.terminal.contexts.reading import ContextFile, read

PROD = '[context.prod]\nagent = "https://logs-1:8443"\n'
TOKEN = token_of(bytes(RANDOM_BYTES))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def written(path: Path, text: str, mode: int = 0o600) -> ContextFile:
    path.write_text(text)
    path.chmod(mode)
    return read(path)


def test_a_context_holds_its_values_with_paths_that_lead_there_from_anywhere(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/home/alice")
    here = path.parent
    prod = written(
        path,
        'current = "prod"\n[context.prod]\nagent = "unix:run/agent.sock"\ncerts = "~/certs"\nname = "alice"\n'
        'ca = "ca.pem"\ncert = "/etc/a.pem"\nkey = "a-key.pem"\ntoken_command = "./print token"\nhost = "web-*"\n'
        'prefix = "never"\nzone = "local"\n',
    )
    assert prod.current == "prod"
    assert prod.contexts["prod"].given == {
        "agent": f"unix:{here}/run/agent.sock",
        "certs": "/home/alice/certs",
        "name": "alice",
        "ca": f"{here}/ca.pem",
        "cert": "/etc/a.pem",
        "key": f"{here}/a-key.pem",
        "token_command": f"{here}/print token",
        "host": ("web-*",),
        "prefix": "never",
        "zone": "local",
    }


def test_peers_are_kept_as_they_are_given_but_for_paths(path: Path) -> None:
    text = '[context.edge]\npeers = ["web-1=ssh://web-1", "ssh://web-2", "db-1=unix:db.sock"]\npeers_from = "hosts"\n'
    given = written(path, text).contexts["edge"].given
    assert given["peers"] == ("web-1=ssh://web-1", "ssh://web-2", f"db-1=unix:{path.parent}/db.sock")
    assert given["peers_from"] == f"{path.parent}/hosts"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = ", "is not TOML"),
        ('curent = "prod"\n', "unknown key 'curent'; did you mean 'current'?"),
        ('agent = "http://a"\n', "unknown key 'agent'; it belongs below [context.NAME]"),
        ("current = 3\n", 'current: must be the name of a context, such as current = "prod"'),
        ("context = 3\n", "context: must be tables with a name, such as [context.prod]"),
        ("[context]\nprod = 3\n", "context: must be tables with a name"),
        ("[context.prod]\n", "context prod: names nobody to ask: give agent"),
        (PROD + 'tokn_file = "x"\n', "context prod: unknown key 'tokn_file'; did you mean 'token_file'?"),
        (PROD + 'tokenfile = "x"\n', "did you mean 'token_file'?"),
        (PROD + 'zzz = "x"\n', "unknown key 'zzz'; known are agent, peers"),
        (PROD + "certs = 3\n", "context prod: certs: must be a text between quotation marks"),
        (PROD + 'certs = ""\n', "context prod: certs: must be a text"),
        (PROD + "host = [3]\n", "context prod: host: must be a list of texts, such as"),
        (PROD + "host = []\n", "context prod: host: must be a list of texts, such as"),
        (PROD + 'prefix = "maybe"\n', "context prod: prefix: must be one of 'auto', 'always', 'never'"),
        (PROD + 'zone = "Europe/Berlin"\n', "context prod: zone: must be one of 'utc', 'local'"),
        ('[context.prod]\nagent = "ftp://a"\n', "context prod: agent: must be an agent's URL"),
        (PROD + 'peers = ["web-1=ssh://web-1"]\n', "peers: an agent knows its own peers"),
        (PROD + 'cert = "a.pem"\n', "cert: a certificate and its key are needed together: give key too"),
        (PROD + 'token_file = "a"\ntoken_command = "b"\n', "token_command: one token is sent"),
        (PROD + 'token_command = "a \'b"\n', "token_command: cannot be taken apart"),
        ('[context.none]\nagent = "http://a"\n', "a context cannot be called 'none'"),
        ('[context."a b"]\nagent = "http://a"\n', "a context cannot be called 'a b'"),
        ('[context.3]\nagent = "http://a"\n', "a context cannot be called '3'"),
    ],
)
def test_what_is_wrong_is_told_with_its_place_and_what_would_be_right(path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError) as error:
        written(path, text)
    assert str(error.value).startswith(f"{path}: ")
    assert message in str(error.value)


@pytest.mark.parametrize(
    "line", [f'token = "{TOKEN}"', f'token_file = "{TOKEN}"', f'token_command = "echo {TOKEN}"', 'password = "hunter2"']
)
@pytest.mark.parametrize("above", ["", PROD])
def test_a_token_itself_is_refused_and_not_repeated(path: Path, line: str, above: str) -> None:
    with pytest.raises(ConfigError) as error:
        written(path, above + line + "\n")
    assert TOKEN not in str(error.value)
    assert "hunter2" not in str(error.value)
    assert above == "" or "put it into one that only you can read (chmod 600)" in str(error.value)


def test_a_context_that_is_not_there_is_told_with_the_nearest(path: Path) -> None:
    file = written(path, PROD)
    with pytest.raises(ConfigError, match=r"^--context: .*config.toml has no context 'prd'; did you mean 'prod'\?$"):
        file.named("prd", "--context")
    with pytest.raises(ConfigError, match=r"no context 'edge'; there are prod$"):
        file.named("edge", "--context")


def test_a_file_that_is_not_there_is_told_with_how_one_is_made(path: Path) -> None:
    with pytest.raises(ConfigError, match=r"does not exist; a context is made by writing one there: \[context.prod\]"):
        read(path)


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604])
def test_others_may_read_it_unless_it_holds_a_secret(path: Path, mode: int) -> None:
    path.touch()
    if os.geteuid() == 0:
        os.chown(path, 0, 0)
    assert written(path, PROD + 'token_file = "t"\n', mode)
    text = PROD + 'token_command = "pass show logagent"\n'
    if os.geteuid() == 0 and not mode & 0o004:  # root's may be readable for a group
        assert written(path, text, mode)
        return
    with pytest.raises(ConfigError, match=r"holds token_command of context prod, .* others can read it: `chmod \S+ /"):
        written(path, text, mode)


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_a_file_that_others_can_write_is_refused_and_the_command_named_that_mends_it(path: Path, mode: int) -> None:
    with pytest.raises(ConfigError, match=rf"others can write it, .*: `chmod go-w {path}`$"):
        written(path, PROD, mode)


@pytest.mark.parametrize(("mode", "refused"), [(0o777, True), (0o770, True), (0o1777, False), (0o755, False)])
def test_nor_may_others_put_another_file_in_its_place(path: Path, mode: int, refused: bool) -> None:
    path.parent.chmod(mode)
    if not refused:
        assert written(path, PROD)
        return
    with pytest.raises(ConfigError, match=rf"others can put another file in its place: `chmod go-w {path.parent}`$"):
        written(path, PROD)


def test_a_link_is_followed_and_both_directories_are_looked_at(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "linked").mkdir()
    written(tmp_path / "real" / "config.toml", PROD)
    link = tmp_path / "linked" / "config.toml"
    link.symlink_to("../real/config.toml")
    assert read(link).contexts
    (tmp_path / "real").chmod(0o777)
    with pytest.raises(ConfigError, match=r"chmod go-w .*/real`"):
        read(link)


@pytest.mark.parametrize("what", ["file", "directory"])
def test_what_belongs_to_somebody_else_is_refused(path: Path, what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    written(path, PROD)
    if os.geteuid() == 0:
        os.chown(path if what == "file" else path.parent, 12345, -1)
    else:
        mine = os.geteuid()
        monkeypatch.setattr("logagent.terminal.contexts.rights._is_trusted", lambda user: user != mine)
    with pytest.raises(ConfigError, match=r"belongs to user \S+"):
        read(path)


def test_a_directory_is_no_file(path: Path) -> None:
    path.mkdir()
    with pytest.raises(ConfigError, match=r"is a directory|is no file"):
        read(path)
