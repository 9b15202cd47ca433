"""Sights by short words, and trees as they are for whoever has one: with what he does not see removed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from logagent.core.access.file_globs import FileGlob
from logagent.core.access.sight import Decision, Sight
from logagent.disk.catalog.shown import ShownNames, shown_of
from logagent.disk.files.beneath import Root


def sight(*rules: str, roots: Sequence[str] = (), back: int | None = None) -> Sight:
    """A sight by rules such as `-secret/` (denied) and `+**` (allowed, with `back` if that is given)."""
    return Sight([[_decision(rule, roots, back) for rule in rules]])


def _decision(rule: str, roots: Sequence[str], back: int | None) -> Decision:
    allows = rule.startswith("+")
    return Decision(allows, (FileGlob(rule[1:], roots),), back if allows else None)


def bare(roots: Sequence[Path], seen: Sight) -> None:
    """Remove from some roots all that is not seen."""
    shown = shown_of(seen, [Root(root) for root in roots])
    for root, each in zip(roots, shown, strict=True):
        for path in unseen(root, each):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()


def unseen(root: Path, shown: ShownNames, directory: str = "") -> Iterator[Path]:
    """The files, directories and links below a root that are not seen, a directory before what it holds."""
    for entry in sorted(os.scandir(root / directory), key=lambda entry: entry.name):
        name = f"{directory}/{entry.name}".lstrip("/")
        is_directory = entry.is_dir(follow_symlinks=False)
        if not shown(name, directory=is_directory) and not (shown(name, directory=True) and _leads_on(root, entry)):
            yield root / name
        elif is_directory:
            yield from unseen(root, shown, name)


def _leads_on(root: Path, link: os.DirEntry[str]) -> bool:
    """Whether a link leads to a directory, or out of its root."""
    if not link.is_symlink():
        return False
    return link.is_dir() or not os.path.realpath(link.path).startswith(f"{root.resolve()}/")
