"""The application's side of each request: its story is told, its upload taken, and its response sent or streamed."""

from __future__ import annotations

from typing import Any

import trio
from quart_trio import QuartTrio
from quart_trio.asgi import TrioASGIHTTPConnection

from logagent.core.wire.trace import TRACE_HEADER, trace_id
from logagent.telemetry.hook import Story, Telemetry, current
from logagent.web.documents import Problem
from logagent.web.streaming import Answer
from logagent.web.tracing import begin_story, log_refusal, logged_reason, trace_of
from logagent.web.uploads import Upload, takes_form


class AnswerConnection(TrioASGIHTTPConnection):
    """Quart-Trio's side of one request, which can deliver an `Answer`.

    Private part of Quart-Trio touched: `_send_response`.

    Attributes:
        app: that answers it.
        nursery: the request's; set once the request is handled.
    """

    app: StreamingQuart
    nursery: trio.Nursery

    async def handle_request(  # type: ignore[override]  # Quart-Trio's own signature, not Quart's
        self, nursery: trio.Nursery, request: Any, send: Any
    ) -> None:
        """Keep the nursery, in which an answer may have a task of its own."""
        self.nursery = nursery
        story = begin_story(self.scope, self.app.telemetry)
        try:
            await super().handle_request(nursery, request, send)
        finally:
            story.end()

    async def handle_messages(  # type: ignore[override]  # Quart-Trio's own signature, not Quart's
        self, nursery: trio.Nursery, request: Any, receive: Any
    ) -> None:
        """Take the body, once somebody reads it, and cancel the request when the client is gone.

        What is uploaded to a route that takes no body is dropped.
        """
        upload = Upload.of(self.scope)
        if takes_form(self.scope["method"], self.scope["path"]):
            await upload.wait_until_wanted()
        while (message := await receive())["type"] != "http.disconnect":
            upload.receive(message)
        nursery.cancel_scope.cancel()

    async def _send_response(self, send: Any, response: Any) -> None:
        self._sign(response)
        if isinstance(response, Answer) and self.scope["method"] != "HEAD":
            await response.deliver(self, send)
        else:
            await self.send_plain(send, response)

    async def send_plain(self, send: Any, response: Any) -> None:
        """Send a response whose body is in memory; a refusal leaves a line in the log."""
        self._sign(response)
        story = current()
        story.status = response.status_code
        if isinstance(response, Problem):
            story.reason = logged_reason(self.scope, response.detail)
            log_refusal(self.scope, response.status_code, response.detail)
        await super()._send_response(_noting(send, story, response.content_length or 0), response)
        story.delivered = True

    def _sign(self, response: Any) -> None:
        response.headers[TRACE_HEADER] = trace_id(trace_of(self.scope))


def _noting(send: Any, story: Story, length: int) -> Any:
    """Return `send`, after which a story holds how many bytes of a body of a known length were sent.

    Whoever has all of them may hang up before the end of the response has been sent, and has not left for that. Of a
    body that answers HEAD, the server sends nothing.
    """
    has_body = story.method != "HEAD"

    async def noting(message: Any) -> None:
        await send(message)
        if has_body:
            story.bytes_sent += len(message.get("body", b""))
        story.delivered = not has_body or story.bytes_sent >= length

    return noting


class StreamingQuart(QuartTrio):
    """A Quart-Trio application whose responses may be of class `Answer`.

    Args:
        name: of the module that makes it.

    Attributes:
        telemetry: told of each request.
    """

    asgi_http_class = AnswerConnection

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.telemetry = Telemetry()
