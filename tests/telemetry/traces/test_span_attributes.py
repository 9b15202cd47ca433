"""What spans say: names and errors by the conventions, addresses, and no word that was searched for."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.trace.status import StatusCode

from logagent.core.outcome import Outcome, Status
from logagent.core.query import Match, Query
from logagent.telemetry.hook import Asking, LogRead, Story
from logagent.telemetry.traces.span_attributes import (
    EXPECTED,
    FAULTS,
    LONGEST_MESSAGE,
    ROUTES,
    address_of,
    name_of,
    of_answer,
    of_host,
    of_reading,
    of_request,
    quotes,
)
from logagent.web.access import Access
from logagent.web.answers import Answers
from logagent.web.app import create_app
from testbed.fake_agent import FakeAgent


async def never(query: object, out: object) -> Outcome:
    return Outcome()


def test_every_route_has_its_name() -> None:
    access = Access(["web0"], certificate_required=False)
    app = create_app(FakeAgent(never), Answers("web0", 1), version="0", access=access)
    assert {rule.rule for rule in app.url_map.iter_rules() if not rule.rule.startswith("/static")} <= ROUTES


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("GET", "/logs", "GET /logs"),
        ("POST", "/hits", "POST /hits"),
        ("GET", "/secret", "GET"),
        ("BREW", "/logs", "HTTP /logs"),
        ("BREW", "/secret", "HTTP"),
    ],
)
def test_names_are_few_whatever_is_asked_for(method: str, path: str, name: str) -> None:
    story = Story(method=method, path=path)
    assert name_of(story) == name
    assert of_request(story)["http.request.method"] in (method, "_OTHER")
    assert ("http.route" in of_request(story)) is (path in ROUTES)


@pytest.mark.parametrize(
    ("client", "address"),
    [
        ("10.0.0.7:51234", {"client.address": "10.0.0.7", "client.port": 51234}),
        ("[fe80::1]:4711", {"client.address": "fe80::1", "client.port": 4711}),
        ("", {}),
    ],
)
def test_the_clients_address(client: str, address: dict[str, object]) -> None:
    attributes = of_request(Story(method="GET", path="/logs", client=client))
    assert {name: value for name, value in attributes.items() if name.startswith("client.")} == address


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("https://10.0.0.2:8443", {"server.address": "10.0.0.2", "server.port": 8443}),
        ("https://web-1", {"server.address": "web-1", "server.port": 443}),
        ("http://[::1]", {"server.address": "::1", "server.port": 80}),
        ("unix:/run/logagent/agent.sock", {"server.address": "/run/logagent/agent.sock"}),
        ("a host that was a peer before a reload", {"server.address": "", "server.port": 80}),
    ],
)
def test_a_peers_address(url: str, address: dict[str, object]) -> None:
    assert address_of(url) == address


@pytest.mark.parametrize("status", Status)
def test_verdicts_are_errors_by_the_conventions(status: Status) -> None:
    outcome = Outcome(status, "why")
    answered = of_answer(Story(status=200, outcome=outcome))
    asked, read = of_host(Asking("web-1", outcome=outcome), None), of_reading(LogRead("a", {}, outcome), None)
    for ending, is_error in ((answered, status in FAULTS), (asked, status not in EXPECTED), (read, status in FAULTS)):
        assert ending.attributes["logagent.status"] == status.name
        assert (ending.status is not None) is is_error
        assert ending.attributes.get("error.type") == (status.name if is_error else None)
        if ending.status is not None:
            assert (ending.status.status_code, ending.status.description) == (StatusCode.ERROR, "why")


@pytest.mark.parametrize(("code", "is_error"), [(200, False), (404, False), (429, False), (500, True), (503, True)])
def test_only_what_the_server_fails_at_is_its_error(code: int, is_error: bool) -> None:
    ending = of_answer(Story(status=code, reason="too many answers are under way"))
    assert (ending.status is not None) is is_error
    assert ending.attributes.get("error.type") == (str(code) if is_error else None)


def test_a_client_that_left_is_no_error() -> None:
    ending = of_answer(Story(status=200))
    assert ending.status is None
    assert ending.attributes["logagent.delivered"] is False


def test_a_message_is_cut() -> None:
    ending = of_host(Asking("web-1", outcome=Outcome(Status.INTERNAL, "x" * 1000)), None)
    assert ending.status is not None
    assert ending.status.description == "x" * LONGEST_MESSAGE


WORD = st.text(min_size=1, max_size=8)


@given(WORD, st.sampled_from(["keywords", "exclude", "regex", "exclude_regex"]), WORD, WORD)
def test_a_message_that_quotes_what_was_searched_for_is_not_told(word: str, kind: str, before: str, after: str) -> None:
    match = replace(Match(), **{kind: (word.encode(errors="surrogatepass"),)})
    query = replace(Query.of(files=("a",)), match=match)
    assert quotes(f"{before}{word}{after}", query)
    asking = Asking("web-1", outcome=Outcome(Status.INTERNAL, f"{before}{word}{after}"))
    ending = of_host(asking, query)
    assert ending.status is not None
    assert ending.status.description is None


def test_a_message_that_quotes_nothing_is_told() -> None:
    query = replace(Query.of(files=("a",)), match=Match(keywords=(b"wombat",)))
    assert not quotes("web-2: cannot connect", query)
    assert not quotes("whatever", None)
