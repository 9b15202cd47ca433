"""What is told at the start about settings that nobody gave."""

from __future__ import annotations

from pathlib import Path

import pytest

from logagent.config import timezones
from logagent.config.hints import hints


@pytest.fixture(autouse=True)
def localtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of the machine's zone, which is not there at first."""
    monkeypatch.setattr("logagent.config.hints.LOCALTIME", tmp_path / "localtime")
    return tmp_path / "localtime"


def told(*flags: str, file: Path | None = None, **environ: str) -> list[str]:
    return [hint.split(",")[0] for hint in hints(flags, environ, str(file) if file else None)]


ZONE = "takes times in log lines that name no zone for UTC"
LOOPBACK = "listens on loopback of this container only"


def test_a_zone_that_is_merely_assumed_is_told(localtime: Path, tmp_path: Path) -> None:
    settings = tmp_path / "logagent.toml"
    settings.write_text('timezone = "UTC"')
    assert told() == [ZONE]
    assert told(TZ="UTC") == told("timezone") == told(LOGAGENT_TIMEZONE="UTC") == told(file=settings) == []
    localtime.touch()
    assert told() == []


def test_loopback_of_a_container_is_told_with_what_would_serve_others(tmp_path: Path) -> None:
    settings = tmp_path / "logagent.toml"
    settings.write_text('listen = "127.0.0.1:8000"')
    assert told(container="oci", TZ="UTC") == [LOOPBACK]
    assert told(TZ="UTC") == told("listen", container="oci", TZ="UTC") == []
    assert told(container="oci", TZ="UTC", LOGAGENT_LISTEN="http://127.0.0.1:8000") == []
    assert told(container="oci", TZ="UTC", file=settings) == []
    (line,) = hints((), {"container": "oci", "TZ": "UTC"}, None)
    assert line.count("`docker run -p ") == 2
    assert "\n" not in line


def test_where_the_machine_says_its_zone_nothing_is_assumed(localtime: Path) -> None:
    assert timezones.is_assumed({}, localtime)
    assert not timezones.is_assumed({"TZ": "Europe/Berlin"}, localtime)
    localtime.touch()
    assert not timezones.is_assumed({}, localtime)
