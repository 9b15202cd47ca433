"""What `/files` tells of the times of a log, and its conversion to JSON and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from logagent.core.wire.documents import Document


@dataclass(frozen=True, slots=True)
class ListedTimes:
    """What was taken for the times of a log, and how sure that is.

    Attributes:
        sampled: lines that were looked at.
        timed: how many of them state a time.
        formats: how many of them have a time in each format, the most frequent first.
        places: where in a line they stand, in words.
        named: whether the format was named, rather than learned from the lines.
        local: whether times name no zone, so that they are in that of the log.
        distrust: why they are not trusted; empty if they are.
    """

    sampled: int
    timed: int
    formats: tuple[tuple[str, int], ...] = ()
    places: tuple[str, ...] = ()
    named: bool = False
    local: bool = False
    distrust: str = ""


def times_to_json(times: ListedTimes) -> dict[str, Any]:
    """Return the JSON object of the times of a log."""
    return {
        "sampled": times.sampled,
        "timed": times.timed,
        "formats": [{"name": name, "lines": lines} for name, lines in times.formats],
        "places": list(times.places),
        "named": times.named,
        "local": times.local,
        "distrust": times.distrust or None,
    }


def times_from(times: Document | None) -> ListedTimes | None:
    """Read the times of a log from the object that `times_to_json` made of them; older agents tell none."""
    if times is None:
        return None
    forms = list(map(Document, times.take("formats", list)))
    return ListedTimes(
        times.take("sampled", int),
        times.take("timed", int),
        tuple((form.take("name", str), form.take("lines", int)) for form in forms),
        times.texts("places"),
        times.take("named", bool),
        times.take("local", bool),
        times.text_if_any("distrust"),
    )
