"""The settings: where they come from, which goes first, and what an unusable one is told."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, tzinfo
from pathlib import Path

import pytest

from logagent.config.errors import ConfigError
from logagent.config.loading import load
from logagent.config.settings import Settings
from logagent.config.table import SETTINGS, SKIP_FILES


def summer_hours(zone: tzinfo) -> float:
    offset = datetime(2026, 7, 1, tzinfo=zone).utcoffset()
    assert offset is not None
    return offset / timedelta(hours=1)


@pytest.fixture
def certs(tmp_path: Path) -> Path:
    directory = tmp_path / "certs"
    directory.mkdir()
    for name in ("ca.pem", "web-1.pem", "web-1-key.pem"):
        (directory / name).touch()
    return directory


class Machine:
    """A machine with a name, a served root, a configuration file and an environment."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        (directory / "log").mkdir()

    def load(
        self,
        flags: Mapping[str, Sequence[str]] | None = None,
        environ: Mapping[str, str] | None = None,
        toml: str | None = None,
        host: str = "web-1.example.org",
    ) -> Settings:
        file = self.directory / "logagent.toml"
        if toml is not None:
            file.write_text(toml, encoding="utf-8")
        defaults = {"LOGAGENT_ROOT": str(self.directory / "log"), "TZ": "UTC"}
        return load(
            flags or {}, {**defaults, **(environ or {})}, host=host, file=str(file) if toml is not None else None
        )


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_defaults_of_the_table_are_those_of_the_settings(machine: Machine) -> None:
    settings = machine.load()
    (root,) = settings.root
    named = {"root_name": {root.absolute(): "log"}, "skip_files": tuple(SKIP_FILES.split(","))}
    assert settings == Settings(name="web-1", root=settings.root, **named)


def test_every_setting_has_a_row_and_every_row_a_setting() -> None:
    assert [setting.name for setting in SETTINGS] == [field.name for field in dataclasses.fields(Settings)]


def test_roots_are_named_by_the_last_part_of_their_directories_or_as_is_said(machine: Machine) -> None:
    (machine.directory / "app" / "log").mkdir(parents=True)
    roots = [str(machine.directory / "log"), str(machine.directory / "app" / "log")]
    named = {"root": roots, "root_name": [f"{roots[1]}=app"]}
    assert machine.load(named).root_name == {Path(roots[0]): "log", Path(roots[1]): "app"}
    toml = f'[root_name]\n"{roots[0]}" = "sys"'
    assert machine.load({"root": roots}, toml=toml).root_name == {Path(roots[0]): "sys", Path(roots[1]): "log"}


def test_two_roots_of_one_name_are_refused_with_how_to_name_them(machine: Machine) -> None:
    (machine.directory / "app" / "log").mkdir(parents=True)
    roots = [str(machine.directory / "log"), str(machine.directory / "app" / "log")]
    with pytest.raises(ConfigError, match=rf"both named log: .*--root-name {roots[1]}=log-2"):
        machine.load({"root": roots})
    with pytest.raises(ConfigError, match="is given twice"):
        machine.load({"root": roots[:1] * 2})
    with pytest.raises(ConfigError, match="both named x"):
        machine.load({"root": roots, "root_name": [f"{roots[0]}=x", f"{roots[1]}=x"]})


@pytest.mark.parametrize("text", ["log", "=x", "/log=", "/log=a/b", "/log=a:b", "/log=a*", "/log=a b"])
def test_name_of_a_root_that_cannot_be_used_is_refused(machine: Machine, text: str) -> None:
    with pytest.raises(ConfigError, match="must be a root and a name"):
        machine.load({"root_name": [text]})


def test_name_of_what_is_no_root_is_refused(machine: Machine) -> None:
    with pytest.raises(ConfigError, match="is none of the roots"):
        machine.load({"root_name": [f"{machine.directory}=x"]})


