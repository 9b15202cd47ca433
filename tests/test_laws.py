"""What a directory's code may touch, held by its imports; and that a tree which breaks a law is found out."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

import pytest

import logagent

ROOT = Path(logagent.__file__).parent

FLOORS = ("disk", "peers", "web")
"""The directories that touch the world, each a part of it."""

WINGS = {
    "core": ("", "access", "times", "matching", "hits", "merging", "wire", "rendering"),
    "disk": ("", "files", "archives", "watch", "times", "catalog", "batches", "rotation", "search", "following"),
    "peers": ("ssh", "client", "", "discovery", "direct"),
    "web": ("server", "admission", "description", ""),
    "terminal": ("", "contexts", "doctor", "unix"),
    "telemetry": ("", "own_logs", "metrics", "traces"),
}
"""The wings of each directory from the ground up: a wing imports only those below it. The empty name stands for the
modules that lie in the directory itself."""

UPPER = {
    "fanout": frozenset({"core"}),
    "config": frozenset[str](),
    "terminal": frozenset({"core", "config", "peers"}),
    "authority": frozenset({"core", "config", "terminal"}),
    "admitting": frozenset({"core", "config", "web"}),
    "demo": frozenset({"authority", "core", "config", "peers", "terminal"}),
    "client": frozenset({"core", "config", "peers"}),
    "telemetry": frozenset({"config", "core"}),
}
"""The directories above those, and the others that each may import."""

HOOK = "telemetry.hook"
"""The module by which the floors, and what combines sources, tell of a request; they import no other of `telemetry`."""

TELLING = frozenset({"disk", "peers", "web", "fanout"})
"""The directories whose edges call it."""

COMPOSITION = "running"
"""The directory in which everything is put together: it imports all others, and only the program imports it."""

EXPORTING = frozenset({"client"})
"""The directories whose `__init__` gives names to other programs, besides saying its law. Nothing else of the package
imports them, so that nobody in here waits for what they load."""

GROUND = frozenset({"socket_owners", "ssh_address", "watched_file", "whole_file"})
"""Modules at the root that lie below all floors: what touches a part of the world that servers and clients both need.
They import nothing of the package."""

USABLE_BY_UPPER = frozenset({"", "token_file", "token_sending"}) | GROUND
"""Modules at the root that they may import: the package's facts, the file of tokens, to whom one is sent, and the
ground."""

# fmt: off
PURE = frozenset(
    {
        "__future__", "abc", "array", "base64", "binascii", "bisect", "collections", "contextlib", "copy",
        "cryptography", "dataclasses", "datetime", "decimal", "difflib", "enum", "fnmatch", "functools", "hashlib",
        "heapq", "hmac", "html", "hyperscan", "ipaddress",
        "itertools", "json", "math", "numbers", "numpy", "operator", "re", "statistics", "string", "struct", "sys",
        "textwrap", "types", "typing", "unicodedata", "urllib.parse", "weakref", "zlib", "zstandard"
    }
)
# fmt: on
"""Modules that compute and nothing else (of `sys`, facts about the interpreter): whatever else `core` wants to import
has to be looked at and named here first."""

TOUCHING_CALLS = frozenset({"open", "print", "input", "breakpoint", "exec", "eval", "__import__", "import_module"})
TOUCHING_ATTRIBUTES = frozenset({"now", "utcnow", "today", "stdin", "stdout", "stderr", "argv", "modules"})
"""Ways to files, terminals, clocks and other modules that no import shows."""

COMPOSING = frozenset({"agent", "in_force", "measuring", "own_tls", "serving", "stdio"})
"""The composition: `agent` puts disk and peers together as sources, `serving` makes a process of that and of the web.
The commands reach these through them and never name two floors themselves."""

WAITING = ("disk.threads", "disk.fair_turns", "disk.watch.", "disk.following.")
"""What of `disk` knows of tasks: the module that hires threads, the one that says whose turn it is in them, and the
wings that wait for files to change."""

MOST_ROOMS = {"core": 21, "disk": 14}
"""Modules and wings that lie side by side on a floor: a newcomer is to find the right one at a glance."""
MOST_LEVELS = 8
"""Modules and wings above each other, each importing the next: what one reads to understand the topmost."""

LONGEST = {"file": 300, "class": 200, "function": 40}
"""Lines, docstrings included: what is longer holds more than one thing."""

HIRING = frozenset({"to_thread", "from_thread", "start_thread_soon", "start_guest_run"})
"""Ways of Trio's to threads."""

