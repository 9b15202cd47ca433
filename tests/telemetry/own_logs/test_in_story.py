"""What is told in the course of a request: it has the request's trace, and nothing of what was searched for."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable

import pytest

from logagent.core.query import Query
from logagent.telemetry.hook import UNTOLD, Story
from logagent.telemetry.own_logs.in_story import in_story, without_messages
from logagent.telemetry.own_logs.told import Told

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
STORY = Story(trace=f"00-{TRACE_ID}-b7ad6b7169203331-01")
QUERY = Query.of(files=("a.log",), keywords=(b"Canary bird",))


def fails(message: str) -> None:
    raise ValueError(message)


def fails_twice(message: str) -> None:
    try:
        fails(message)
    except ValueError as error:
        raise KeyError(message) from error


def fails_in_a_group(message: str) -> None:
    errors = []
    for each in (fails, fails_twice):
        try:
            each(message)
        except Exception as error:
            errors.append(error)
    raise ExceptionGroup(message, errors)


def text_of(act: Callable[[str], None], message: str) -> str:
    try:
        act(message)
    except Exception as error:
        return "".join(traceback.format_exception(error)).rstrip("\n")
    raise AssertionError("it did not fail")


def test_it_has_the_trace_unless_it_names_one() -> None:
    told = Told(1, logging.INFO, "logagent.x", "hello")
    assert in_story(told, STORY).fields == {"trace_id": TRACE_ID}
    named = told._replace(fields={"trace_id": "other"})
    assert in_story(named, STORY).fields == {"trace_id": "other"}
    assert in_story(told, UNTOLD) is told


@pytest.mark.parametrize("act", [fails, fails_twice, fails_in_a_group])
@pytest.mark.parametrize("message", ["no canary here", "first\n    canary\ncanary: canary", "a\n\n  bird canary"])
@pytest.mark.parametrize("query", [None, QUERY])
def test_no_message_of_an_exception_quotes_a_word(
    act: Callable[[str], None], message: str, query: Query | None
) -> None:
    text = text_of(act, message)
    kept = without_messages(text, query)
    assert "canary" not in kept
    assert "bird" not in kept
    frames = [line for line in text.splitlines() if 'File "' in line or "raise" in line]
    assert [line for line in kept.splitlines() if 'File "' in line or "raise" in line] == frames
    assert "ValueError" in kept


def test_in_a_story_the_traceback_is_told_so() -> None:
    told = Told(1, logging.ERROR, "logagent.x", "failed", {"error": text_of(fails, "canary")})
    assert in_story(told, STORY).fields["error"].endswith("ValueError: ***")
    assert in_story(told, UNTOLD).fields["error"].endswith("ValueError: canary")
