"""The response that holds an agent's figures, for Prometheus and whatever else reads its formats."""

from __future__ import annotations

from functools import partial
from typing import Protocol

from quart import request
from quart_trio.wrappers import TrioResponse

from logagent.core.wire.coding import IDENTITY, encoder, negotiate
from logagent.web.body import BodyThreads


class Exposition(Protocol):
    """Gives the figures of an agent as text."""

    def __call__(self, accept: str, /) -> tuple[bytes, str]:
        """Return the text and its media type; called in a thread.

        Args:
            accept: the request's header of that name.
        """
        ...


async def metrics_response(exposition: Exposition, threads: BodyThreads) -> TrioResponse:
    """Answer the current request with figures, in the format and the content coding that it prefers.

    Args:
        exposition: gives them.
        threads: in which the text is made: it takes milliseconds, as does loading what makes it.
    """
    coding = negotiate(request.headers.get("accept-encoding", ""))
    body, mimetype = await threads.call(partial(_coded, exposition, request.headers.get("accept", ""), coding))
    response = TrioResponse(body, content_type=mimetype)
    if coding != IDENTITY:
        response.headers["content-encoding"] = coding
    response.headers["cache-control"] = "no-store"
    response.headers["vary"] = "accept, accept-encoding"
    response.headers["x-content-type-options"] = "nosniff"
    return response


def _coded(exposition: Exposition, accept: str, coding: str) -> tuple[bytes, str]:
    text, mimetype = exposition(accept)
    stream = encoder(coding)
    return stream.encode(text) + stream.finish(), mimetype
