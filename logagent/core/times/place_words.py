"""Places and times in words, for people who want to know what was taken for a line's time."""

from __future__ import annotations

from logagent.core.times.places import Kind, TimePlace

_BRACKETS = b"[(<{\"'|"


def in_words(place: TimePlace) -> str:
    """Say where a time stands in its line: `behind 3 words, in [`."""
    if place.kind in (Kind.FIELD, Kind.PAIR):
        return f"field {place.name}"
    if place.kind is Kind.MEMBER:
        return f"field {place.name} of objects over many lines"
    opening = place.opening.decode("utf-8", "replace").strip()
    words = "1 word" if place.column == 1 else f"{place.column} words"
    behind = f"behind {words}" if place.column else "indented" if place.opening[:1] == b" " else "at the beginning"
    if not opening:
        return behind
    return f"{behind}, {'in' if opening[-1:].encode() in _BRACKETS else 'behind'} {opening}"
