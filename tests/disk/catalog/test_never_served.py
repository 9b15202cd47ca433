"""Secrets beside logs: hidden as if they were not there, whatever asks for them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logagent.core.notes import Notes
from logagent.core.outcome import Status
from logagent.disk.catalog.catalog import Catalog
from logagent.disk.catalog.never_served import NEVER_SERVE, NeverServed
from logagent.disk.catalog.rotated_names import COMPRESSION_SUFFIXES, rotation
from testbed.trees import Unprivileged, failure, found, names, planted

HIDDEN = NeverServed()
SECRETS = (
    *(".env", "id_rsa", "server.key", "tls.pem", ".bash_history", "shadow", "config.v2.json", ".ssh/config", ".netrc"),
    *("web/.env.local", "prod.env", "a/b/ssh_host_ed25519_key", ".psql_history", "keys.p12", "kube/.kube/config"),
)
LOGS = (
    *("app.log", "syslog", "auth.log", "secure", "private/app.log", "audit/audit.log", "messages-20261123.gz"),
    *("credentials.log", "secrets.log", "keys.log", "history.log", "env.log", "shadow.log", "token.log", "pem.log"),
    *("0123-json.log", "nginx/access.log.1", "mysql/error.log", "apt/history.log", "apt/history.log.1.gz"),
    *("cloud-init-output.log", "dpkg.log", "id_rsa.log", "installer/syslog", "bash_history.log", "app.env.log"),
    *("id_rsa.pub", "known_hosts", "certificate.crt", "job_history", "environment.log", "keystore.log"),
)
ROTATED = (
    *("{}{}.1", "{}{}.old", "{}.old{}", "{}{}-20261123", "{}-20261123{}", "{}{}.2026-11-23_10-00-00", "{}{}.2026-11"),
    *("{}-20261123-100000-2{}", "{}{}.2026-11-23_10-00", "{}-202611231000{}", "{}{}-2026112310", "{}-2026-11-23T10{}"),
    *("{}{}-20261123-1732320000", "{}-20261123-1732320000{}", "{}{}.2026-11-23.1", "{}.2026-11-23.0{}", "{}-2026-11{}"),
    *(
        "{}{}20261123",
        "{}{}-1732320000",
        "{}-1732320000{}",
        "{}{}.261123",
        "{}-261123{}",
        "{}{}.3.current",
        "{}{}.8080",
    ),
)
"""How rotated files of a log are called, from the table of namings; the log's name stands in two parts."""


class Everything:
    """Every name lies beside a file, so that each row of the table of rotated names counts."""

    def __contains__(self, name: object) -> bool:
        return True


@pytest.mark.parametrize("name", SECRETS)
def test_secrets_are_known_by_their_names_in_every_case(name: str) -> None:
    assert HIDDEN(name)
    assert HIDDEN(name.upper())
    assert HIDDEN(f"some/where/{name}")


@pytest.mark.parametrize("name", LOGS)
def test_logs_are_no_secrets(name: str) -> None:
    assert not HIDDEN(name)


@pytest.mark.parametrize("glob", NEVER_SERVE)
def test_every_glob_of_the_list_hides_what_it_matches(glob: str) -> None:
    assert HIDDEN(glob.removesuffix("/**").replace("**/", "x/").replace("*", "a"))


@pytest.mark.parametrize("directory", [".ssh", "x/.gnupg", "pods/1/volumes/kubernetes.io~secret"])
def test_a_directory_of_secrets_is_hidden_with_all_below_it(directory: str) -> None:
    assert HIDDEN(directory, directory=True)
    assert HIDDEN(f"{directory}/any")
    assert HIDDEN(f"{directory}/any/app.log")
    assert not HIDDEN(f"{directory}x/app.log")


@pytest.mark.parametrize("name", [".env", "id_rsa", "server.key", "shadow", "config.v2.json", ".bash_history"])
@pytest.mark.parametrize(
    "copy",
    [
        *(
            "{}.gz",
            "{}.1",
            "{}.2.gz",
            "{}-20261123",
            "{}-20261123.zst",
            "{}.2026-11-23_10-00-00.xz",
            "{}.old",
            "{}.bak",
        ),
        *("{}~", "{}.~1~", ".{}.swp", "#{}#", "{}.orig", "{}.rpmsave", "{}.dpkg-old", "{}-", "{}.tmp", "{}.1.gz.bak"),
        *("{}.ZIP", "{}.tar.gz.1", "{}2"),
    ],
)
def test_copies_of_secrets_are_hidden(name: str, copy: str) -> None:
    if "tar" not in copy or name == ".env":  # what is packed into a tar archive goes by the archive's name
        assert HIDDEN(copy.format(name))