_OF_COMMANDS = frozenset(
    {"address", "answer", "command_parser", "times", "flags", "plain", "printers", "secured", "tables"}
)
_OF_COMMANDS |= {"grep", "grep_arguments", "reading", "question", "patterns", "files"}
_OF_AGENTS = frozenset(
    {"arrays", "documents", "resolver", "coding", "described", "identity_provider", "metrics", "configured"}
)
LOADING_LATE = (
    frozenset({"cli", "asking_commands", "setup_commands", "__main__", "certificates"}) | _OF_AGENTS | _OF_COMMANDS
)
"""May import inside functions: one command must not wait for the libraries of another, nor any for what reads
certificates, which is needed where a handshake failed, for numpy, which is needed for many lines, or for zstandard,
which is needed between machines; and no agent without an identity provider for what verifies signed tokens, nor one
without a collector for what makes spans, nor, before somebody asks for the API's description, or for figures, for what
makes them. The others
are of the command line: what only TLS, only settings, only counts and only mistakes need."""

WEB_FRAMEWORK = frozenset({"quart", "quart_trio", "hypercorn", "werkzeug"})


@dataclass(frozen=True)
class Import:
    """One module naming another, where it does so, and whether inside a function."""

    importer: str
    imported: str
    line: int
    late: bool

    def __str__(self) -> str:
        return f"{self.importer}:{self.line} imports {self.imported}"


class Tree:
    """The modules of a package as they are written, none of them loaded."""

    def __init__(self, root: Path) -> None:
        self._top = root.name
        self.modules = {_dotted(path, root): ast.parse(path.read_text("utf-8")) for path in sorted(root.rglob("*.py"))}
        self.packages = {_dotted(path, root) for path in root.rglob("__init__.py")}
        self.imports = [one for module in self.modules for one in self._imports(module)]

    def floor(self, module: str) -> str:
        """The directory that a module of the package lies in; empty for one at its root and for one outside."""
        parts = module.split(".")
        return parts[1] if parts[0] == self._top and (len(parts) > 2 or module in self.packages - {self._top}) else ""

    def wing(self, module: str) -> str:
        """The package within its floor that a module lies in; empty for one that lies on the floor itself."""
        parts = module.split(".")[2:]
        return parts[0] if len(parts) > 1 or (module in self.packages and parts) else ""

    def is_own(self, module: str) -> bool:
        return module.split(".")[0] == self._top

    def _imports(self, module: str) -> Iterator[Import]:
        late = {
            id(inner) for outer in ast.walk(self.modules[module]) if _is_function(outer) for inner in ast.walk(outer)
        }
        for found in ast.walk(self.modules[module]):
            for name in self._named(module, found):
                yield Import(module, name, getattr(found, "lineno", 0), id(found) in late)

    def _named(self, module: str, found: ast.AST) -> Iterator[str]:
        if isinstance(found, ast.Import):
            yield from (alias.name for alias in found.names)
        elif isinstance(found, ast.ImportFrom):
            source = self._source(module, found)
            for alias in found.names:
                whole = f"{source}.{alias.name}"
                yield whole if whole in self.modules else source
        elif isinstance(found, ast.Call) and _called(found) in ("import_module", "__import__"):
            yield from (
                each.value for each in found.args if isinstance(each, ast.Constant) and isinstance(each.value, str)
            )

    def _source(self, module: str, found: ast.ImportFrom) -> str:
        up = module.split(".")[: len(module.split(".")) - found.level + (module in self.packages)]
        return ".".join(filter(None, [*(up if found.level else []), found.module]))


