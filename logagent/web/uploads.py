"""The body of a request: a form with parameters, of which nothing is read before it is settled who asks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import trio
from werkzeug.http import parse_options_header

from logagent.core.wire.parameters import MAX_FORM
from logagent.web.documents import Refusal

FORM = "application/x-www-form-urlencoded"
"""The media type of parameters in a body."""
FORM_ROUTES = frozenset({"/logs", "/hits"})
"""The paths that take a form."""
SECONDS = 10.0
"""Seconds for the whole body: a mebibyte over a slow line of one megabit a second takes eight."""
_SCOPE = "upload"


class Upload:
    """The body of one request, as far as it has arrived."""

    def __init__(self) -> None:
        self._wanted = trio.Event()
        self._ended = trio.Event()
        self._body = bytearray()

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
        if self._wanted.is_set() and len(self._body) <= MAX_FORM:
            self._body += message.get("body", b"")
        if not message.get("more_body") or len(self._body) > MAX_FORM:
            self._ended.set()

    async def read(self) -> bytes:
        """Return the whole body.

        Raises:
            Refusal: 413 if it is larger than a form may be, 408 if it does not come in time.
        """
        self._wanted.set()
        with trio.move_on_after(SECONDS) as in_time:
            await self._ended.wait()
        if in_time.cancelled_caught:
            raise Refusal(408, f"the body did not come within {SECONDS:g} s")
        if len(self._body) > MAX_FORM:
            raise too_large()
        return bytes(self._body)


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
