"""The reasons of many hosts, told once for all that share one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logagent.core.merging.shared_reasons import SharedReason, first_names, shared_reasons, told_together
from logagent.core.outcome import MOST_OF_CAUSES, HostOutcome, Status, size_in_trailer

AWAY = Status.UNAVAILABLE


def away(**messages: str) -> list[HostOutcome]:
    return [HostOutcome(host.replace("_", "-"), AWAY, message) for host, message in messages.items()]


@pytest.mark.parametrize(
    ("one", "other", "reason"),
    [
        ("sent nothing for 5 s", "sent nothing for 5 s", "sent nothing for 5 s"),
        ("refused, 9 s ago", "refused, 12 s ago", "refused, 9 to 12 s ago"),
        ("took 0.25 s", "took 3 s", "took 0.25 to 3 s"),
        ("10.0.0.1:8443 did not answer", "10.0.0.2:8443 did not answer", "... did not answer"),
        ("https://a:1 is no agent", "https://[::1]:2 is no agent", "... is no agent"),
        ("no rule for db_1", "no rule for web_2", "no rule for ..."),
        ("alpha: broken", "beta: broken", "...: broken"),
        ("alpha.example is gone.", "beta.example is gone.", "... is gone."),
        ("app1.log: damaged", "app22.log: damaged", "...: damaged"),
        ("", "", "UNAVAILABLE"),
    ],
)
def test_what_varies_from_host_to_host_makes_no_other_reason(one: str, other: str, reason: str) -> None:
    assert shared_reasons(away(alpha=one, beta=other)) == [SharedReason(AWAY, reason, ("alpha", "beta"))]


@pytest.mark.parametrize(("one", "other"), [("gone", "away"), ("5 s", "five s"), ("alpha", "gamma")])
def test_other_words_are_another_reason(one: str, other: str) -> None:
    assert len(shared_reasons(away(alpha=one, beta=other))) == 2


def test_another_status_is_another_reason_whatever_is_said() -> None:
    parts = [HostOutcome("a", AWAY, "gone"), HostOutcome("b", Status.INTERNAL, "gone")]
    assert [reason.status for reason in shared_reasons(parts)] == [AWAY, Status.INTERNAL]


def test_the_reason_of_most_hosts_comes_first() -> None:
    reasons = shared_reasons(away(a="late", b="gone", c="gone", d="late", e="gone"))
    assert [(reason.reason, reason.hosts) for reason in reasons] == [("gone", ("b", "c", "e")), ("late", ("a", "d"))]


@pytest.mark.parametrize(
    ("hosts", "more", "told"),
    [
        ("", 0, ""),
        ("a", 0, "a"),
        ("ab", 0, "a and b"),
        ("abcd", 0, "a, b, c and d"),
        ("abcde", 0, "a, b, c and 2 more"),
        ("abc", 1, "a, b, c and 1 more"),
        ("abcd", 4000, "a, b, c and 4,001 more"),
    ],
)
def test_few_hosts_are_named_and_more_are_counted(hosts: str, more: int, told: str) -> None:
    assert first_names(list(hosts), more) == told


def test_a_thousand_hosts_make_one_sentence() -> None:
    refused = [HostOutcome(f"db-{n}", AWAY, "cannot connect: connection refused") for n in range(1, 9)]
    silent = [HostOutcome(f"web-{n}", AWAY, "sent nothing for 5 s and was left behind") for n in (7, 9)]
    assert told_together([*refused, *silent], 1000) == (
        "10 of 1,000 hosts failed: cannot connect: connection refused (db-1, db-2, db-3 and 5 more); "
        "sent nothing for 5 s and was left behind (web-7 and web-9)"
    )


def test_hosts_of_which_nothing_is_known_are_counted() -> None:
    assert told_together(away(a="gone"), 50, 9) == "10 of 50 hosts failed: gone (a); and 9 more"


@given(st.lists(st.tuples(st.text("ab-é1", min_size=1), st.text("xy 1é")), min_size=1, max_size=30), st.integers(0, 99))
def test_the_sentence_fits_into_a_trailer_and_leaves_no_host_uncounted(parts: list[tuple[str, str]], more: int) -> None:
    failing = [HostOutcome(host, AWAY, message * 20) for host, message in parts]
    message = told_together(failing, 100, more)
    assert size_in_trailer(message) <= MOST_OF_CAUSES
    assert message.startswith(f"{len(parts) + more} of 100 hosts failed: ")
