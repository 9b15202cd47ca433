"""Which of the two text formats a client prefers, by its header `Accept` (RFC 9110, 12.5.1)."""

from __future__ import annotations

OPENMETRICS, TEXT = "application/openmetrics-text", "text/plain"


def prefers_openmetrics(accept: str) -> bool:
    """Return whether OpenMetrics is accepted by its name, and liked no less than text: who says nothing gets text."""
    liked = {OPENMETRICS: 0.0, TEXT: 0.0}
    for offered in accept.split(","):
        name, *parameters = (part.strip().lower() for part in offered.split(";"))
        if name in liked:
            liked[name] = max(liked[name], _quality(parameters))
    return liked[OPENMETRICS] > 0 and liked[OPENMETRICS] >= liked[TEXT]


def _quality(parameters: list[str]) -> float:
    quality = next((text[2:] for text in parameters if text.startswith("q=")), "1")
    try:
        return min(float(quality), 1.0)
    except ValueError:
        return 0.0
