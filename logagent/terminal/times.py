"""Times as people type them: without a zone, or without a day, they are this machine's."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import datetime, tzinfo

from logagent.core.times import moments

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_CLOCK = re.compile(r"[0-9]{1,2}:[0-9]{2}")


def told(typed: str, now: datetime, zone: tzinfo | None = None) -> str:
    """What an agent is told for what was typed: `2026-11-23`, `2026-11-23 10:00` and `10:00:30` gain what they lack.
    All else stays as it is, and is the agent's to judge. now: tells the day. zone: None for this machine's."""
    if moments.read(typed, 0) is not None:
        return typed
    text = typed if _DAY.match(typed) else f"{now.date().isoformat()}T{typed.zfill(5)}" if _CLOCK.match(typed) else ""
    with suppress(ValueError):
        local = datetime.fromisoformat(text)
        return (local.astimezone() if zone is None else local.replace(tzinfo=zone)).isoformat()
    return typed
