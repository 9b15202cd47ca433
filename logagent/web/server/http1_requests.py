"""Parsing requests over HTTP/1.1: h11's parser."""

from __future__ import annotations

from typing import Any

import h11


class RequestParser(h11.Connection):
    """h11's parser, which passes over what a client sends behind its last request.

    Args:
        max_head: bytes of a request's head at most.
    """

    def __init__(self, max_head: int) -> None:
        super().__init__(h11.SERVER, max_incomplete_event_size=max_head)

    def next_event(self) -> Any:
        """Parse the next event.

        Raises:
            h11.RemoteProtocolError: for bytes that are no request.
        """
        if self.their_state is h11.MUST_CLOSE:
            return h11.NEED_DATA  # h11 calls it an error, and the last request would be refused in place of answered.
        return super().next_event()
