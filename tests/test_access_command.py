"""The command `access explain`: which rule decides about a file of this host, and why."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from logagent import token_file
from logagent.core.access.tokens import TokenEntry
from testbed.console import Console
from testbed.one_server import Answer, serving

RULES = """
[[rule]]
who = "*"
access = "deny"
files = ["private/"]

[[rule]]
who = ["group:web", "unix:alice@web-1"]
access = "allow"
files = ["nginx/", "app.log"]
what = ["logs", "hits"]
back = "7d"

[[rule]]
who = "token:ops"
access = "allow"
hosts = ["web-*"]

[[rule]]
who = "token:ci"
access = "allow"
files = ["log:app.log"]
what = ["logs"]

[[rule]]
who = "token:db"
access = "allow"
hosts = ["db-*"]
"""


class Host:
    """This host, with settings, logs below two roots, and the command line."""

    def __init__(self, directory: Path) -> None:
        self.file = directory / "logagent.toml"
        self.root = directory / "log"
        for name in ("nginx/access.log", "private/secret.log", "app.log", "app.log.1.gz", "web-1.log", "id_rsa"):
            (self.root / name).parent.mkdir(parents=True, exist_ok=True)
            (self.root / name).touch()
        (directory / "srv").mkdir()
        (directory / "srv" / "other.log").touch()
        (self.root / "nginx" / "link.log").symlink_to("../private/secret.log")
        self.settings(RULES)

    def settings(self, rules: str, more: str = "") -> None:
        self.file.write_text(f'name = "web-1"\nroot = ["log", "srv"]\n{more}\n{rules}')

    def explain(self, *argv: str) -> tuple[int, str, str]:
        console = Console()
        code = console.run("access", "explain", *argv, "--config", str(self.file), environ={"TZ": "UTC"})
        return code, console.data, console.talk


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


def test_what_is_allowed_is_told_for_each_kind_of_question(host: Host) -> None:
    code, told, _ = host.explain("unix:alice@web-1", "nginx/access.log")
    why = "allows group:web, unix:alice@web-1; files nginx/, app.log; what logs, hits"
    assert told == (
        "who:   unix:alice@web-1, in no group; this machine has no user of that name\n"
        "host:  web-1\n"
        "file:  log:nginx/access.log\n"
        "\n"
        "QUESTION  ANSWER            BY      WHY\n"
        f"logs      allowed, 1w back  rule 2  {why}\n"
        f"hits      allowed, 1w back  rule 2  {why}\n"
        "files     denied            -       no rule allows it\n"
        "follow    denied            -       no rule allows it\n"
        "hosts     denied            -       no rule allows it\n"
        "metrics   denied            -       no rule allows it\n"
    )
    assert code == 0


def test_what_denies_is_told_by_the_name_behind_a_link(host: Host) -> None:
    code, told, _ = host.explain("token:ops", "nginx/link.log")
    assert "file:  log:nginx/link.log\nfile:  log:private/secret.log\n" in told
    assert "logs      denied   rule 1  denies everybody; files private/ [log:private/secret.log]\n" in told
    assert "hosts     allowed  rule 3  allows token:ops; hosts web-*\n" in told
    assert code == 1


def test_who_is_given_nothing_is_told_what_would_be_needed(host: Host) -> None:
    code, told, _ = host.explain("token:db", "app.log")
    assert "web-1 gives token:db nothing at all: it refuses him\n" in told
    assert told.endswith(
        "rule 2 would allow logs, but is for group:web, unix:alice@web-1\n"
        "rule 3 would allow logs, but is for token:ops\n"
        "rule 4 would allow logs, but is for token:ci\n"
        "rule 5 would allow logs, but is about db-*\n"
    )
    assert code == 1


def test_a_generation_is_explained_with_its_logs(host: Host) -> None:
    code, told, _ = host.explain("token:ci", "app.log.1.gz")
    assert "file:  log:app.log.1.gz; also judged as app.log.1, app.log" in told
    assert code == 0
    assert host.explain("token:ci", "web-1.log")[:1] == (1,)
    assert "file:  log:web-1.log; denied, but not allowed, with web.log\n" in host.explain("token:ci", "web-1.log")[1]


def test_a_follow_takes_two_permissions(host: Host) -> None:
    _, told, _ = host.explain("token:ci", "app.log")
    assert "follow    denied   -       no rule allows it\n" in told
    code, told, _ = host.explain("token:ops", "app.log", "--what", "follow")
    assert "follow    allowed  rule 3  as for logs:" in told
    assert code == 0


@pytest.mark.parametrize(
    ("argv", "code"),
    [
        (["token:ci", "app.log"], 0),
        (["token:ci", "app.log", "--what", "hits"], 1),
        (["token:ci", "app.log", "--what", "hits", "--what", "logs"], 1),
        (["token:ops", "app.log", "--what", "hits", "--what", "logs"], 0),
        (["token:x", "--group", "web", "app.log"], 0),
        (["token:x", "db-1", "app.log"], 1),
        (["token:db", "db-1", "app.log"], 0),
        (["token:db", "db-1", "nowhere.log"], 0),
        (["token:ops", "srv:other.log"], 0),
        (["token:ops", "id_rsa"], 1),
        (["token:ops", "id_rsa", "--what", "hosts"], 0),
        (["anonymous", "app.log"], 1),
    ],
)
def test_the_exit_code_says_whether_it_is_allowed(host: Host, argv: list[str], code: int) -> None:
    assert host.explain(*argv)[0] == code


def test_a_secret_is_denied_whatever_rules_say(host: Host) -> None:
    _, told, _ = host.explain("token:ops", "id_rsa")
    assert "file:  log:id_rsa; never served, whoever asks: see never_serve\n" in told
    assert "logs      denied   never_serve  such files are never served\n" in told


def test_a_path_is_found_below_its_root(host: Host) -> None:
    assert "file:  log:app.log\n" in host.explain("token:ci", str(host.root / "app.log"))[1]


def test_a_file_that_no_root_has_is_judged_by_its_name_in_each(host: Host) -> None:
    _, told, _ = host.explain("token:ops", "none.log")
    assert "file:  log:none.log; no such file here\nfile:  srv:none.log; no such file here\n" in told


def test_every_name_on_the_way_of_links_counts(host: Host) -> None:
    (host.root / "last.log").symlink_to("private/on.log")
    (host.root / "private" / "on.log").symlink_to("../app.log")
    code, told, _ = host.explain("token:ops", "last.log")
    assert "file:  log:last.log\nfile:  log:app.log" in told
    assert "denies everybody; files private/ [log:private/on.log]" in told
    assert code == 1


def test_of_another_host_the_name_alone_counts(host: Host) -> None:
    _, told, _ = host.explain("token:db", "db-1", "nginx/link.log")
    assert "file:  nginx/link.log\n\n" in told
    assert "log:private" not in told


def test_a_host_that_nobody_knows_is_told(host: Host) -> None:
    host.settings(RULES, '[peer]\ndb-1 = "http://127.0.0.1:1"\n')
    assert "host:  db-7, which is neither web-1 nor one of its peers, by" in host.explain("token:db", "db-7", "x")[1]
    assert "host:  db-1, by the rules of web-1" in host.explain("token:db", "db-1", "x")[1]


def test_another_host_is_told_to_have_rules_of_its_own(host: Host) -> None:
    assert "host:  db-1, by the rules of web-1; db-1 applies its own, too\n" in host.explain("token:db", "db-1", "x")[1]


def test_a_token_has_the_groups_of_the_file_of_tokens(host: Host, tmp_path: Path) -> None:
    entry = TokenEntry("web-ci", "ab" * 32, ("web",), int(time.time()))
    token_file.change(tmp_path / "tokens", lambda entries: (*entries, entry))
    host.settings(RULES, 'tokens = "tokens"')
    code, told, _ = host.explain("token:web-ci", "app.log")
    assert "who:   token:web-ci, in web; as the file of tokens says\n" in told
    assert code == 0
    assert "has no valid token of that name" in host.explain("token:ops", "app.log")[1]


def test_a_user_of_this_machine_has_its_groups(host: Host) -> None:
    host.settings('[[rule]]\nwho = "group:unix:root"\naccess = "allow"\n')
    code, told, _ = host.explain("unix:root@web-1", "app.log")
    assert "root" in told.splitlines()[0].partition(", in ")[2]
    assert code == 0
    assert host.explain("unix:root@web-2", "app.log")[0] == 1


def test_without_rules_whoever_is_served_may_read(host: Host) -> None:
    host.settings("")
    code, told, _ = host.explain("token:x", "app.log")
    assert told.endswith(
        f"no rules are in force, since {host.file} has no [[rule]]: whoever is served may read every file\n"
    )
    assert code == 0
    assert host.explain("token:x", "id_rsa")[0] == 1


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["alice", "app.log"], "IDENTITY: alice: say how it is proved who that is: token:alice"),
        (["*", "app.log"], "IDENTITY: * is nobody in particular; write an identity, such as token:alice"),
        (["group:web", "app.log"], "IDENTITY: group:web is nobody in particular"),
        (["token:a", "app.log", "--what", "log"], '--what: "log" is not known; is logs meant?'),
        (["token:a", "/etc/passwd"], "FILE: /etc/passwd lies below none of the roots"),
        (["token:a", "../x"], "FILE: ../x is no name of a file below a root"),
        (["token:a", "log:../x"], "FILE: log:../x is no name of a file below a root"),
    ],
)
def test_wrong_usage_is_told_with_what_would_be_right(host: Host, argv: list[str], said: str) -> None:
    code, told, talk = host.explain(*argv)
    assert code == 2
    assert said in talk
    assert not told


def test_names_that_could_command_a_terminal_are_escaped(host: Host) -> None:
    _, told, _ = host.explain("token:ops", "a\x1b[2J.log")
    assert "\x1b" not in told


def test_a_host_whose_agent_is_down_could_not_be_looked_at(host: Host) -> None:
    host.settings('[[rule]]\nwho = "*"\naccess = "allow"\n', 'listen = "127.0.0.1:1"')
    console = Console()
    assert console.run("access", "check", "--config", str(host.file), environ={"TZ": "UTC"}) == 2
    assert console.data.startswith("web-1 could not be asked: ")


def test_mistakes_in_the_settings_of_this_host_are_found(host: Host) -> None:
    host.settings(
        RULES + '[[rule]]\nwho = "*"\naccess = "allow"\nfiles = ["nginx", "id_rsa"]', 'listen = "127.0.0.1:0"'
    )
    console = Console()
    assert console.run("access", "check", "--config", str(host.file), environ={"TZ": "UTC"}) == 1
    assert "rule 6: files: nginx is a directory here; nginx/ allows what lies in it\n" in console.data
    assert "rule 6: files: id_rsa is never served, whatever rules say; see never_serve\n" in console.data
    assert console.run("access", "check", "--timeout", "soon", environ={"TZ": "UTC"}) == 2


def test_rules_are_compared_with_those_of_a_contexts_agent(tmp_path: Path, console: Console) -> None:
    file = tmp_path / "logagent.toml"
    file.write_text(f'root = "{tmp_path}"\n[[rule]]\nwho = "token:ops"\naccess = "allow"\n')
    contexts = tmp_path / "logagent" / "config.toml"
    contexts.parent.mkdir()
    health = {"status": "ok", "version": "0.1.0", "rules": "00000000"}
    with serving(Answer(body=[json.dumps(health).encode()])) as address:
        contexts.write_text(f'[context.prod]\nagent = "http://{address}"\n')
        argv = ("access", "check", "--config", str(file), "--context", "prod")
        assert console.run(*argv, environ={"XDG_CONFIG_HOME": str(tmp_path)}) == 1
    assert "prod: has other rules than " in console.data
    other = Console()
    assert other.run(*argv[:-1], "prd", environ={"XDG_CONFIG_HOME": str(tmp_path)}) == 2
    assert "has no context 'prd'; did you mean 'prod'?" in other.talk


def test_rules_are_compared_with_those_of_all_peers_of_a_context(tmp_path: Path, console: Console) -> None:
    file = tmp_path / "logagent.toml"
    file.write_text(f'root = "{tmp_path}"\n[[rule]]\nwho = "token:ops"\naccess = "allow"\n')
    contexts = tmp_path / "logagent" / "config.toml"
    contexts.parent.mkdir()
    other, none = ({"status": "ok", "version": "0.1.0", "rules": digest} for digest in ("00000000", "none"))
    with (
        serving(Answer(body=[json.dumps(other).encode()])) as web,
        serving(Answer(body=[json.dumps(none).encode()])) as db,
    ):
        peers = [f"web-1=http://{web}", f"db-2=http://{db}", "app-3=ssh://app-3"]
        contexts.write_text(f"[context.fleet]\npeers = {json.dumps(peers)}\n")
        argv = ("access", "check", "--config", str(file), "--context", "fleet")
        assert console.run(*argv, environ={"XDG_CONFIG_HOME": str(tmp_path)}) == 1
    assert "web-1: has other rules than " in console.data
    assert "db-2: has no rules\n" in console.data
    assert "app-3 could not be asked: ssh starts an agent there that has no rules" in console.data
