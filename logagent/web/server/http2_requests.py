"""Converting requests from HTTP/2 clients into requests for Hypercorn's streams."""

from __future__ import annotations

from hypercorn.protocol.events import Request
from hypercorn.typing import ConnectionState
from hypercorn.utils import filter_pseudo_headers

Fields = list[tuple[bytes, bytes]]

HOP_BY_HOP = {b"connection", b"upgrade", b"http2-settings"}
"""Fields that belong to an HTTP/1.1 connection and do not survive its upgrade (RFC 9113, 8.2.2)."""


def is_malformed(fields: Fields) -> bool:
    """Return whether a request cannot be handed to an application: wrong pseudo-header fields, or CONNECT."""
    pseudo = _pseudo(fields)
    method, path = pseudo.get(b":method", b""), pseudo.get(b":path", b"")
    return method == b"CONNECT" or not method.isalpha() or not path.startswith((b"/", b"*")) or not path.isascii()


def to_request(stream_id: int, fields: Fields, state: ConnectionState) -> Request:
    """Make the request as Hypercorn's stream takes it.

    It always has `te: trailers`, without which Hypercorn sends no trailers.

    Args:
        stream_id: the request's stream.
        fields: those of a request that is not malformed.
        state: what the application finds in `scope["state"]`.
    """
    pseudo = _pseudo(fields)
    others = [field for field in filter_pseudo_headers(fields) if field[0] != b"te"]
    return Request(
        stream_id=stream_id,
        headers=[*others, (b"te", b"trailers")],
        http_version="2",
        method=pseudo[b":method"].decode("ascii").upper(),
        raw_path=pseudo[b":path"],
        state=state,
    )


def without_hop_by_hop(fields: Fields) -> Fields:
    """Leave out the fields that end with the upgrade from HTTP/1.1."""
    return [field for field in fields if field[0] not in HOP_BY_HOP]


def _pseudo(fields: Fields) -> dict[bytes, bytes]:
    return {name: value for name, value in fields if name.startswith(b":")}
