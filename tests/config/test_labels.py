"""Labels in the settings: each way to give them, and what is refused."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from logagent.config import labels
from logagent.config.errors import ConfigError
from logagent.config.loading import load
from logagent.config.settings import Settings
from logagent.core.wire import labels as told


def _loaded(file: Path | None = None, env: dict[str, str] | None = None, **flags: list[str]) -> Settings:
    return load({"root": ["/"], **flags}, {"TZ": "UTC", **(env or {})}, host="web-1", file=str(file) if file else None)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "logagent.toml"


def test_labels_are_spelled_as_agents_tell_them() -> None:
    assert (labels.NAME, labels.VALUE) == (told.LABEL_NAME, told.LABEL_VALUE)
    assert (labels.MOST, labels.MOST_CHARACTERS) == (told.MOST_LABELS, told.MOST_CHARACTERS)


def test_labels_come_from_flags_environment_and_both_forms_in_the_file(file: Path) -> None:
    wanted = {"role": "web", "zone": "a"}
    assert _loaded(label=["role=web", "zone=a"]).label == wanted
    assert _loaded(env={"LOGAGENT_LABEL": "role=web, zone=a"}).label == wanted
    file.write_text('label = ["role=web", "zone=a"]')
    assert _loaded(file).label == wanted
    file.write_text('[label]\nrole = "web"\nzone = "a"')
    assert _loaded(file).label == wanted
    assert _loaded().label == {}


def test_labels_of_peers_come_by_peer(file: Path) -> None:
    peers = ["web-1=https://a:1", "db-2=https://b:1"]
    wanted = {"web-1": {"role": "web", "zone": "a"}, "db-2": {"role": "db"}}
    given = ["web-1=role=web,zone=a", "db-2=role=db"]
    assert _loaded(peer=peers, peer_label=given).peer_label == wanted
    assert _loaded(peer=peers, peer_label=["web-1=zone=a", *given[1:], "web-1=role=web"]).peer_label == wanted
    assert _loaded(peer=peers, env={"LOGAGENT_PEER_LABEL": "; ".join(given)}).peer_label == wanted
    file.write_text('[peer_label]\nweb-1 = "role=web,zone=a"\ndb-2 = "role=db"')
    assert _loaded(file, peer=peers).peer_label == wanted


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"label": ["role"]}, "--label: must be a name and a value, such as role=web"),
        ({"label": ["1=web"]}, "--label: must begin with a label's name: letters, digits and _ . / -"),
        ({"label": ["role="]}, "--label: must end with the value of role: letters, digits and _ . : / @ + ~ -"),
        ({"label": ["role=w b"]}, "--label: must end with the value of role"),
        ({"label": ["role=web", "role=db"]}, "--label: role is given twice; a label has one value"),
        ({"label": [f"l{number}=x" for number in range(33)]}, "--label: a host has 32 labels at most"),
        ({"label": [f"l{number}={'x' * 127}" for number in range(20)]}, "of 2048 characters together"),
        ({"peer_label": ["web-1"]}, "--peer-label: must be a peer and its labels, such as web-1=role=web,zone=a"),
        ({"peer_label": ["web-9=role=web"]}, "--peer-label: web-9 is no peer; peers are db-2"),
        ({"peer_label": ["db-2=role=web,role=db"]}, "--peer-label: role is given twice"),
        ({"peer_label": ["db-2=role=web", "db-2=role=db"]}, "--peer-label: db-2: role is given twice"),
    ],
)
def test_what_is_no_label_is_refused_with_what_would_be_right(given: dict[str, list[str]], said: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(said)):
        _loaded(peer=["db-2=https://b:1"], **given)


def test_labels_of_peers_need_peers() -> None:
    with pytest.raises(ConfigError, match="web-1 is no peer; there are no peers"):
        _loaded(peer_label=["web-1=role=web"])


def test_setting_below_the_table_of_labels_is_refused(file: Path) -> None:
    file.write_text('[label]\nrole = "web"\ntraces = "x"')
    with pytest.raises(ConfigError, match="traces is a setting of the agent"):
        _loaded(file)
