"""The application's side of a request: what is told of a response that is in memory."""

from __future__ import annotations

from typing import Any

import pytest
import trio

from logagent.telemetry.hook import Observer, Story, Telemetry
from logagent.web.documents import DocumentResponse
from logagent.web.requests import StreamingQuart

DOCUMENT = b'{"files": []}'


class Ends(Observer):
    """Keeps the stories that have ended."""

    def __init__(self) -> None:
        self.stories: list[Story] = []

    def ended(self, story: Story) -> None:
        self.stories.append(story)


async def answered(hangs_up_after: str, method: str = "GET") -> Story:
    """The story of an answer whose client hangs up after a message of it, `start` or `body`, or after none."""
    app, ends, has_left = StreamingQuart("app"), Ends(), trio.Event()
    app.telemetry = Telemetry([ends])

    @app.get("/files")
    async def files() -> DocumentResponse:
        return DocumentResponse(DOCUMENT)

    async def receive() -> dict[str, Any]:
        await has_left.wait()
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        if has_left.is_set():
            await trio.sleep_forever()
        if message["type"] == f"http.response.{hangs_up_after}":
            has_left.set()

    scope = {"type": "http", "asgi": {}, "http_version": "1.1", "method": method, "scheme": "http", "path": "/files"}
    scope |= {"raw_path": b"/files", "query_string": b"", "root_path": "", "headers": [], "client": ("127.0.0.1", 1)}
    await app(scope, receive, send)  # type: ignore[arg-type]
    (story,) = ends.stories
    return story


async def test_who_hangs_up_with_all_of_a_body_has_not_left_early() -> None:
    story = await answered("body")
    assert (story.status, story.delivered, story.bytes_sent) == (200, True, len(DOCUMENT) + 1)


async def test_who_hangs_up_before_the_body_has_left() -> None:
    story = await answered("start")
    assert (story.status, story.delivered, story.bytes_sent) == (200, False, 0)


@pytest.mark.parametrize("hangs_up_after", ["start", "body", "nothing"])
async def test_of_what_answers_head_no_byte_is_sent(hangs_up_after: str) -> None:
    story = await answered(hangs_up_after, "HEAD")
    assert (story.status, story.delivered, story.bytes_sent) == (200, True, 0)
