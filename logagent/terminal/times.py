"""Times as people type them: a missing zone means this machine's zone, a missing day means today."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import datetime, tzinfo

from logagent.core.times import moments

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_CLOCK = re.compile(r"[0-9]{1,2}:[0-9]{2}")


def completed(typed: str, now: datetime, zone: tzinfo | None = None) -> str:
    """Complete a time as typed, such as `2026-11-23`, `2026-11-23 10:00` or `10:00:30`, to one with a day and a zone.

    Everything else is returned unchanged, for the agent to check.

    Args:
        now: the day that a time without a day is of.
        zone: None: this machine's.
    """
    if moments.read(typed, 0) is not None:
        return typed
    text = typed if _DAY.match(typed) else f"{now.date().isoformat()}T{typed.zfill(5)}" if _CLOCK.match(typed) else ""
    with suppress(ValueError):
        local = datetime.fromisoformat(text)
        return (local.astimezone() if zone is None else local.replace(tzinfo=zone)).isoformat()
    return typed
