"""Positions of logs that had another name in an earlier answer.

A log is called `ROOT:NAME` only while several roots have a file of its name, which may change between two answers.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from logagent.core.batch import Position
from logagent.core.cursor import of_log
from logagent.core.query import Query
from logagent.disk.catalog import identity
from logagent.disk.catalog.logs import Log


def carried_over(query: Query, logs: Collection[Log]) -> Query:
    """Return a query with a position for each log that has one under its other name; reads files and blocks.

    Args:
        query: what continues an earlier answer, or not.
        logs: those that it asks for.
    """
    names = {log.name for log in logs}
    moved = [position for log in logs if query.positions for position in _carried_over(query, log, names)]
    return replace(query, positions=(*query.positions, *moved)) if moved else query


def _carried_over(query: Query, log: Log, names: Collection[str]) -> list[Position]:
    position = of_log(query.positions, log.other_name) if log.other_name else None
    if position is None or position.log in names or of_log(query.positions, log.name) is not None:
        return []
    return [position._replace(log=log.name)] if _holds(log, position) else []


def _holds(log: Log, position: Position) -> bool:
    """Return whether a position lies in a file of a log."""
    try:
        return identity.place_of(log.generations, position.fingerprint) is not None
    except OSError:
        return False