def test_whatever_belongs_to_a_secret_by_its_rotated_name_is_hidden() -> None:
    names = [shape.format("config.v2", ".json") + suffix for shape in ROTATED for suffix in ("", *COMPRESSION_SUFFIXES)]
    for name in names:
        belongs = rotation(name, Everything())
        assert belongs is not None, name
        assert belongs.log == "config.v2.json", name
        assert HIDDEN(name), name


@given(st.text(st.characters(exclude_characters="/"), min_size=1, max_size=40))
def test_any_name_can_be_asked_about(name: str) -> None:
    HIDDEN(name)
    HIDDEN(f"{name}/{name}.gz~.1")


def test_operators_add_names_and_paths() -> None:
    hidden = NeverServed(["Payroll*", "app/private/**", "web/*.dump"])
    assert all(map(hidden, ["payroll.log", "x/PAYROLL.csv.gz", "app/private/x/y", "web/a.dump", ".env"]))
    assert hidden("app/private", directory=True)
    assert not hidden("web/a.dump", directory=True)
    assert not any(map(hidden, ["x/app/private/y", "a.dump", "web/x/a.dump", "app/public/y", "app.log"]))


# In a catalog.


@pytest.fixture
def root(tmp_path: Path) -> Path:
    files = ("app.log", "app.log.1", ".env", ".env.1", "server.key", "web/config.v2.json", "web/app-json.log")
    return planted(tmp_path / "log", *files, ".ssh/id_rsa", "id_rsa.gz")


@pytest.mark.parametrize(
    "name",
    [
        *(".env", ".env.1", "server.key", "web/config.v2.json", ".ssh/id_rsa", "id_rsa.gz", "log:.env", ".env/x"),
        *("log:web/config.v2.json",),
    ],
)
def test_a_secret_is_missing_word_for_word_as_what_is_not_there(root: Path, name: str) -> None:
    status, said = failure(Catalog([root]), "no/such")
    assert failure(Catalog([root]), name) == (status, said.replace("no/such", name))
    assert status is Status.NOT_FOUND


def test_a_directory_that_is_called_as_a_secret_file_is_none(root: Path) -> None:
    planted(root, "prod.env/app.log", "x/credentials/app.log", "y.key/z.key/app.log")
    expected = ["app.log", "prod.env/app.log", "web/app-json.log", "x/credentials/app.log", "y.key/z.key/app.log"]
    assert names(Catalog([root]).find(["**/*"])) == expected
    assert names(Catalog([root]).find(expected)) == expected
    assert names(Catalog([root]).find(["prod.env/*", "y.key/*/*"])) == ["prod.env/app.log", "y.key/z.key/app.log"]


def test_copies_of_directories_of_secrets_are_hidden(root: Path) -> None:
    planted(root, ".ssh.old/app.log", ".aws-20261123/app.log", "x/.kube.bak/y/app.log")
    assert names(Catalog([root]).find([".*/*", "**/*", "x/.*/**"])) == ["app.log", "web/app-json.log"]
    for name in (".ssh.old/app.log", ".aws-20261123/app.log", "x/.kube.bak/y/app.log"):
        assert failure(Catalog([root]), name) == (Status.NOT_FOUND, f"no such file: {name}")


def test_globs_do_not_meet_secrets(root: Path) -> None:
    assert found(root, "**/*", ".*", ".*/*", "*.key", "web/*") == {
        "app.log": ["app.log", "app.log.1"],
        "web/app-json.log": ["web/app-json.log"],
    }
    assert failure(Catalog([root]), ".*")[0] is failure(Catalog([root]), "*.key")[0] is Status.NOT_FOUND


