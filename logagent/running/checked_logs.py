"""What an agent would find below its roots, and what it would not serve, each with the reason."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from logagent.config.settings import Settings
from logagent.core.notes import Notes
from logagent.core.outcome import Failure
from logagent.core.times.named_formats import FormatRules
from logagent.disk.catalog.catalog import Log
from logagent.disk.catalog.never_served import NeverServed
from logagent.running.in_force import catalog_of

EVERYTHING = "**/*"
MOST = 1_000_000
"""Logs that are counted: all."""
NAMED = 3
"""Names that stand for all of a kind: enough to recognise it."""


def told_of_roots(settings: Settings) -> Iterator[str]:
    """Yield what is to be said of each root, a line each, those about one below it; reads the disk and blocks."""
    for root in settings.root:
        name = settings.root_name.get(root.absolute(), root.name)
        try:
            notes = Notes()
            logs = _found(settings, root, notes)
        except Failure as failure:
            yield f"{root} as {name}: {failure.message}"
            continue
        yield f"{root} as {name}: {_counted(logs)}"
        yield from (f"  {note.sentence}" for note in notes.told())
        yield from _skipped(settings, root, logs)
        yield from _hidden(settings, root)


def _counted(logs: list[Log]) -> str:
    files = sum(len(log.generations) for log in logs)
    return f"{len(logs)} log{'' if len(logs) == 1 else 's'} in {files} file{'' if files == 1 else 's'}"


def _found(settings: Settings, root: Path, notes: Notes) -> list[Log]:
    catalog = catalog_of(settings, [root], FormatRules())
    try:
        return catalog.find([EVERYTHING], limit=MOST, notes=notes)
    except Failure:
        if not any(root.iterdir() if root.is_dir() else ()):
            return []
        raise


def _skipped(settings: Settings, root: Path, logs: list[Log]) -> Iterator[str]:
    if not settings.skip_files:
        return
    try:
        every = _found(replace(settings, skip_files=()), root, Notes())
    except Failure:
        return
    kept = {log.name for log in logs}
    yield from _told([log.name for log in every if log.name not in kept], "left out of globs by skip_files")


def _hidden(settings: Settings, root: Path) -> Iterator[str]:
    if root.is_dir():
        yield from _told([*_never_served(settings, root)], "never served (never_serve, and what holds secrets)")


def _never_served(settings: Settings, root: Path) -> Iterator[str]:
    hides, left = NeverServed(settings.never_serve), settings.max_walk
    for directory, directories, files in os.walk(root):
        below = os.path.relpath(directory, root)
        prefix = "" if below == "." else f"{below}/"
        hidden = [name for name in directories if hides(prefix + name, directory=True)]
        yield from (f"{prefix}{name}/" for name in hidden)
        yield from (prefix + name for name in files if hides(prefix + name))
        directories[:] = [name for name in directories if name not in hidden]
        left -= len(files) + len(directories)
        if left < 0:
            return


def _told(names: list[str], why: str) -> Iterator[str]:
    if names:
        more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
        yield f"  {len(names)} {'is' if len(names) == 1 else 'are'} {why}: {', '.join(sorted(names)[:NAMED])}{more}"