def test_files_to_skip_are_globs_with_commas_or_one_by_one(machine: Machine) -> None:
    assert machine.load({"skip_files": ["a,b/*", "c"]}).skip_files == ("a", "b/*", "c")
    assert machine.load(toml='skip_files = ["a", "b"]').skip_files == ("a", "b")
    assert machine.load({"skip_files": [""]}).skip_files == ()
    with pytest.raises(ConfigError, match="must be globs below a root"):
        machine.load({"skip_files": ["/var/log/x"]})


def test_files_that_are_never_served_are_globs_with_commas_or_one_by_one(machine: Machine) -> None:
    assert machine.load({"never_serve": ["payroll*,*.dump", "app/private/**"]}).never_serve == (
        *("payroll*", "*.dump", "app/private/**"),
    )
    assert machine.load().never_serve == ()


def test_users_and_groups_are_numbers_given_with_commas_or_one_by_one(machine: Machine) -> None:
    settings = machine.load({"local_users": ["root,4711", "4712"]}, {"LOGAGENT_LOCAL_GROUPS": "4711,4712"})
    assert (settings.local_users, settings.local_groups) == ((0, 4711, 4712), (4711, 4712))
    assert machine.load().local_groups is None
    assert machine.load({"local_groups": [""]}).local_groups == ()
    assert machine.load(toml="local_groups = []").local_groups == ()


def test_a_unix_socket_is_listened_on_with_or_without_a_certificate(machine: Machine, certs: Path) -> None:
    for flags in ({}, {"certs": [str(certs)], "name": ["web-1"]}):
        settings = machine.load({"listen": ["unix:/run/a.sock", "unix:///run/b.sock"], **flags})
        assert settings.listen == ("unix:/run/a.sock", "unix:/run/b.sock")
    assert (settings.listen_mode, settings.listen_group) == (0o666, None)
    settings = machine.load({"listen_mode": ["0660"], "listen_group": ["0"]})
    assert (settings.listen_mode, settings.listen_group) == (0o660, 0)


def test_a_relative_socket_starts_where_the_setting_was_given(machine: Machine) -> None:
    assert machine.load({"listen": ["unix:a.sock"]}).listen == (f"unix:{Path('a.sock').absolute()}",)
    in_file = machine.load(toml='listen = "unix:a.sock"').listen
    assert in_file == (f"unix:{machine.directory / 'a.sock'}",)


def test_a_peer_may_be_started_by_ssh_under_its_own_name_or_another(machine: Machine) -> None:
    given = ["ssh://web-1", "db-2=ssh://logs@10.0.0.2:2222", "app=ssh://c?command=/opt/agent", "ssh://[::1]?name=six"]
    with pytest.raises(ConfigError, match="must be a name and a URL"):
        machine.load({"peer": given})
    assert machine.load({"peer": given[:3]}).peer == {
        "web-1": "ssh://web-1",
        "db-2": "ssh://logs@10.0.0.2:2222?name=db-2",
        "app": "ssh://c?command=/opt/agent",
    }


def test_primaries_are_kept_apart_from_peers(machine: Machine) -> None:
    given = {"peer": ["db-2=http://127.0.0.1:1"], "primary": ["site-a=http://127.0.0.1:2"]}
    settings = machine.load(given)
    assert (settings.peer, settings.primary) == ({"db-2": "http://127.0.0.1:1"}, {"site-a": "http://127.0.0.1:2"})
    assert [*settings.known_agents] == ["db-2", "site-a"]


def test_a_peer_may_be_behind_a_unix_socket(machine: Machine) -> None:
    assert machine.load({"peer": ["db-2=unix:/run/db-2.sock"]}).peer == {"db-2": "unix:/run/db-2.sock"}


def test_names_that_an_agent_goes_by_are_given_one_by_one(machine: Machine) -> None:
    assert machine.load({"known_as": ["Web-1.Internal.", "*.fleet.example"]}).known_as == (
        "web-1.internal",
        "*.fleet.example",
    )


def test_default_root_is_var_log() -> None:
    assert Settings(name="x").root == (Path("/var/log"),)
    assert [setting.default for setting in SETTINGS if setting.name == "root"] == ["/var/log"]


