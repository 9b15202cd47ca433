"""Draw the wings of the package from its imports, into docs/architecture.md.

    .venv/bin/python docs/draw_wings.py

Nothing is loaded: the modules are read as text. `tests/test_architecture.py` compares the picture with the document's.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
PACKAGE = PROJECT / "logagent"
DOCUMENT = PROJECT / "docs" / "architecture.md"
BEGIN, END = "<!-- wings -->\n", "<!-- end of wings -->\n"

Graph = Mapping[str, set[str]]
"""What each name imports."""


def modules_of(package: Path) -> dict[str, Path]:
    """Return the files of a package by dotted name, the package's own name in front."""
    found = {}
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package.parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports_of(modules: Mapping[str, Path]) -> Iterator[tuple[str, str]]:
    """Yield each import of one module by another, those inside functions too.

    Args:
        modules: files by dotted name, as `modules_of` gives them.
    """
    for module, path in modules.items():
        for found in ast.walk(ast.parse(path.read_text("utf-8"))):
            for imported in _named(module, path, found):
                if (known := _module_in(modules, imported)) and known != module:
                    yield module, known


def _named(module: str, path: Path, found: ast.AST) -> Iterator[str]:
    if isinstance(found, ast.Import):
        yield from (alias.name for alias in found.names)
    elif isinstance(found, ast.ImportFrom):
        parts = module.split(".")
        up = parts[: len(parts) - found.level + (path.name == "__init__.py")] if found.level else []
        source = ".".join([*up, *filter(None, [found.module])])
        yield from (f"{source}.{alias.name}" for alias in found.names)


def _module_in(modules: Mapping[str, Path], imported: str) -> str:
    """The module that a dotted name stands for or lies in; empty for one of another package."""
    while imported and imported not in modules:
        imported = imported.rpartition(".")[0]
    return imported


def wing_of(module: str, path: Path) -> str:
    """Return the wing that a module lies in: a directory below the package, or the module itself at its root."""
    parts = module.split(".")[1:]
    directories = parts if path.name == "__init__.py" else parts[:-1]
    return "/".join(directories or parts)


def wings_of(package: Path) -> dict[str, set[str]]:
    """Return the wings of a package, and which others each imports; its `__init__` and `__main__` are none."""
    modules = modules_of(package)
    wings = {module: wing_of(module, path) for module, path in modules.items()}
    graph: dict[str, set[str]] = {wing: set() for wing in wings.values()}
    for importer, imported in imports_of(modules):
        one, other = wings[importer], wings[imported]
        if one != other:
            graph[one].add(other)
    shown = {wing for wing in graph if _has_code(package, wing)}
    return {wing: graph[wing] & shown for wing in sorted(shown)}


def _has_code(package: Path, wing: str) -> bool:
    """Whether a wing holds modules of its own: a directory may hold other wings only."""
    if not wing or wing.startswith("__"):
        return False
    place = package / wing
    return not place.is_dir() or any(path.name != "__init__.py" for path in place.glob("*.py"))


def floor_of(wing: str) -> str:
    """Return the top directory of a wing, or the module at the root."""
    return wing.partition("/")[0]


def floors_of(wings: Graph) -> dict[str, set[str]]:
    """Return the floors, and which others each imports."""
    floors: dict[str, set[str]] = {floor_of(wing): set() for wing in wings}
    for wing, imported in wings.items():
        floors[floor_of(wing)] |= {floor_of(other) for other in imported} - {floor_of(wing)}
    return floors


def levels_of(graph: Graph) -> list[list[str]]:
    """Return the names from the ground up: each stands above all that it imports, and as low as it can.

    Raises:
        ValueError: when names import each other in a circle.
    """
    placed: set[str] = set()
    levels: list[list[str]] = []
    while len(placed) < len(graph):
        level = [name for name in sorted(graph) if name not in placed and graph[name] & graph.keys() <= placed]
        if not level:
            raise ValueError(f"a circle among {sorted(graph.keys() - placed)}")
        placed.update(level)
        levels.append(level)
    return levels


def picture(package: Path) -> str:
    """Return the floors from the top down, with the wings of each, and below them what each wing imports."""
    wings = wings_of(package)
    rows = [
        _side_by_side(_box(floor, _storeys(wings, floor)) for floor in level) for level in levels_of(floors_of(wings))
    ]
    return "\n\n".join(["\n".join(row) for row in reversed(rows)]) + "\n\n" + "\n".join(_table(wings)) + "\n"


def _storeys(wings: Graph, floor: str) -> list[str]:
    """The wings of a floor, the upper ones first; none for a floor that is one wing."""
    inside = {wing: imported for wing, imported in wings.items() if floor_of(wing) == floor}
    if len(inside) == 1:
        return []
    return ["  ".join(map(_short, level)) for level in reversed(levels_of(inside))]


def _short(wing: str) -> str:
    """The name of a wing on its floor; `itself` are the modules that lie on the floor and in none of its wings."""
    return wing.partition("/")[2] or "itself"


def _box(title: str, storeys: list[str]) -> list[str]:
    width = max(len(title) + 2, *map(len, storeys)) if storeys else len(title)
    if not storeys:
        return [f"┌─{'─' * width}─┐", f"│ {title} │", f"└─{'─' * width}─┘"]
    top = f"┌─{f' {title} '.center(width, '─')}─┐"
    return [top, *(f"│ {storey.center(width)} │" for storey in storeys), f"└─{'─' * width}─┘"]


def _side_by_side(boxes: Iterable[list[str]]) -> list[str]:
    """Boxes in a row, all standing on the same ground."""
    blocks = list(boxes)
    height = max(map(len, blocks))
    raised = [[" " * len(block[0])] * (height - len(block)) + block for block in blocks]
    return ["  ".join(parts).rstrip() for parts in zip(*raised, strict=True)]


def _table(wings: Graph) -> Iterator[str]:
    width = max(map(len, wings))
    for floors in reversed(levels_of(floors_of(wings))):
        for floor in floors:
            yield from (
                f"{wing.ljust(width)}  {', '.join(sorted(imported)) or '-'}"
                for wing, imported in wings.items()
                if floor_of(wing) == floor
            )


def drawn_into(document: str, drawn: str) -> str:
    """Return the document with the picture in its place.

    Args:
        document: Markdown with the two marks that the picture stands between.
        drawn: as `picture` gives it.
    """
    before, _, rest = document.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}```text\n{drawn}```\n{END}{after}"


if __name__ == "__main__":
    DOCUMENT.write_text(drawn_into(DOCUMENT.read_text("utf-8"), picture(PACKAGE)), "utf-8")
