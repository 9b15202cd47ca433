"""The table of refusals: every status code of HTTP that an agent refuses with, and what it means."""

from __future__ import annotations

from typing import NamedTuple


class RefusalMeaning(NamedTuple):
    """What a status code says.

    Attributes:
        meaning: for people.
        header: which the refusal has besides those of every response; empty: none.
        always: whether each refusal with this status has it.
    """

    meaning: str
    header: str = ""
    always: bool = True


REFUSALS = {
    400: RefusalMeaning(
        "A parameter is unknown, or has a value that cannot be used, as parameter and detail say; or the request, or "
        "one of its headers, is malformed."
    ),
    401: RefusalMeaning(
        "Nothing that was shown proves who asks, or a certificate is required that was not shown.",
        "www-authenticate",
        always=False,
    ),
    403: RefusalMeaning(
        "No rule gives the caller anything here, or the agent may not read what was asked for; or a page of another "
        "origin asks."
    ),
    404: RefusalMeaning(
        "No file has that name, or none that the caller may see; or no host; or there is no such route, and then "
        "detail names all of them."
    ),
    405: RefusalMeaning("The route does not take this method.", "allow"),
    406: RefusalMeaning("The answer comes in none of the media types that Accept names."),
    408: RefusalMeaning("The body did not come in time."),
    413: RefusalMeaning("The body is too large, or the route takes none."),
    414: RefusalMeaning("The address is too long; what does not fit goes into a body."),
    415: RefusalMeaning("The body is no form, or is compressed."),
    421: RefusalMeaning("The name under which the agent is addressed is none of its own."),
    431: RefusalMeaning("The head of the request is too large."),
    500: RefusalMeaning("The agent has failed before the answer began; its log says more under the trace."),
    503: RefusalMeaning(
        "It may succeed when it is repeated: a limit is reached, or something is not ready.", "retry-after"
    ),
    505: RefusalMeaning("HTTP/1.0 over a Unix socket cannot show that a text was cut; other versions and NDJSON can."),
    508: RefusalMeaning("The question came through more agents than may pass one on."),
}
"""By status code. A test holds that the code refuses with no other."""

OF_EVERY_ROUTE = (400, 403, 413, 414, 421, 431, 500)
"""What a request to any route may be refused with, whoever asks for what."""
OF_ADMITTED = (401, 503)
"""What else, where it matters who asks."""
