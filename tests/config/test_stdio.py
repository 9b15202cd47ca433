"""The settings of `logagent stdio`: which count, which are passed over, and which are refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from logagent.config.errors import ConfigError
from logagent.config.stdio import TAKEN, load_stdio
from logagent.config.table import BY_NAME


def test_what_is_read_and_how_counts_from_every_place(tmp_path: Path) -> None:
    (tmp_path / "log").mkdir()
    file = tmp_path / "logagent.toml"
    file.write_text('root = "log"\nmax_files = 7\n')
    settings = load_stdio({"name": ["web-1"]}, {"LOGAGENT_MAX_LINE": "64KiB"}, host="other.internal", file=str(file))
    assert (settings.name, settings.root, settings.max_files) == ("web-1", (tmp_path / "log",), 7)
    assert settings.max_line == 64 * 1024


def test_what_is_about_listeners_other_agents_and_who_may_ask_is_passed_over(tmp_path: Path) -> None:
    file = tmp_path / "logagent.toml"
    file.write_text(
        f'root = "{tmp_path}"\nlisten = ["https://0.0.0.0:8443"]\ncerts = "/nowhere"\ntokens = "/nowhere"\n'
        'traces = "http://127.0.0.1:4318"\nlog_directory = "/nowhere"\n[peer]\ndb-2 = "https://10.0.0.2"\n'
    )
    settings = load_stdio({}, {"LOGAGENT_CONTROL": "/nowhere"}, host="web-1", file=str(file))
    assert (settings.peer, settings.certs, settings.tokens, settings.log_directory) == ({}, None, None, None)
    assert settings.traces == "none"


def test_rules_are_refused_since_they_would_not_be_applied(tmp_path: Path) -> None:
    file = tmp_path / "logagent.toml"
    file.write_text(f'root = "{tmp_path}"\n[[rule]]\nwho = "*"\naccess = "deny"\n')
    with pytest.raises(ConfigError, match=r"rule: stdio has no rules: its caller reads what this user may read anyway"):
        load_stdio({}, {}, host="web-1", file=str(file))


@pytest.mark.parametrize("text", ["files", "stderr, files"])
def test_files_of_its_own_log_are_refused(text: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="LOGAGENT_LOG_TO: stdio writes no files of its own log"):
        load_stdio({"root": [str(tmp_path)]}, {"LOGAGENT_LOG_TO": text}, host="web-1", file=None)


def test_a_directory_for_its_log_is_not_written_to_even_where_a_root_has_one(tmp_path: Path) -> None:
    (tmp_path / "logagent").mkdir()
    assert load_stdio({"root": [str(tmp_path)]}, {}, host="web-1", file=None).log_directory is None


def test_every_setting_that_counts_is_in_the_table() -> None:
    assert set(TAKEN) <= BY_NAME.keys()
