"""Warnings that repeat: written once, and counted; nothing else is held back."""

from __future__ import annotations

from logagent.telemetry.own_logs import requests
from logagent.telemetry.own_logs.repeats import (
    MOST_REFUSALS,
    MOST_WINDOWS,
    REFUSALS,
    STORIES,
    VARIANTS,
    WINDOW,
    Repeats,
)
from testbed.own_lines import messages, told, warning


def test_a_warning_that_repeats_is_written_once_and_then_counted() -> None:
    repeats = Repeats()
    assert messages(repeats.passed([warning("no log"), warning("no log")], 0.0)) == ["no log"]
    assert repeats.passed([warning("no log")], WINDOW - 1) == []
    assert repeats.ends == WINDOW
    counted, again = repeats.passed([warning("no log")], WINDOW)
    assert (counted.message, counted.fields) == ("2 more in 60 s: no log", {"repeated": 2})
    assert again.message == "no log"


def test_one_that_came_once_is_not_counted() -> None:
    repeats = Repeats()
    repeats.passed([warning("no log")], 0.0)
    assert repeats.ends is None
    assert repeats.passed([], WINDOW) == []


def test_warnings_that_differ_are_written_each_up_to_a_number_of_one_wording() -> None:
    repeats = Repeats()
    lines = [warning(f"reading {number}", "reading %s") for number in range(VARIANTS + 7)]
    assert messages(repeats.passed(lines, 0.0)) == messages(lines[:VARIANTS])
    assert messages(repeats.passed([], WINDOW)) == ["7 more in 60 s like: reading %s"]


def test_what_is_no_warning_always_passes() -> None:
    repeats = Repeats()
    assert len(repeats.passed([told("accepted")] * 100, 0.0)) == 100


def test_stories_of_requests_always_pass() -> None:
    assert STORIES == requests.LOGGER
    assert len(Repeats().passed([warning("db-2 was left behind", logger=STORIES)] * 100, 0.0)) == 100


def test_refusals_are_bounded_by_their_number_alone() -> None:
    repeats = Repeats()
    lines = [warning("no", "%s", REFUSALS)] * (MOST_REFUSALS + 3)
    assert len(repeats.passed(lines, 0.0)) == MOST_REFUSALS
    assert messages(repeats.rest()) == ["3 more in 60 s like: %s"]


def test_wordings_without_end_take_bounded_memory() -> None:
    repeats = Repeats()
    lines = [warning(f"wording {number}") for number in range(MOST_WINDOWS + 1000)]
    assert len(repeats.passed(lines, 0.0)) == MOST_WINDOWS + VARIANTS
    assert sum(one.fields["repeated"] for one in repeats.rest()) == 1000 - VARIANTS


def test_the_rest_is_told_at_the_end() -> None:
    repeats = Repeats()
    repeats.passed([warning("no log")] * 3, 0.0)
    assert messages(repeats.rest()) == ["2 more in 60 s: no log"]
    assert repeats.rest() == []
