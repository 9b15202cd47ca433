"""Converting requests from HTTP/2 clients into requests for Hypercorn's streams."""

from __future__ import annotations

from hypercorn.protocol.events import Request
from hypercorn.typing import ConnectionState
from hypercorn.utils import filter_pseudo_headers

from logagent.web.server.limits import ConnectionLimits
from logagent.web.server.targets import BadTarget, check_authority, parse_target

Fields = list[tuple[bytes, bytes]]

FIELD_OVERHEAD = 32
"""Bytes that a field counts for besides its name and value (RFC 9113, 6.5.2)."""

HOP_BY_HOP = {b"connection", b"upgrade", b"http2-settings"}
"""Fields that belong to an HTTP/1.1 connection and do not survive its upgrade (RFC 9113, 8.2.2)."""


def fault_of(fields: Fields, limits: ConnectionLimits) -> tuple[int, str] | None:
    """Return why a request cannot be handed to an application, as a status and a sentence; None: it can."""
    if not fields:
        return 400, "a field of the request is malformed"
    pseudo = _pseudo(fields)
    if len(pseudo.get(b":path", b"")) > limits.target_bytes:
        return 414, f"the address is longer than {limits.target_bytes} bytes"
    if size_of(fields) > limits.header_bytes:
        return 431, f"the head of the request is longer than {limits.header_bytes} bytes"
    method = pseudo.get(b":method", b"")
    if method == b"CONNECT" or not method.isalpha():
        return 400, "the method of the request is none that can be answered"
    try:
        if parse_target(pseudo.get(b":path", b"")).authority is not None:
            raise BadTarget("the path of the request does not begin with a slash")
        for authority in [value for name, value in fields if name in (b":authority", b"host")]:
            check_authority(authority)
    except BadTarget as error:
        return 400, str(error)
    return None


def size_of(fields: Fields) -> int:
    """Return the bytes of a request's head as RFC 9113, 6.5.2, counts them."""
    return sum(len(name) + len(value) + FIELD_OVERHEAD for name, value in fields)


def method_and_path(fields: Fields) -> tuple[str, str]:
    """Return the method and the path with its query; empty if there is none."""
    pseudo = _pseudo(fields)
    return pseudo.get(b":method", b"").decode("latin-1"), pseudo.get(b":path", b"").decode("latin-1")


def is_head(fields: Fields) -> bool:
    """Return whether a request asks for the head of an answer only."""
    return _pseudo(fields).get(b":method") == b"HEAD"


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
