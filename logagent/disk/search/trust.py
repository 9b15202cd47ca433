"""Whether the times of a file were trusted, as a cursor carries it from one page of an answer to the next.

A small file may be judged otherwise once it has grown. An answer that began to merge it as one block goes on so, and
one that sorted its lines by their own times goes on to do that: else lines would come twice, or never.
"""

from __future__ import annotations

_TAG_AT = 50
"""The lowest of two bits of a fingerprint that nothing else uses (see `code_units`): 1 is trusted, 2 is not."""


def with_trust(fingerprint: int, *, trusted: bool) -> int:
    """Return the fingerprint of a file with what was judged of its times; that of an empty file stays as it is."""
    return fingerprint | (1 if trusted else 2) << _TAG_AT if fingerprint else 0


def trust_in(fingerprint: int) -> bool | None:
    """Return whether the times of a fingerprint's file were trusted; None if it does not say."""
    return {1: True, 2: False}.get(fingerprint >> _TAG_AT & 3)
