"""What people give for settings: by default, in the environment, in a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from logagent.config.errors import ConfigError
from logagent.config.given import Given, from_defaults, from_environment, from_file


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "logagent.toml"


def test_default_name_is_the_machines_up_to_the_first_dot() -> None:
    given = from_defaults("web-1.example.org")
    assert given["name"] == Given(("web-1",), "the machine's host name")
    assert given["patience"] == Given(("5",), "patience (default)")
    assert "peer" not in given


def test_variables_of_repeatable_settings_are_split_at_commas_and_others_are_not() -> None:
    environ = {"LOGAGENT_ROOT": "/a, /b", "LOGAGENT_NAME": "a, b", "LOGAGENT_CERTS": "", "LOGAGENT_PORT": "80"}
    assert from_environment(environ) == {
        "root": Given(("/a", "/b"), "LOGAGENT_ROOT"),
        "name": Given(("a, b",), "LOGAGENT_NAME"),
    }


def test_file_gives_texts_as_a_command_line_would(file: Path) -> None:
    file.write_text('root = ["/a", "b"]\npatience = 2.5\nallow_cleartext = true\n[peer]\ndb-2 = "http://b:1"\n')
    assert {name: given.texts for name, given in from_file(file).items()} == {
        "root": ("/a", "b"),
        "patience": ("2.5",),
        "allow_cleartext": ("true",),
        "peer": ("db-2=http://b:1",),
    }


def test_what_a_file_gives_has_its_place_and_starts_from_its_directory(file: Path) -> None:
    file.write_text("disk_threads = 3")
    assert from_file(file) == {"disk_threads": Given(("3",), f"{file}: disk_threads", file.parent)}


def test_unknown_key_in_the_file_gets_the_nearest_suggested(file: Path) -> None:
    file.write_text("patiense = 5")
    with pytest.raises(ConfigError, match=r"logagent.toml: unknown setting 'patiense'; did you mean 'patience'\?"):
        from_file(file)


def test_key_like_no_other_in_the_file_gets_all_listed(file: Path) -> None:
    file.write_text("zzz = 5")
    with pytest.raises(ConfigError, match="unknown setting 'zzz'; known are name, label, listen"):
        from_file(file)


def test_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none.toml: cannot be read: No such file"):
        from_file(tmp_path / "none.toml")


@pytest.mark.parametrize(
    ("line", "strayed"),
    [('traces = "http://127.0.0.1:4318"', "traces"), ("patience = 3", "patience"), ('log_to = ["files"]', "log_to")],
)
def test_a_setting_that_is_written_below_a_table_is_no_member_of_it(file: Path, line: str, strayed: str) -> None:
    file.write_text(f'[peer]\ndb-2 = "https://10.0.0.2:8443"\n{line}\n')
    with pytest.raises(ConfigError) as error:
        from_file(file)
    assert f"peer: {strayed} is a setting of the agent: it stands above [peer] and all tables" in str(error.value)
