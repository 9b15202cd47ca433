"""Rules as tables in the file: how they are read, and what each mistake is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from logagent.config.access_rules import WHATS, AccessRule, access_rule, as_text
from logagent.config.errors import ConfigError
from logagent.config.given import from_environment, from_file
from logagent.config.loading import load
from logagent.config.rule_words import PROOFS
from logagent.config.settings import Settings
from logagent.core.access.caller import Proof
from logagent.core.access.rules import What

DAY = 86_400
ALICE = {"who": "token:alice", "access": "allow"}


def test_its_words_are_those_that_rules_are_decided_by() -> None:
    assert list(PROOFS) == [str(proof) for proof in Proof]
    assert list(WHATS) == [str(what) for what in What]


@pytest.mark.parametrize(
    ("table", "rule"),
    [
        (ALICE, AccessRule(True, ("token:alice",))),
        ({"who": "*", "access": "deny"}, AccessRule(False, ("*",))),
        (
            {
                "who": ["group:web", "unix:alice@web-*"],
                "access": "allow",
                "hosts": ["web-*", "db-1"],
                "files": ["nginx/", "app:**/*.log"],
                "what": ["logs", "follow"],
                "back": "7d",
            },
            AccessRule(
                *(True, ("group:web", "unix:alice@web-*"), ("web-*", "db-1"), ("nginx/", "app:**/*.log")),
                *(("logs", "follow"), 7 * DAY),
            ),
        ),
        ({**ALICE, "back": "90s"}, AccessRule(True, ("token:alice",), back=90)),
        ({**ALICE, "back": "2 w"}, AccessRule(True, ("token:alice",), back=14 * DAY)),
    ],
)
def test_a_rule_is_read_as_it_is_written(table: dict[str, object], rule: AccessRule) -> None:
    assert access_rule(as_text(table)) == rule


@pytest.mark.parametrize(
    "who",
    [
        *(
            "*",
            "anonymous",
            "token:alice",
            "token:ci-*",
            "cert:web team",
            "cert:Doe, John",
            "oidc:https://id.example/a|1",
        ),
        *("unix:alice@web-1", "unix:alice@*", "unix:*", "oidc:*", "group:web", "group:oidc:web", "group:role:admin"),
        *("group:[t]oken-readers:x", "group:oidc:token:x", "oidc:https://id.example/*", "token:[*]"),
    ],
)
def test_identities_and_groups_are_taken_as_they_stand(who: str) -> None:
    assert access_rule(as_text({"who": who, "access": "allow"})).who == (who,)


@pytest.mark.parametrize(
    "glob",
    [
        *("app.log", "nginx/*.log", "**", "**/*.log", "nginx/", "app:x/", "app:**", "2026-11-30T10:00.log", "a b.log"),
        *("[[]x].log", "[,]", "[{]x[}]", "[!a]*", "[]]", "[\\]", "/:etc/*.log", ".hidden/", "a/**/b", "Ünï"),
    ],
)
def test_globs_of_files_are_taken_as_they_stand(glob: str) -> None:
    assert access_rule(as_text({**ALICE, "files": [glob]})).files == (glob,)


MISTAKES = [
    ({"access": "allow"}, 'who is missing: whom the rule is for, such as who = ["token:alice"]; "*" is everybody'),
    ({"who": "*"}, 'access is missing: write access = "allow" or access = "deny"'),
    ({"who": "*", "access": "alow"}, 'access: must be "allow" or "deny", not "alow"'),
    ({"who": "*", "access": True}, 'access: must be "allow" or "deny", not true'),
    ({"who": "*", "allow": True}, 'allow is not known; write access = "allow" or access = "deny"'),
    ({"who": "*", "deny": True}, 'deny is not known; write access = "allow" or access = "deny"'),
    ({**ALICE, "host": "web-1"}, "host is not known; is hosts meant? known are who, access, hosts, files, what, back"),
    ({**ALICE, "file": "a"}, "file is not known; is files meant?"),
    ({**ALICE, "xyzzy": "a"}, "xyzzy is not known; known are who"),
    # Who.
    ({"who": [], "access": "allow"}, 'who: is empty, so that the rule would never count; "*" is everybody'),
    ({"who": 1, "access": "allow"}, "who: must be a text, or a list of texts"),
    ({"who": ["a", 1], "access": "allow"}, "who: must be a text, or a list of texts"),
    ({"who": "", "access": "allow"}, 'who: "" is no identity'),
    (
        {"who": " token:a", "access": "allow"},
        'who: " token:a" is no identity; write such as token:alice, without spaces',
    ),
    ({"who": "token:a\nb", "access": "allow"}, r'who: "token:a\nb" is no identity'),
    (
        {"who": "alice", "access": "allow"},
        "who: alice: say how it is proved who that is: token:alice, cert:alice, oidc:ISSUER/alice, unix:alice@HOST, "
        "or group:alice",
    ),
    ({"who": "everybody", "access": "allow"}, "who: everybody: everybody is *, and who proves nothing is anonymous"),
    ({"who": "anonymus", "access": "allow"}, "who: anonymus: is anonymous meant?"),
    ({"who": "tokn:a", "access": "allow"}, "who: tokn:a: tokn is no way to prove who somebody is; is token meant?"),
    ({"who": "user:a", "access": "allow"}, "who: user:a: user is no way to prove who somebody is; write token:NAME,"),
    ({"who": "Token:a", "access": "allow"}, "Token is no way to prove who somebody is; is token meant?"),
    ({"who": "anonymous:a", "access": "allow"}, "anonymous is no way to prove who somebody is"),
    ({"who": "token:", "access": "allow"}, "who: token:: a name is missing behind the colon, such as token:alice;"),
    ({"who": "unix:alice", "access": "allow"}, "who: unix:alice: a local user is one of a host: unix:alice@HOST, or"),
    ({"who": "oidc:alice", "access": "allow"}, "who: oidc:alice: an identity of a provider is oidc:ISSUER/SUBJECT"),
    ({"who": "token:a, token:b", "access": "allow"}, "who: token:a, token:b holds two in one text; write a list"),
    ({"who": "token:a,group:b", "access": "allow"}, "holds two in one text"),
    ({"who": "token:a cert:b", "access": "allow"}, "holds two in one text"),
    ({"who": "token:a, *", "access": "allow"}, "holds two in one text"),
    ({"who": "group:tokn:a", "access": "allow"}, "group:tokn:a: is group:token:a meant? A group whose name really"),
    ({"who": "group:token:", "access": "allow"}, "group:token:: a group's name is missing"),
    ({"who": "group:anonymous:a", "access": "allow"}, "who proves nothing is in no group"),
    # Hosts.
    ({**ALICE, "hosts": []}, "hosts: is empty, so that the rule would never count; leave it out for every host"),
    ({**ALICE, "hosts": "web-1:8443"}, 'hosts: "web-1:8443" is no host\'s name or glob, such as web-1 or web-*'),
    ({**ALICE, "hosts": "web-1, web-2"}, "is no host's name or glob, such as web-1 or web-*; of several write a list"),
    ({**ALICE, "hosts": "web-[9-1]"}, "web-[9-1]: a range in brackets goes upwards"),
    ({**ALICE, "hosts": "web-[1"}, "web-[1: [ is not closed"),
    # Files.
    ({**ALICE, "files": []}, "files: is empty, so that the rule would never count; leave it out for every file"),
    ({**ALICE, "files": [""]}, 'files: "" is no glob of files'),
    ({**ALICE, "files": "/var/log/app.log"}, "files: /var/log/app.log begins with /: files are named below the roots"),
    ({**ALICE, "files": "../x"}, "files: ../x: no file's name has .. in it"),
    ({**ALICE, "files": "./x"}, "files: ./x: no file's name has . in it"),
    ({**ALICE, "files": "a//b"}, "files: a//b: no file's name has two / together"),
    ({**ALICE, "files": "app:/x"}, "files: app:/x begins with /: files are named below"),
    ({**ALICE, "files": "/"}, "files: / begins with /"),
    ({**ALICE, "files": "**.log"}, "files: **.log: ** stands for directories, alone between two /, such as **/*.log"),
    (
        {**ALICE, "files": "nginx/{a,b}.log"},
        "files: nginx/{a,b}.log: { has no meaning here; of several globs write a list",
    ),
    (
        {**ALICE, "files": "a.log,b.log"},
        "files: a.log,b.log: , has no meaning here; of several globs write a list, and [,]",
    ),
    ({**ALICE, "files": r"a\*.log"}, "has no meaning here"),
    ({**ALICE, "files": "a[0-9.log"}, "files: a[0-9.log: [ is not closed; write [[] if it is in the name itself"),
    ({**ALICE, "files": "a[b/c]d"}, "[ is not closed"),
    ({**ALICE, "files": "a[9-0].log"}, "files: a[9-0].log: a range in brackets goes upwards, such as [0-9]"),
    ({**ALICE, "files": "a\nb"}, "is no glob of files"),
    ({**ALICE, "files": {"a": 1}}, "files: must be a text, or a list of texts"),
    # What.
    ({**ALICE, "what": []}, "what: is empty, so that the rule would never count; leave it out for all kinds"),
    ({**ALICE, "what": "log"}, 'what: "log" is not known; is logs meant? known are logs, hits, files'),
    ({**ALICE, "what": "logs, hits"}, 'what: "logs, hits" is not known'),
    ({**ALICE, "what": ["logs", "read"]}, 'what: "read" is not known; known are logs'),
    # Back.
    ({"who": "*", "access": "deny", "back": "7d"}, 'back: stands with access = "allow" only'),
    ({**ALICE, "back": 7}, 'back: must be a span as a text, such as "7d", "12h" or "30m", not 7'),
    ({**ALICE, "back": "7"}, 'back: must be a span as a text, such as "7d", "12h" or "30m", not "7"'),
    ({**ALICE, "back": "0d"}, "back: must be a span"),
    ({**ALICE, "back": "-1d"}, "back: must be a span"),
    ({**ALICE, "back": "1 month"}, "back: must be a span"),
]


@pytest.mark.parametrize(("table", "told"), MISTAKES)
def test_a_mistake_is_told_with_what_would_be_right(table: dict[str, object], told: str) -> None:
    with pytest.raises(ValueError) as error:  # noqa: PT011 - the message is the second parameter
        access_rule(as_text(table))
    assert told in str(error.value)


def loaded(tmp_path: Path, toml: str) -> Settings:
    (tmp_path / "log").mkdir(exist_ok=True)
    file = tmp_path / "logagent.toml"
    file.write_text(f'root = "log"\n{toml}')
    return load({}, {"TZ": "UTC"}, host="web-1", file=str(file))


def test_rules_are_tables_in_the_file_in_their_order(tmp_path: Path) -> None:
    toml = '[[rule]]\nwho = "token:a"\naccess = "deny"\n[[rule]]\nwho = "*"\naccess = "allow"\nback = "1h"\n'
    assert loaded(tmp_path, toml).rule == (
        AccessRule(False, ("token:a",)),
        AccessRule(True, ("*",), back=3600),
    )
    assert loaded(tmp_path, "").rule == ()


RIGHT = '[[rule]]\nwho = "*"\naccess = "allow"\n'


@pytest.mark.parametrize(
    ("toml", "told"),
    [
        (
            f"{RIGHT}[[rule]]\nwho = 'alice'\naccess = 'allow'",
            "logagent.toml: rule 2: who: alice: say how it is proved",
        ),
        (f"{RIGHT}listen = ':1'", "logagent.toml: rule 1: listen is a setting of the agent: it stands above the first"),
        (f"{RIGHT}when = 1979-05-27", "logagent.toml: rule 1: when is not known"),
        (f"{RIGHT}back = 1979-05-27", "logagent.toml: rule 1: back: must be a span"),
        ("[rule]\nwho = '*'", "logagent.toml: rule: must be tables [[rule]], with two brackets, each such as who ="),
        ("rule = ['a']", "logagent.toml: rule: must be tables [[rule]]"),
        ("rule = []", "logagent.toml: rule: is empty; leave it out, or deny everything: who ="),
        ("[[rules]]\nwho = '*'", "unknown setting 'rules'; did you mean 'rule'?"),
        ("[[rule]]", "logagent.toml: rule 1: who is missing"),
    ],
)
def test_a_mistake_in_the_file_names_the_file_and_the_number_of_the_rule(tmp_path: Path, toml: str, told: str) -> None:
    with pytest.raises(ConfigError) as error:
        loaded(tmp_path, toml)
    assert told in str(error.value)


def test_rules_in_the_environment_are_refused_and_not_passed_over() -> None:
    with pytest.raises(ConfigError, match=r"^LOGAGENT_RULE: stands in the file of --config only, as tables \[\[rule"):
        from_environment({"LOGAGENT_RULE": "who=*"})


def test_the_text_of_a_rule_is_kept_until_it_is_read(tmp_path: Path) -> None:
    file = tmp_path / "logagent.toml"
    file.write_text(RIGHT)
    assert [access_rule(text) for text in from_file(file)["rule"].texts] == [AccessRule(True, ("*",))]
