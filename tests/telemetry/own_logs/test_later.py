"""What is put into words later."""

from __future__ import annotations

import logging
from typing import Any

from logagent.telemetry.own_logs.later import Later


def words(name: str) -> tuple[str, dict[str, Any]]:
    return f"hello {name}", {"name": name}


def test_it_becomes_what_it_would_have_been() -> None:
    told = Later(7, logging.INFO, "logagent.x", words, ("web",), "hello").told()
    assert (told.time_ns, told.level, told.logger) == (7, logging.INFO, "logagent.x")
    assert (told.message, told.fields, told.template) == ("hello web", {"name": "web"}, "hello")


def test_a_bug_in_finding_words_is_told_in_their_place() -> None:
    told = Later(7, logging.INFO, "logagent.x", words, ()).told()
    assert told.level == logging.ERROR
    assert told.message.startswith("words could not be put into words: TypeError")
