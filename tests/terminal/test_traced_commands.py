"""The trace that the environment names goes with every question to an agent, however it is asked."""

from __future__ import annotations

import pytest

from logagent.peers.direct.answer_stream import AnswerStream
from logagent.peers.direct.waiting import SpeaksHttp1
from testbed.console import Console
from testbed.one_server import Answer, serving

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
COMMANDS = [
    *(["query", "app.log"], ["follow", "app.log"], ["hits", "app.log"], ["files"], ["hosts"]),
    *(["grep", "x", "app.log"], ["tail", "app.log"], ["cat", "app.log"], ["ls"]),
]


def heard(command: list[str], **environ: str) -> list[dict[str, str]]:
    """The headers of the requests of a command."""
    refusing = Answer(503, {"content-type": "text/plain"}, [b"not now"])
    with serving(refusing) as address:
        Console().run(*command, "--agent", f"http://{address}", environ=environ)
    return refusing.heard


@pytest.mark.parametrize("blocking", [True, False], ids=["blocking", "trio"])
@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_every_command_passes_on_the_trace_of_its_environment(
    command: list[str], blocking: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(stream: AnswerStream, until: float) -> None:
        raise SpeaksHttp1

    if not blocking:
        monkeypatch.setattr(AnswerStream, "wait_for_greeting", refuse)
    requests = heard(command, TRACEPARENT=TRACE, TRACESTATE="vendor=1, other=2")
    assert requests
    assert {(each["traceparent"], each["tracestate"]) for each in requests} == {(TRACE, "vendor=1,other=2")}


@pytest.mark.parametrize("environ", [{}, {"TRACEPARENT": "nonsense", "TRACESTATE": "a=1"}, {"TRACESTATE": "a=1"}])
def test_without_a_trace_that_is_valid_the_agent_begins_one(environ: dict[str, str]) -> None:
    (request,) = heard(["query", "app.log"], **environ)
    assert not {"traceparent", "tracestate"} & request.keys()