def test_file_goes_before_default(machine: Machine) -> None:
    assert machine.load(toml="disk_threads = 7").disk_threads == 7


def test_environment_goes_before_file(machine: Machine) -> None:
    assert machine.load(environ={"LOGAGENT_DISK_THREADS": "8"}, toml="disk_threads = 7").disk_threads == 8


def test_flag_goes_before_environment_and_file(machine: Machine) -> None:
    settings = machine.load({"disk_threads": ["9"]}, {"LOGAGENT_DISK_THREADS": "8"}, "disk_threads = 7")
    assert settings.disk_threads == 9


def test_a_later_flag_of_a_single_setting_goes_before_an_earlier_one(machine: Machine) -> None:
    assert machine.load({"disk_threads": ["2", "3"]}).disk_threads == 3


def test_empty_variable_counts_as_absent(machine: Machine) -> None:
    assert machine.load(environ={"LOGAGENT_PEER": "", "LOGAGENT_PATIENCE": ""}) == machine.load()


def test_variable_of_another_program_is_left_alone(machine: Machine) -> None:
    assert machine.load(environ={"LOGAGENT_PORT": "tcp://10.0.0.1:8000"}) == machine.load()


def test_variable_holds_several_values_with_commas(machine: Machine) -> None:
    settings = machine.load(environ={"LOGAGENT_PEER": "db-1=http://127.0.0.1:1, db-2=http://127.0.0.1:2"})
    assert settings.peer == {"db-1": "http://127.0.0.1:1", "db-2": "http://127.0.0.1:2"}


def test_an_agent_may_list_itself_so_that_all_have_one_list(machine: Machine) -> None:
    settings = machine.load(environ={"LOGAGENT_PEER": "web-1=http://127.0.0.1:1"})
    assert (settings.name, settings.peer) == ("web-1", {"web-1": "http://127.0.0.1:1"})


def test_file_holds_lists_tables_numbers_and_switches(machine: Machine) -> None:
    settings = machine.load(
        toml="""
        listen = ["127.0.0.1:1", "0.0.0.0:2"]
        patience = 2.5
        allow_cleartext = true
        max_line = "64KiB"
        [peer]
        db-2 = "http://10.0.0.2:8000/"
        """
    )
    assert settings.listen == ("http://127.0.0.1:1", "http://0.0.0.0:2")
    assert (settings.patience, settings.allow_cleartext, settings.max_line) == (2.5, True, 65536)
    assert settings.peer == {"db-2": "http://10.0.0.2:8000"}


def test_relative_path_in_the_file_starts_from_the_file(machine: Machine) -> None:
    settings = machine.load(environ={"LOGAGENT_ROOT": ""}, toml='root = "log"')
    assert settings.root == (machine.directory / "log",)


@pytest.mark.parametrize(
    ("flags", "listen"),
    [
        ([], ("https://127.0.0.1:8000",)),
        (["[::1]:0"], ("https://[::1]:0",)),
        (["http://127.0.0.1:80", "0.0.0.0:443"], ("http://127.0.0.1:80", "https://0.0.0.0:443")),
    ],
)
def test_address_without_scheme_is_https_where_there_is_a_certificate(
    machine: Machine, certs: Path, flags: list[str], listen: tuple[str, ...]
) -> None:
    given = {"certs": [str(certs)], **({"listen": flags} if flags else {})}
    assert machine.load(given).listen == listen


def test_certs_hold_the_files_of_the_host(machine: Machine, certs: Path) -> None:
    settings = machine.load({"certs": [str(certs)]})
    found = (settings.tls_ca, settings.tls_certificate, settings.tls_key)
    assert found == (certs / "ca.pem", certs / "web-1.pem", certs / "web-1-key.pem")


