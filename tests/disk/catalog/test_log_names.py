"""The names by which rules judge a file."""

from __future__ import annotations

import pytest

from logagent.disk.catalog.log_names import log_names


@pytest.mark.parametrize(
    ("name", "logs"),
    [
        ("app.log", []),
        ("d/app.log.1.gz", ["d/app.log.1", "d/app.log"]),
        ("app.log-20261123", ["app.log"]),
        ("app-20261123.log.gz", ["app-20261123.log", "app.log"]),
        ("app-20261123.log.1.gz", ["app-20261123.log.1", "app.log"]),
        ("app.log.gz", ["app.log"]),
        ("@400000006925f5a40c5c1e5c.s", ["current"]),
        (".gz", []),
        ("d/.gz", []),
    ],
)
def test_a_generation_has_the_names_of_its_logs(name: str, logs: list[str]) -> None:
    assert sorted(log_names(name).names) == sorted([name, *logs])


@pytest.mark.parametrize(
    ("name", "log"),
    [
        ("web-1.log", "web.log"),
        ("d/web-1.log.gz", "d/web.log"),
        ("node.8080", "node"),
        ("app.log.old", "app.log"),
        ("app.old.log", "app.log"),
        ("access.log.1732320000", "access.log"),
        ("app.log1", "app.log"),
    ],
)
def test_what_may_be_a_log_of_its_own_only_may_belong_to_another(name: str, log: str) -> None:
    assert log in log_names(name).perhaps
    assert log not in log_names(name).names
