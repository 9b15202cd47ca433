"""Whom a command asks."""

from __future__ import annotations

import pytest

from logagent.terminal.address import agent_address
from logagent.terminal.arguments import QueryArguments
from testbed.console import typed


@pytest.mark.parametrize(
    ("argv", "environ", "url"),
    [
        ([], {}, "http://127.0.0.1:8000"),
        ([], {"LOGAGENT_AGENT": "http://10.0.0.2:8000/"}, "http://10.0.0.2:8000"),
        (["--agent", "https://10.0.0.3:1"], {"LOGAGENT_AGENT": "http://10.0.0.2:8000"}, "https://10.0.0.3:1"),
        (["--agent", "[::1]:8000"], {}, "http://[::1]:8000"),
    ],
)
def test_agent_is_that_of_the_flag_or_the_environment_or_this_machine(
    argv: list[str], environ: dict[str, str], url: str
) -> None:
    assert agent_address(typed(QueryArguments, "query", "f", *argv), environ).url == url