def test_single_file_goes_before_that_of_certs(machine: Machine, certs: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.pem"
    other.touch()
    assert machine.load({"certs": [str(certs)], "tls_ca": [str(other)]}).tls_ca == other


def test_client_certificate_is_required_where_there_is_an_authority(machine: Machine, certs: Path) -> None:
    assert machine.load({"certs": [str(certs)]}).client_certificate == "required"
    assert machine.load().client_certificate == "optional"
    assert machine.load({"certs": [str(certs)], "client_certificate": ["optional"]}).client_certificate == "optional"


def test_cleartext_beyond_loopback_is_served_when_said_in_so_many_words(machine: Machine) -> None:
    settings = machine.load({"listen": ["0.0.0.0:8000"], "allow_cleartext": ["true"]})
    assert settings.listen == ("http://0.0.0.0:8000",)


NO_URL = "--peer: must be an agent's URL, such as https://10.0.0.2:8443, unix:/run/logagent/agent.sock or ssh://web-1"


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ({"listen": ["0.0.0.0:8000"]}, "--listen: http://0.0.0.0:8000 would be cleartext on an address that is not "),
        ({"listen": ["[::]:8000"]}, "--listen: http://[::]:8000 would be cleartext"),
        ({"listen": ["web-1:8000"]}, "--listen: http://web-1:8000 would be cleartext"),
        ({"listen": ["https://127.0.0.1:8000"]}, "--listen: https://127.0.0.1:8000 needs a certificate"),
        ({"listen": ["127.0.0.1"]}, "--listen: must be an address with a port"),
        ({"listen": ["127.0.0.1:65536"]}, "--listen: must be an address with a port"),
        ({"listen": ["[127.0.0.1]:80"]}, "--listen: must be an address with a port"),
        ({"listen": ["unix:"]}, "--listen: must be unix: and the path of a socket, such as "),
        ({"listen": ["unix:@name"]}, "--listen: must be unix: and the path of a socket"),
        ({"listen": ["unix:/" + "x" * 107]}, "--listen: /xxx"),
        (
            {"listen_mode": ["660"]},
            "--listen-mode: must be a mode of four octal digits, the first a zero, such as 0660 (as a text in a file), "
            "not 660",
        ),
        ({"listen_group": ["no-such-group"]}, "--listen-group: no-such-group is no group of this machine"),
        ({"local_users": ["no-such-user"]}, "--local-users: no-such-user is no user of this machine"),
        ({"known_as": ["web-1:8000"]}, "--known-as: must be a name without a port"),
        ({"known_as": ["*"]}, "--known-as: must be a name without a port"),
        ({"peer": ["a=unix:agent.sock"]}, "--peer: must be an absolute path"),
        ({"peer": ["a=unix:/" + "x" * 107]}, "--peer: /xxx"),
        ({"name": ["web 1"]}, "--name: must be a host name"),
        ({"name": ["../x"]}, "--name: must be a host name"),
        ({"name": ["*"]}, "--name: must be a host name"),
        ({"peer": ["db-2"]}, "--peer: must be a name and a URL"),
        ({"peer": ["unix:/run/agent.sock"]}, "--peer: must be a name and a URL"),
        ({"peer": ["ssh://[::1]"]}, "--peer: must be a name and a URL"),
        ({"peer": ["db-2=ssh://-oProxyCommand=id"]}, "--peer: must be ssh://"),
        ({"peer": ["ssh://db-2", "db-2=ssh://10.0.0.2"]}, "--peer: db-2 is given twice"),
        ({"peer": ["db-2=10.0.0.2"]}, "--peer: must be an agent's URL"),
        ({"peer": ["db-2=http://127.0.0.1:port"]}, "--peer: must be an agent's URL"),
        ({"peer": ["db-2=http://127.0.0.1:1/logs"]}, f"{NO_URL}, not http://127.0.0.1:1/logs"),
        ({"peer": ["db-2 ssh://10.0.0.2"]}, f"{NO_URL}, not db-2 ssh://10.0.0.2"),
        ({"peer": ["a=http://127.0.0.1:1", "a=http://127.0.0.1:2"]}, "--peer: a is given twice"),
        ({"primary": ["a=http://127.0.0.1:1", "a=http://127.0.0.1:2"]}, "--primary: a is given twice"),
        ({"primary": ["a=http://10.0.0.2:1"]}, "--primary: http://10.0.0.2:1 would be cleartext"),
        (
            {"peer": ["a=http://127.0.0.1:1"], "primary": ["a=http://127.0.0.1:1"]},
            "--primary: a is given twice; each has one URL, as peer or as primary",
        ),
        ({"peer": ["a=http://10.0.0.2:1"]}, "--peer: http://10.0.0.2:1 would be cleartext"),
        (
            {"patience": ["0"]},
            "--patience: must be a number of seconds above 0, or a span such as 500ms, 30s, 2m, not 0",
        ),
        ({"patience": ["inf"]}, "--patience: must be a number of seconds above 0"),
        ({"disk_threads": ["0"]}, "--disk-threads: must be a whole number from 1"),
        ({"page_cache": ["drop"]}, "--page-cache: must be auto, keep or leave"),
        ({"max_files": ["-1"]}, "--max-files: must be a whole number from 1, not -1"),
        (
            {"max_line": ["1MB"]},
            "--max-line: must be a number of bytes above 0, or a size such as 64KiB, 1MiB, not 1MB",
        ),
        ({"allow_cleartext": ["maybe"]}, "--allow-cleartext: must be true or false, not maybe"),
        ({"client_certificate": ["never"]}, "--client-certificate: must be required or optional"),
        ({"client_certificate": ["required"]}, "--client-certificate: needs an authority"),
        ({"timezone": ["Europe/Nowhere"]}, "--timezone: no time zone is named 'Europe/Nowhere'"),
        ({"timezone": ["../x"]}, "--timezone: no time zone is named '../x'"),
        ({"root_timezone": ["/log"]}, "--root-timezone: must be a root and a time zone"),
        ({"root_timezone": ["/log=Europe/Nowhere"]}, "--root-timezone: no time zone is named 'Europe/Nowhere'"),
        ({"root_timezone": ["/no/such=UTC"]}, "--root-timezone: /no/such is none of the roots: "),
        ({"root": ["/no/such"]}, "--root: /no/such is not a directory"),
        ({"certs": ["/no/such"]}, "--certs: /no/such/ca.pem does not exist; copy there that of the other hosts, or"),
        ({"tls_ca": ["/no/such.pem"]}, "--tls-ca: /no/such.pem does not exist"),
        ({"tls_key": [__file__]}, "--tls-key: a certificate and its key are needed together"),
    ],
)
def test_unusable_flag_is_told_with_what_would_be_right(
    machine: Machine, flags: dict[str, list[str]], message: str
) -> None:
    with pytest.raises(ConfigError) as error:
        machine.load(flags)
    assert str(error.value).startswith(message)
    assert "\n" not in str(error.value)


