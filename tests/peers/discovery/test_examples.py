"""The examples in docs/discovery.md are read as they stand, and mean what stands around them."""

from __future__ import annotations

from pathlib import Path

import pytest

from logagent.config.loading import load
from logagent.config.settings import Settings
from logagent.peers.discovery import file_reading
from testbed.examples import Example, examples_of

(TARGETS,) = examples_of("targets")
FILES, NAMES, CONSUL = examples_of("discovery")


def settings_of(example: Example, directory: Path) -> Settings:
    (directory / "logagent.toml").write_text(example.text)
    return load({"root": [str(directory)]}, {}, host="web-1", file=str(directory / "logagent.toml"))


def test_the_file_of_targets(tmp_path: Path) -> None:
    (tmp_path / "web.yml").write_text(TARGETS.text)
    read = file_reading.read(str(tmp_path / "web.yml"), cleartext=False)
    assert not read.wrong
    assert not read.fault
    assert [(target.urls[0], dict(target.labels)) for target in read.targets] == [
        ("https://web-1.example.org:8443", {"role": "web", "zone": "a"}),
        ("https://10.0.0.2:8443", {"role": "web", "zone": "a"}),
        ("https://db-1.example.org:8443", {"role": "db"}),
    ]


def test_where_files_of_targets_lie(tmp_path: Path) -> None:
    settings = settings_of(FILES, tmp_path)
    assert settings.targets == ("/etc/logagent/targets/*.yml",)
    assert settings.target_grace == 300


def test_what_dns_is_asked_for(tmp_path: Path) -> None:
    asked = settings_of(NAMES, tmp_path).dns
    assert [(one.record_types, one.port, dict(one.labels)) for one in asked] == [
        (("SRV",), 0, {"role": "web"}),
        (("A", "AAAA"), 8443, {}),
    ]


def test_a_server_of_dns_of_its_own(tmp_path: Path) -> None:
    settings = settings_of(CONSUL, tmp_path)
    assert settings.dns[0].record_types == ("SRV",)
    assert settings.dns_server == "127.0.0.1:8600"


@pytest.mark.parametrize("spelled", ["_logagent._tcp.example.org", "srv:web.service.consul", "a:web.example.org:8443"])
def test_what_the_table_spells_is_read(spelled: str, tmp_path: Path) -> None:
    assert load({"root": [str(tmp_path)], "dns": [spelled]}, {}, host="web-1", file=None).dns