def _dotted(path: Path, root: Path) -> str:
    parts = path.relative_to(root.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _is_function(found: ast.AST) -> bool:
    return isinstance(found, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)


def _called(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")


# The laws. Each gives what breaks it, a line each.


def core_touching(tree: Tree) -> list[str]:
    """`core` touches nothing: it imports itself and what is pure, and calls nothing that leads out."""
    broken = [
        str(one)
        for one in tree.imports
        if tree.floor(one.importer) == "core" and tree.floor(one.imported) != "core" and not _is_pure(one.imported)
    ]
    for module, code in tree.modules.items():
        if tree.floor(module) == "core":
            broken += [f"{module}:{line} uses {name}" for line, name in _ways_out(code)]
    return broken


def _is_pure(module: str) -> bool:
    return module in PURE or any(module.startswith(f"{pure}.") for pure in PURE)


def _ways_out(code: ast.Module) -> Iterator[tuple[int, str]]:
    for found in ast.walk(code):
        if isinstance(found, ast.Call) and isinstance(found.func, ast.Name) and found.func.id in TOUCHING_CALLS:
            yield found.lineno, found.func.id
        if isinstance(found, ast.Attribute) and found.attr in TOUCHING_ATTRIBUTES:
            yield found.lineno, found.attr


def floors_leaving(tree: Tree) -> list[str]:
    """disk, peers and web know core, themselves and the ground: neither each other, nor what is built upon them."""
    return [
        str(one)
        for one in tree.imports
        if (floor := tree.floor(one.importer)) in FLOORS
        and tree.is_own(one.imported)
        and tree.floor(one.imported) not in ("core", floor)
        and one.imported.partition(".")[2] not in GROUND | {HOOK}
    ] + [str(one) for one in tree.imports if one.importer.partition(".")[2] in GROUND and tree.is_own(one.imported)]


def wings_climbing(tree: Tree) -> list[str]:
    """A wing imports only the wings below it on its floor."""
    return [
        str(one)
        for one, wing, other in _between_wings(tree)
        if WINGS[tree.floor(one.importer)].index(other) > WINGS[tree.floor(one.importer)].index(wing)
    ]


def wings_unsaid(tree: Tree) -> list[str]:
    """Each wing says which wings of its floor it may import, imports no others, and names its doors."""
    broken = []
    for floor, wing, said in _wings(tree):
        may = _wings_said(said, floor, tree)
        broken += [f"{floor}/{wing} says that it may import {other}" for other in may - _below(floor, wing)]
        broken += [f"{floor}/{wing} says nothing of its doors"] if "\n\nDoors: ``" not in said else []
        broken += [
            f"{one}, which {floor}/{wing} does not say"
            for one, importing, other in _between_wings(tree)
            if (tree.floor(one.importer), importing) == (floor, wing) and other not in may
        ]
    return broken


def _between_wings(tree: Tree) -> Iterator[tuple[Import, str, str]]:
    """Imports from one wing into another of the same floor, with both wings."""
    for one in tree.imports:
        floor, wing, other = tree.floor(one.importer), tree.wing(one.importer), tree.wing(one.imported)
        if floor in WINGS and tree.is_own(one.imported) and tree.floor(one.imported) == floor and wing != other:
            yield one, wing, other


def _wings(tree: Tree) -> Iterator[tuple[str, str, str]]:
    """Each wing: its floor, its name, and what its `__init__` says."""
    for module in tree.packages:
        if module.count(".") == 2:
            yield tree.floor(module), tree.wing(module), ast.get_docstring(tree.modules[module]) or ""


def _wings_said(said: str, floor: str, tree: Tree) -> set[str]:
    """The wings that a wing says it may import, the empty name being the floor's own modules, or one of them."""
    listed = said.replace("\n", " ").partition(f"May import, of ``{floor}``: ")[2].partition(".")[0]
    own = {module.split(".")[2] for module in tree.modules if module.count(".") == 2} - set(WINGS[floor])
    named = {"" if name in own else name for name in re.findall("``([a-z_]+)``", listed)}
    return named | ({""} if "its own modules" in listed else set())


def _below(floor: str, wing: str) -> set[str]:
    return set(WINGS[floor][: WINGS[floor].index(wing)])


def wings_unknown(tree: Tree) -> list[str]:
    """Each package within a floor has a place in the order, and each place a package."""
    found = {(tree.floor(module), tree.wing(module)) for module in tree.packages if module.count(".") == 2}
    placed = {(floor, wing) for floor, wings in WINGS.items() for wing in wings if wing}
    return [f"{floor}/{wing} has no place among the wings" for floor, wing in sorted(found - placed)]


def floors_crowded(tree: Tree) -> list[str]:
    """The modules and wings of a floor can be taken in at a glance: few side by side, few above each other."""
    broken = []
    for floor, most in MOST_ROOMS.items():
        rooms = _rooms(tree, floor)
        levels = _levels(rooms)
        broken += [f"{floor} has {len(rooms)} rooms"] if len(rooms) > most else []
        broken += [f"{floor} has {levels} levels"] if levels > MOST_LEVELS else []
    return broken


def _rooms(tree: Tree, floor: str) -> dict[str, set[str]]:
    """The modules and wings of a floor, each with those that it imports."""
    rooms: dict[str, set[str]] = {}
    for module in tree.modules:
        if tree.floor(module) == floor and module.count(".") > 1:
            rooms.setdefault(module.split(".")[2], set())
    for one in tree.imports:
        if tree.floor(one.importer) == tree.floor(one.imported) == floor and min(_depth(one)) > 1:
            room, imported = one.importer.split(".")[2], one.imported.split(".")[2]
            rooms[room] |= {imported} - {room}
    return rooms


def _depth(one: Import) -> tuple[int, int]:
    return one.importer.count("."), one.imported.count(".")


def _levels(rooms: Mapping[str, set[str]]) -> int:
    """The length of the longest chain of imports."""
    level: dict[str, int] = {}
    for room in TopologicalSorter(rooms).static_order():
        level[room] = 1 + max((level[below] for below in rooms[room]), default=0)
    return max(level.values(), default=0)


def too_long(tree: Tree) -> list[str]:
    """No file, class or function holds more than one thing."""
    broken = []
    for module, code in tree.modules.items():
        end = max((found.end_lineno or 0 for found in code.body), default=0)
        broken += [f"{module} has {end} lines"] if end > LONGEST["file"] else []
        for found in ast.walk(code):
            if isinstance(found, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (found.end_lineno or 0) - found.lineno + 1
                kind = "class" if isinstance(found, ast.ClassDef) else "function"
                broken += [f"{module}: {found.name} has {lines} lines"] if lines > LONGEST[kind] else []
    return broken


def names_twice(tree: Tree) -> list[str]:
    """No two classes that others may use have one name: one word for one thing."""
    homes: dict[str, list[str]] = {}
    for module, code in tree.modules.items():
        for found in code.body:
            if isinstance(found, ast.ClassDef) and not found.name.startswith("_"):
                homes.setdefault(found.name, []).append(module)
    return [f"{name} is a class of {' and of '.join(modules)}" for name, modules in homes.items() if len(modules) > 1]


def upper_reaching(tree: Tree) -> list[str]:
    """The upper directories import what their law names, and of the root nothing that serves."""
    return [
        str(one)
        for one in tree.imports
        if (floor := tree.floor(one.importer)) in UPPER
        and tree.is_own(one.imported)
        and not _is_usable(tree, one.imported, UPPER[floor] | {floor})
        and not (floor in TELLING and one.imported.partition(".")[2] == HOOK)
    ]


def _is_usable(tree: Tree, module: str, floors: frozenset[str]) -> bool:
    floor = tree.floor(module)
    return floor in floors if floor else module.partition(".")[2] in USABLE_BY_UPPER


def composing_elsewhere(tree: Tree) -> list[str]:
    """Of the modules at the root and in `running`, only those that compose name more than one floor; of the modules at
    the root only the program knows `running`."""
    named: dict[str, set[str]] = {}
    for one in tree.imports:
        if tree.floor(one.importer) in ("", COMPOSITION) and tree.floor(one.imported) in FLOORS:
            named.setdefault(one.importer, set()).add(tree.floor(one.imported))
    return [
        f"{module} names {' and '.join(sorted(floors))}"
        for module, floors in named.items()
        if len(floors) > 1 and module.split(".")[-1] not in COMPOSING
    ] + [
        str(one)
        for one in tree.imports
        if not tree.floor(one.importer)
        and tree.floor(one.imported) == COMPOSITION
        and one.importer.partition(".")[2] != "setup_commands"
    ]


def cycles(tree: Tree) -> list[str]:
    """No import cycles, be it under TYPE_CHECKING, inside a function, or over a package's __init__."""
    graph: dict[str, set[str]] = {module: set() for module in tree.modules}
    for module in tree.modules:
        graph[module] |= _packages_of(module) - _exporting(tree, module)
    for one in tree.imports:
        imported = {one.imported} | (_packages_of(one.imported) - _exporting(tree, one.importer))
        graph[one.importer] |= imported & tree.modules.keys() - {one.importer}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return [" <- ".join(error.args[1])]
    return []


def _exporting(tree: Tree, module: str) -> set[str]:
    """The package that a module lies in, if that gives names of its modules, which hold no names of it."""
    floor = tree.floor(module)
    return {f"{module.split('.')[0]}.{floor}"} if floor in EXPORTING else set()


def _packages_of(module: str) -> set[str]:
    parts = module.split(".")
    return {".".join(parts[:count]) for count in range(1, len(parts))}


def late_imports(tree: Tree) -> list[str]:
    """Imports inside functions stand in the command line only, and where few need what takes long to load."""
    return [str(one) for one in tree.imports if one.late and one.importer.split(".")[-1] not in LOADING_LATE]


def trio_on_disk(tree: Tree) -> list[str]:
    """The disk's threads are hired in one module, and only what waits for files to grow knows of tasks besides."""
    broken = [
        str(one)
        for one in tree.imports
        if tree.floor(one.importer) == "disk"
        and one.imported.split(".")[0] in ("trio", "asyncio", "concurrent", "multiprocessing")
        and not one.importer.partition(".")[2].startswith(WAITING)
    ]
    for module, code in tree.modules.items():
        if tree.floor(module) == "disk" and not module.endswith(".threads"):
            broken += [
                f"{module}:{found.lineno} hires by {found.attr}"
                for found in ast.walk(code)
                if isinstance(found, ast.Attribute) and found.attr in HIRING
            ]
    return broken


def web_framework_elsewhere(tree: Tree) -> list[str]:
    """The web framework and its server are known to `web` alone."""
    return [
        str(one)
        for one in tree.imports
        if one.imported.split(".")[0] in WEB_FRAMEWORK and tree.floor(one.importer) != "web"
    ]


def server_elsewhere(tree: Tree) -> list[str]:
    """Of `web`, the wing `server` alone knows the HTTP server; it and the others know nothing of each other."""
    across = [
        str(one) for one, *wings in _between_wings(tree) if tree.floor(one.importer) == "web" and "server" in wings
    ]
    return across + [
        str(one)
        for one in tree.imports
        if one.imported.split(".")[0] == "hypercorn" and tree.wing(one.importer) != "server"
    ]


def asking_through_the_web(tree: Tree) -> list[str]:
    """Whoever asks an agent, from the command line or from another agent, loads nothing of what serves one."""
    graph: dict[str, set[str]] = {}
    for one in tree.imports:
        if not one.late:
            graph.setdefault(one.importer, set()).add(one.imported)
    top = min(tree.modules)
    reached, waiting = set(), [f"{top}.cli", f"{top}.terminal.query", f"{top}.peers.source"]
    while waiting:
        module = waiting.pop()
        if module not in reached:
            reached.add(module)
            waiting += graph.get(module, ())
    return sorted(module for module in reached if tree.floor(module) == "web" or module.split(".")[0] in WEB_FRAMEWORK)


def laws_unsaid(tree: Tree) -> list[str]:
    """Each directory's __init__ says its law, and is nothing else."""
    broken = [f"{module} lies in a directory without a law" for module in tree.modules if _is_lawless(tree, module)]
    for directory in ("core", *FLOORS, *UPPER, COMPOSITION):
        code = next(code for module, code in tree.modules.items() if module.endswith(f".{directory}"))
        said = (ast.get_docstring(code) or "").replace("\n", " ")
        broken += [f"{directory} does not say: {law}" for law in _laws_of(directory) if law not in said]
        more = [each for each in code.body[1:] if directory not in EXPORTING or not _exports(each)]
        broken += [f"{directory}/__init__.py holds more than its law"] if more else []
    return broken


def _exports(statement: ast.stmt) -> bool:
    """Whether a statement gives a name on, or lists those that are given."""
    if isinstance(statement, ast.Assign):
        return [getattr(target, "id", "") for target in statement.targets] == ["__all__"]
    return isinstance(statement, ast.ImportFrom)


def exporting_within(tree: Tree) -> list[str]:
    """What gives names to other programs is imported by nothing of the package."""
    return [
        str(one)
        for one in tree.imports
        if (floor := tree.floor(one.imported)) in EXPORTING
        and tree.is_own(one.imported)
        and tree.floor(one.importer) != floor
    ]


def _is_lawless(tree: Tree, module: str) -> bool:
    return tree.floor(module) not in ("", "core", *FLOORS, *UPPER, COMPOSITION)


def _laws_of(directory: str) -> list[str]:
    if directory == "core":
        return ["no files, sockets, clocks or threads", "nothing from logagent's other directories"]
    if directory == COMPOSITION:
        return ["may import all other directories"]
    if directory in UPPER:
        return ["May import", *(f"``{floor}``" for floor in sorted(UPPER[directory]))]
    others = " or ".join(f"``{floor}``" for floor in FLOORS if floor != directory)
    return ["the only place that", f"May import ``core``; never {others}."]


LAWS = [
    core_touching,
    floors_leaving,
    wings_climbing,
    wings_unsaid,
    wings_unknown,
    floors_crowded,
    too_long,
    names_twice,
    upper_reaching,
    composing_elsewhere,
    cycles,
    late_imports,
    trio_on_disk,
    web_framework_elsewhere,
    server_elsewhere,
    asking_through_the_web,
    laws_unsaid,
    exporting_within,
]


@pytest.fixture(scope="module")
def written() -> Tree:
    return Tree(ROOT)


@pytest.mark.parametrize("law", LAWS)
def test_the_law_holds(law: Any, written: Tree) -> None:
    assert law(written) == [], law.__doc__


def test_the_laws_see_the_whole_package(written: Tree) -> None:
    assert {written.floor(module) for module in written.modules} == {"", "core", *FLOORS, *UPPER, COMPOSITION}
    assert {(floor, wing) for floor, wing, _ in _wings(written)} == {
        (floor, wing) for floor, wings in WINGS.items() for wing in wings if wing
    }
    assert any(str(one).endswith("imports logagent.core.batch") for one in written.imports)
    assert any(one.late and one.imported == "logagent.running.serving" for one in written.imports)


# A tree in which all laws hold, and what breaks each of them.

WING = '"""A wing.\n\nMay import, of ``core``: {}.\n\nDoors: ``door``."""'

LAWFUL = {
    "__init__.py": '"""A package."""\nfrom importlib.metadata import version',
    "setup_commands.py": "def serve():\n    from tower.running import serving",
    "config/__init__.py": '"""Settings. May import nothing."""',
    "config/table.py": "from tower.config import values",
    "config/values.py": "import re",
    "terminal/__init__.py": '"""Where people are. May import ``core``, ``config`` and ``peers``."""',
    "terminal/query.py": "from tower.peers.source import PeerSource\nfrom tower import __version__",
    "fanout/__init__.py": '"""Several at once. May import ``core``."""',
    "authority/__init__.py": '"""Who signs. May import ``core``, ``config`` and ``terminal``."""',
    "authority/certs.py": "import os",
    "admitting/__init__.py": '"""Who may ask. May import ``core``, ``config`` and ``web``."""',
    "demo/__init__.py": '"""A show. May import ``authority``, ``core``, ``config``, ``peers`` and ``terminal``."""',
    "demo/play.py": "from tower.authority import certs\nfrom tower.terminal import query",
    "telemetry/__init__.py": '"""What it tells. May import ``config`` and ``core``."""',
    "telemetry/hook.py": "from tower.core.query import Query",
    "telemetry/own_logs.py": "from tower.telemetry import hook\nfrom tower.config import values",
    "running/__init__.py": '"""All of it: may import all other directories."""',
    "client/__init__.py": '"""A program. May import ``core``, ``config`` and ``peers``."""\n'
    'from tower.client.asking import ask\n__all__ = ["ask"]',
    "client/asking.py": "from tower.client import lines\nfrom tower.peers import source",
    "client/lines.py": "import json",
    "socket_owners.py": "import socket",
    "agent.py": "from tower.disk import reader\nimport tower.peers.source\nfrom tower import __version__",
    "running/serving.py": "from tower import agent\nfrom tower.web import app\nfrom tower.peers import source",
    "core/__init__.py": '"""There: no files, sockets, clocks or threads,'
    ' and nothing from logagent\'s other directories."""',
    "core/wire/__init__.py": WING.format("its own modules and ``times``"),
    "core/wire/frames.py": "from tower.core.times import stamper\nfrom tower.core.batch import Batch",
    "core/times/__init__.py": WING.format("nothing"),
    "core/times/stamper.py": "import re",
    "core/batch.py": "class Batch: pass\nimport re\nfrom urllib.parse import quote",
    "core/query.py": "from tower.core.batch import Batch\nfrom . import batch",
    "disk/__init__.py": '"""Is the only place that reads.\n\nMay import ``core``; never ``peers`` or ``web``."""',
    "disk/reader.py": "from tower.core import query\nfrom .threads import hire\nfrom tower.telemetry import hook",
    "disk/threads.py": "import trio",
    "peers/__init__.py": '"""Is the only place that asks. May import ``core``; never ``disk`` or ``web``."""',
    "peers/source.py": "import httpx\nfrom ..core.query import Query",
    "web/__init__.py": '"""Is the only place that answers. May import ``core``; never ``disk`` or ``peers``."""',
    "web/server/__init__.py": '"""The server.\n\nMay import, of ``web``: nothing.\n\nDoors: ``door``."""',
    "web/app.py": "from quart import Quart\nfrom tower.core.query import parse\nfrom tower import socket_owners",
}


LAWFUL |= {f"core/a{place}.py": f"from . import a{place + 1}" for place in range(1, 8)}
LAWFUL |= {f"core/a{place}.py": "import re" for place in (0, *range(8, 17))}


def tree(tmp_path: Path, changed: Mapping[str, str]) -> Tree:
    for name, text in {**LAWFUL, **changed}.items():
        file = tmp_path / "tower" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    return Tree(tmp_path / "tower")


@pytest.mark.parametrize("law", LAWS)
def test_a_lawful_tree_is_found_lawful(law: Any, tmp_path: Path) -> None:
    assert law(tree(tmp_path, {})) == []


CHECKING = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    "


@pytest.mark.parametrize(
    ("law", "file", "text", "found"),
    [
        (core_touching, "core/x.py", "import os", "tower.core.x:1 imports os"),
        (core_touching, "core/x.py", "import os.path as p", "tower.core.x:1 imports os.path"),
        (core_touching, "core/x.py", "from pathlib import Path", "tower.core.x:1 imports pathlib"),
        (core_touching, "core/x.py", "import urllib.request", "tower.core.x:1 imports urllib.request"),
        (core_touching, "core/x.py", "def f():\n    import time", "tower.core.x:2 imports time"),
        (core_touching, "core/x.py", CHECKING + "import trio", "tower.core.x:3 imports trio"),
        (core_touching, "core/x.py", "from ..disk import reader", "tower.core.x:1 imports tower.disk.reader"),
        (core_touching, "core/x.py", "from tower import agent", "tower.core.x:1 imports tower.agent"),
        (core_touching, "core/x.py", "from .. import __version__", "tower.core.x:1 imports tower"),
        (core_touching, "core/x.py", "lines = open('x')", "tower.core.x:1 uses open"),
        (core_touching, "core/x.py", "import datetime\ndatetime.datetime.now()", "tower.core.x:2 uses now"),
        (core_touching, "core/x.py", "import sys\nsys.stdout.write('')", "tower.core.x:2 uses stdout"),
        (floors_leaving, "disk/x.py", "from tower.peers import source", "tower.disk.x:1 imports tower.peers.source"),
        (floors_leaving, "peers/x.py", "from tower.web.app import f", "tower.peers.x:1 imports tower.web.app"),
        (floors_leaving, "web/x.py", "import tower.disk.reader", "tower.web.x:1 imports tower.disk.reader"),
        (floors_leaving, "web/x.py", "from tower import agent", "tower.web.x:1 imports tower.agent"),
        (floors_leaving, "socket_owners.py", "from tower.core import query", "tower.socket_owners:1 imports"),
        (floors_leaving, "web/x.py", "from tower import disk", "tower.web.x:1 imports tower.disk"),
        (floors_leaving, "web/x.py", "from tower.telemetry import own_logs", "tower.web.x:1 imports tower.telemetry"),
        (core_touching, "core/x.py", "from tower.telemetry import hook", "tower.core.x:1 imports tower.telemetry.hook"),
        (upper_reaching, "fanout/x.py", "from tower.telemetry import own_logs", "tower.fanout.x:1 imports"),
        (upper_reaching, "terminal/x.py", "from tower.telemetry import hook", "tower.terminal.x:1 imports"),
        (composing_elsewhere, "agent.py", "from tower.running import serving", "tower.agent:1 imports"),
        (composing_elsewhere, "running/x.py", "import tower.web, tower.disk", "tower.running.x names disk and web"),
        (floors_leaving, "web/x.py", CHECKING + "from ..disk import reader", "tower.web.x:3 imports tower.disk.reader"),
        (
            floors_leaving,
            "web/x.py",
            "import importlib\nimportlib.import_module('tower.disk.reader')",
            "tower.web.x:2 imports tower.disk.reader",
        ),
        (wings_climbing, "core/times/x.py", "from ..wire import frames", "tower.core.times.x:1 imports"),
        (wings_climbing, "core/x.py", "from .times.stamper import f", "tower.core.x:1 imports"),
        (wings_unsaid, "core/times/x.py", "from ..batch import Batch", "which core/times does not say"),
        (wings_unsaid, "core/times/__init__.py", '"""When."""', "core/times says nothing of its doors"),
        (wings_unsaid, "core/times/__init__.py", WING.format("``wire``"), "core/times says that it may import wire"),
        (wings_unknown, "core/odd/__init__.py", "", "core/odd has no place among the wings"),
        (floors_crowded, "core/a.py", "", "core has 22 rooms"),
        (floors_crowded, "core/a0.py", "from . import a1", "core has 9 levels"),
        (names_twice, "web/x.py", "class Batch: pass", "Batch is a class of"),
        (too_long, "core/x.py", "x = 1\n" * 301, "tower.core.x has 301 lines"),
        (too_long, "core/x.py", "class C:\n" + "    x = 1\n" * 200, "tower.core.x: C has 201 lines"),
        (too_long, "core/x.py", "def f():\n" + "    x = 1\n" * 40, "tower.core.x: f has 41 lines"),
        (server_elsewhere, "web/x.py", "import hypercorn.config", "tower.web.x:1 imports hypercorn.config"),
        (server_elsewhere, "web/x.py", "from tower.web.server import http2", "tower.web.x:1 imports tower.web.server"),
        (server_elsewhere, "web/server/x.py", "from tower.web import app", "tower.web.server.x:1 imports"),
        (composing_elsewhere, "x.py", "import tower.disk.reader, tower.peers.source", "tower.x names disk and peers"),
        (composing_elsewhere, "x.py", "import tower.web\ndef f():\n  import tower.disk", "tower.x names disk and web"),
        (cycles, "core/batch.py", "from tower.core.query import Query", "tower.core.query"),
        (cycles, "core/batch.py", CHECKING + "from tower.core.query import Query", "tower.core.query"),
        (cycles, "core/batch.py", "def f():\n    from . import query", "tower.core.query"),
        (cycles, "agent.py", "import tower.running.serving", "tower.running.serving"),
        (cycles, "core/__init__.py", "from tower.core.query import Query", "tower.core"),
        (cycles, "__init__.py", "from tower import agent", "tower"),
        (late_imports, "agent.py", "class A:\n  async def f(self):\n    import json", "tower.agent:3 imports json"),
        (trio_on_disk, "disk/reader.py", "from trio import to_thread", "tower.disk.reader:1 imports trio"),
        (
            trio_on_disk,
            "disk/watch/x.py",
            "import trio\ntrio.to_thread",
            "tower.disk.watch.x:2 hires by to_thread",
        ),
        (web_framework_elsewhere, "running/serving.py", "import hypercorn.config", "tower.running.serving:1 imports"),
        (web_framework_elsewhere, "peers/source.py", "import quart", "tower.peers.source:1 imports quart"),
        (asking_through_the_web, "terminal/query.py", "from tower.running import serving", "tower.web.app"),
        (asking_through_the_web, "cli.py", "import tower.agent\nimport tower.web.app", "quart"),
        (asking_through_the_web, "core/batch.py", "import hypercorn", "hypercorn"),
        (upper_reaching, "config/x.py", "from tower.core import query", "tower.config.x:1 imports tower.core.query"),
        (upper_reaching, "terminal/x.py", "from tower.web import app", "tower.terminal.x:1 imports tower.web.app"),
        (upper_reaching, "demo/x.py", "def f():\n    from tower import agent", "tower.demo.x:2 imports tower.agent"),
        (laws_unsaid, "demo/__init__.py", '"""May import ``core``."""', "demo does not say: ``terminal``"),
        (laws_unsaid, "disk/__init__.py", "", "disk does not say: May import"),
        (laws_unsaid, "web/__init__.py", LAWFUL["disk/__init__.py"], "web does not say: May import"),
        (laws_unsaid, "core/__init__.py", "from tower.core import batch", "core does not say: no files"),
        (laws_unsaid, "disk/__init__.py", LAWFUL["disk/__init__.py"] + "\nx = 1", "holds more than its law"),
        (laws_unsaid, "client/__init__.py", LAWFUL["client/__init__.py"] + "\nx = 1", "holds more than its law"),
        (cycles, "client/lines.py", "from tower.client import ask", "tower.client"),
        (cycles, "client/lines.py", "from tower.client import asking", "tower.client.asking"),
        (exporting_within, "terminal/x.py", "from tower.client import ask", "tower.terminal.x:1 imports tower.client"),
        (exporting_within, "cli.py", "def f():\n    from tower import client", "tower.cli:2 imports tower.client"),
        (upper_reaching, "client/x.py", "from tower.terminal import query", "tower.client.x:1 imports"),
        (laws_unsaid, "shared/__init__.py", "", "tower.shared lies in a directory without a law"),
    ],
)  # fmt: skip
def test_a_tree_that_breaks_a_law_is_found_out(law: Any, file: str, text: str, found: str, tmp_path: Path) -> None:
    broken = law(tree(tmp_path, {file: text}))
    assert any(found in each for each in broken), broken


@pytest.mark.real
def test_asking_an_agent_loads_neither_the_web_framework_nor_what_makes_certificates() -> None:
    code = (
        "import json, sys, logagent.cli, logagent.terminal.query, logagent.peers.source;"
        "print(json.dumps(list(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, cwd=ROOT.parent)
    loaded = set(json.loads(ran.stdout))
    assert "logagent.peers.source" in loaded
    assert not loaded & (
        WEB_FRAMEWORK
        | {"cryptography", "jwt", "logagent.client", "logagent.web", "logagent.running.serving", "logagent.authority"}
    )