@pytest.mark.parametrize("target", [".env", "server.key", ".ssh/id_rsa", "web/config.v2.json"])
@pytest.mark.parametrize("glob", [False, True])
def test_a_link_to_a_secret_leads_nowhere(root: Path, target: str, glob: bool) -> None:
    (root / "x.log").symlink_to(target)
    (root / "y.log").symlink_to("x.log")
    notes = Notes()
    assert names(Catalog([root]).find(["*.log"], notes=notes)) == ["app.log"]
    assert notes.told() == ()
    for name in ("x.log", "y.log"):
        assert failure(Catalog([root]), name) == (Status.NOT_FOUND, f"no such file: {name}")


def test_a_link_to_a_directory_of_secrets_leads_nowhere(root: Path) -> None:
    (root / "x").symlink_to(".ssh")
    assert failure(Catalog([root]), "x/id_rsa") == (Status.NOT_FOUND, "no such file: x/id_rsa")
    assert failure(Catalog([root]), "x/*") == (Status.NOT_FOUND, "no such file: x/*")


def test_a_link_with_the_name_of_a_secret_is_hidden_wherever_it_leads(root: Path, tmp_path: Path) -> None:
    (root / "x.key").symlink_to("app.log")
    (root / "y.key").symlink_to(tmp_path)
    (root / "z.key").symlink_to("gone")
    planted(root, "gone.1")
    notes = Notes()
    assert names(Catalog([root]).find(["*"], notes=notes)) == ["app.log", "gone"]
    assert notes.told() == ()
    for name in ("x.key", "y.key", "z.key"):
        assert failure(Catalog([root]), name) == (Status.NOT_FOUND, f"no such file: {name}")


def test_a_link_from_one_root_to_a_secret_of_another_leads_nowhere(root: Path, tmp_path: Path) -> None:
    other = planted(tmp_path / "other", "b.log")
    (other / "a.log").symlink_to(root / ".env")
    (other / "d").symlink_to(root / ".ssh")
    catalog = Catalog([root, other])
    assert names(catalog.find(["**/*"])) == ["app.log", "b.log", "web/app-json.log"]
    for name in ("a.log", "other:a.log", "d/id_rsa"):
        assert failure(catalog, name) == (Status.NOT_FOUND, f"no such file: {name}")


def test_a_link_whose_secret_is_missing_brings_none_of_its_copies(root: Path) -> None:
    (root / "x.log").symlink_to(".env")
    (root / ".env").unlink()
    assert failure(Catalog([root]), "x.log")[0] is Status.NOT_FOUND
    assert found(root, "*.log") == {"app.log": ["app.log", "app.log.1"]}


def test_a_secret_that_may_not_be_read_is_no_note(shared: Path) -> None:
    root = planted(shared, "app.log", ".env", "server.key", "web/config.v2.json", "web/app-json.log", ".ssh/id_rsa")
    for name in (".env", "server.key", "web/config.v2.json"):
        (root / name).chmod(0)
    (root / ".ssh").chmod(0)
    notes = Notes()
    with Unprivileged():
        logs = Catalog([root]).find(["**/*", ".*", ".ssh/*", "*.key"], notes=notes)
        missing = failure(Catalog([root]), ".ssh/id_rsa"), failure(Catalog([root]), ".ssh/*")
    assert names(logs) == ["app.log", "web/app-json.log"]
    assert notes.told() == ()
    assert [status for status, _ in missing] == [Status.NOT_FOUND, Status.NOT_FOUND]


def test_a_log_that_becomes_a_link_to_a_secret_before_it_is_opened_is_missing(root: Path) -> None:
    def replace() -> None:
        (root / "app.log").unlink()
        (root / "app.log").symlink_to(".env")

    [log] = Catalog([root]).find(["app.log"], rotated=False)
    replace()
    with pytest.raises(Exception, match="no such file: app"):
        log.generations[0].open()


def test_further_secrets_of_the_operator_are_hidden_too(root: Path) -> None:
    catalog = Catalog([root], never_serve=["app.log"])
    assert names(catalog.find(["**/*"])) == ["web/app-json.log"]
    assert failure(catalog, "app.log.1") == (Status.NOT_FOUND, "no such file: app.log.1")


def test_a_root_that_is_a_secret_itself_has_nothing_to_serve(root: Path) -> None:
    assert failure(Catalog([root / "server.key"]), "server.key")[0] is Status.NOT_FOUND
    assert failure(Catalog([root / "server.key"]), "*")[0] is Status.NOT_FOUND