def test_a_password_in_a_url_is_not_repeated(machine: Machine) -> None:
    with pytest.raises(ConfigError) as error:
        machine.load({"peer": ["db-2=http://user:word@127.0.0.1:1"]})
    assert str(error.value) == NO_URL


def test_missing_certificate_of_the_host_says_how_to_make_it(machine: Machine, certs: Path) -> None:
    (certs / "ca-key.pem").touch()
    with pytest.raises(ConfigError, match=r"`logagent certs host db-9 .*certs` makes it$"):
        machine.load({"certs": [str(certs)], "name": ["db-9"]})


def test_where_no_authority_is_at_hand_a_missing_certificate_is_made_elsewhere(
    machine: Machine, certs: Path, tmp_path: Path
) -> None:
    host = tmp_path / "host"
    host.mkdir()
    (host / "ca.pem").write_bytes((certs / "ca.pem").read_bytes())
    told = r"`logagent certs host db-9 DIR` makes it in the directory of ca-key\.pem: copy it from there$"
    with pytest.raises(ConfigError, match=told):
        machine.load({"certs": [str(host)], "name": ["db-9"]})


def test_unusable_variable_is_named(machine: Machine) -> None:
    with pytest.raises(ConfigError, match=r"^LOGAGENT_PATIENCE: must be"):
        machine.load(environ={"LOGAGENT_PATIENCE": "soon"})


