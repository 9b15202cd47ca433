"""Queries changed by fields of their groups, beside `Query.of`, which makes them."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

from logagent.core.query import FollowOptions, Query

GROUPS = ("match", "limits", "form")


def changed(query: Query, **changes: Any) -> Query:
    """Change fields of a query, named as `Query.of` names them."""
    for group in GROUPS:
        now = getattr(query, group)
        taken = {field.name: changes.pop(field.name) for field in fields(now) if field.name in changes}
        query = replace(query, **{group: replace(now, **taken)})
    bounds = {name: changes.pop(name) for name in ("since", "until") if name in changes}
    timing = {name: changes.pop(name) for name in ("patience", "heartbeat") if name in changes}
    if "follow" in changes:
        changes["follow"] = FollowOptions() if changes["follow"] else None
    query = replace(query, range=query.range._replace(**bounds), **changes)
    return replace(query, follow=replace(query.follow, **timing)) if query.follow and timing else query
