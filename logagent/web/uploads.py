"""The body of a request: a form with parameters, of which nothing is read before it is settled who asks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import trio
from werkzeug.http import parse_options_header

from logagent.core.wire.media_types import FORM
from logagent.core.wire.parameter_table import HITS, LOGS
from logagent.core.wire.parameters import MAX_FORM
from logagent.web.documents import Refusal, refuse_for_now

FORM_ROUTES = frozenset({LOGS, HITS})
"""The paths that take a form."""
SECONDS = 10.0
"""Seconds for the whole body: a mebibyte over a slow line of one megabit a second takes eight."""
MOST_HELD = 32 * 1024 * 1024
"""Bytes of all bodies that are being read at the same time: thirty-two that are as large as a form may be."""
_SCOPE = "upload"


class UploadRoom:
    """Bounds the bytes of all bodies that are being read at the same time.

    Args:
        most: how many bytes there may be.
    """

    def __init__(self, most: int = MOST_HELD) -> None:
        self._free = most

    def take(self, size: int) -> bool:
        """Take room for further bytes; return whether there was any."""
        has_room = size <= self._free
        self._free -= size * has_room
        return has_room

    def give_back(self, size: int) -> None:
        """Give back what was taken."""
        self._free += size


class Upload:
    """The body of one request, as far as it has arrived."""

    def __init__(self) -> None:
        self._wanted = trio.Event()
        self._ended = trio.Event()
        self._body = bytearray()
        self._room: UploadRoom | None = None  # while it is read
        self._is_crowded = False

    @classmethod
    def of(cls, scope: Any) -> Upload:
        """Return the upload of the request of an ASGI scope."""
        upload: Upload = scope.setdefault(_SCOPE, cls())
        return upload

    async def wait_until_wanted(self) -> None:
        """Wait until somebody reads it: until then the client is held up by back-pressure."""
        await self._wanted.wait()

    def receive(self, message: Mapping[str, Any]) -> None:
        """Take the next message of the request; what nobody reads is dropped, and so is what is too large."""
        self._keep(message.get("body", b""))
        if not message.get("more_body") or len(self._body) > MAX_FORM or self._is_crowded:
            self._ended.set()

    def _keep(self, piece: bytes) -> None:
        if self._room is None or len(self._body) > MAX_FORM or self._is_crowded:
            return
        if self._room.take(len(piece)):
            self._body += piece
        else:
            self._is_crowded = True

    async def read(self, room: UploadRoom) -> bytes:
        """Return the whole body.

        Args:
            room: what it and all others may hold until they are read.

        Raises:
            Refusal: 413 if it is larger than a form may be, 408 if it does not come in time, 503 if there is no room.
        """
        self._room = room
        self._wanted.set()
        try:
            with trio.move_on_after(SECONDS) as in_time:
                await self._ended.wait()
            if self._is_crowded:
                raise refuse_for_now("too many bodies are being read at the same time; ask again")
            if in_time.cancelled_caught:
                raise Refusal(408, f"the body did not come within {SECONDS:g} s")
            if len(self._body) > MAX_FORM:
                raise too_large()
            return bytes(self._body)
        finally:
            self._room = None
            room.give_back(len(self._body))
            self._body.clear()


def takes_form(method: str, path: str) -> bool:
    """Return whether a request may have a form for its body."""
    return method == "POST" and path in FORM_ROUTES


def check_form(content_type: str, length: int | None, coding: str = "") -> None:
    """Refuse a body that is no form, or too large, by what its head says of it.

    Raises:
        Refusal: 415 for another media type or a compressed body, 413 for too large a body.
    """
    if coding not in ("", "identity"):
        raise Refusal(415, "a body with parameters comes as it is, without a Content-Encoding")
    if parse_options_header(content_type)[0].lower() != FORM:
        raise Refusal(415, f"a body holds parameters, as {FORM}")
    if (length or 0) > MAX_FORM:
        raise too_large()


def too_large() -> Refusal:
    """Return the refusal of a form that is too large."""
    return Refusal(413, f"the body is larger than {MAX_FORM} bytes; give fewer or shorter patterns")