@pytest.mark.parametrize(
    ("toml", "message"),
    [
        ("patience = 'soon'", "logagent.toml: patience: must be a number of seconds"),
        ("patience = [1, 2]", "logagent.toml: patience: must be one value"),
        ("listen = [[1]]", "logagent.toml: listen: must be a text, or a list of texts"),
        ("peer = 'db-2'", "logagent.toml: peer: must be a table"),
        ("root_timezone = 'UTC'", "logagent.toml: root_timezone: must be a table, such as [root_timezone]"),
        ("[root_timezone]\nlog = ['UTC']", "logagent.toml: root_timezone: must be one value"),
        ("patience = ", "logagent.toml: is not TOML"),
    ],
)
def test_unusable_value_in_the_file_is_told_with_its_place(machine: Machine, toml: str, message: str) -> None:
    with pytest.raises(ConfigError) as error:
        machine.load(toml=toml)
    assert message in str(error.value)


def test_timezone_is_that_of_the_machine_unless_given(machine: Machine) -> None:
    assert summer_hours(machine.load(environ={"TZ": "Europe/Berlin"}).timezone) == 2
    given = machine.load({"timezone": ["Asia/Kolkata"]}, {"TZ": "Europe/Berlin"})
    assert summer_hours(given.timezone) == 5.5


def test_a_root_may_have_a_zone_of_its_own(machine: Machine) -> None:
    root = machine.directory / "log"
    given = machine.load({"root_timezone": [f"{root}/../log=Asia/Kolkata"]})
    assert {path: summer_hours(zone) for path, zone in given.root_timezone.items()} == {root: 5.5}


def test_zone_of_a_relative_root_is_found_by_its_absolute_path(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(machine.directory)
    given = machine.load({"root": ["log"], "root_timezone": ["log=Asia/Kolkata"]})
    assert list(given.root_timezone) == [machine.directory / "log"]


def test_zones_of_roots_are_a_table_in_the_file(machine: Machine) -> None:
    given = machine.load(toml='[root_timezone]\nlog = "Asia/Kolkata"')
    assert list(map(summer_hours, given.root_timezone.values())) == [5.5]


def test_unusable_zone_of_the_machine_is_told(machine: Machine) -> None:
    with pytest.raises(ConfigError, match=r"^TZ: .*; or give --timezone$"):
        machine.load(environ={"TZ": "garbage"})


def test_setting_of_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none.toml: cannot be read: No such file"):
        load({}, {}, host="x", file=str(tmp_path / "none.toml"))


def test_the_key_of_hashes_is_what_a_file_holds(machine: Machine) -> None:
    assert machine.load().log_words_key is None
    file = machine.directory / "key"
    file.write_bytes(b"0123456789abcdef\n")
    settings = machine.load(toml='log_words_key = "key"\nlog_words = "shown"')
    assert (settings.log_words_key, settings.log_words) == (b"0123456789abcdef", "shown")
    assert "0123456789abcdef" not in repr(settings)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"log_words": ["secret"]}, "must be hashed or shown"),
        ({"log_words_key": ["/no/such/key"]}, "/no/such/key cannot be read: No such file or directory"),
        ({"log_words_key": ["/dev/zero"]}, "/dev/zero is no file"),
    ],
)
def test_what_no_words_can_be_hashed_by_is_refused(given: dict[str, list[str]], why: str, machine: Machine) -> None:
    with pytest.raises(ConfigError, match=why):
        machine.load(given)


def test_a_key_that_could_be_guessed_is_refused(machine: Machine) -> None:
    (machine.directory / "key").write_bytes(b" 0123456789abcde\n")
    with pytest.raises(ConfigError, match="holds 15 bytes; a key has 16 or more"):
        machine.load(toml='log_words_key = "key"')
