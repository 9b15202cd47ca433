"""What is said in the code has one form, and stands alone."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

import logagent

ROOT = Path(logagent.__file__).parent
MODULES = sorted(ROOT.rglob("*.py"))

SECTIONS = ("Args", "Attributes", "Returns", "Yields", "Raises")
"""The parts that a docstring may have behind its text, in this order."""

_HEADING = re.compile(r"(?m)^([A-Z][a-z]+):$")
_FURTHER_SENTENCE = re.compile(r"(?<!e\.g)(?<!i\.e)[.!?] +[A-Z]")

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


class Said(NamedTuple):
    """A docstring, where it stands, and the names that it may explain."""

    where: str
    text: str
    names: frozenset[str]
    is_function: bool
    is_public: bool = True


def said_in(path: Path) -> Iterator[Said]:
    """The docstrings of a module, of its classes and functions, and of their methods."""
    code = ast.parse(path.read_text("utf-8"))
    module = str(path.relative_to(ROOT))
    yield Said(module, ast.get_docstring(code) or "", frozenset(), False)
    for found, is_public in _definitions(code):
        text = ast.get_docstring(found)
        if text is not None:
            is_function = not isinstance(found, ast.ClassDef)
            yield Said(f"{module}: {found.name}", text, frozenset(_names(found)), is_function, is_public)


def _definitions(code: ast.Module | ast.ClassDef, public: bool = True) -> Iterator[tuple[Definition, bool]]:
    """Classes, functions and methods, and whether they may be used from outside their module."""
    for found in code.body:
        if isinstance(found, Definition):
            is_public = public and not found.name.startswith("_")
            yield found, is_public
            if isinstance(found, ast.ClassDef):
                yield from _definitions(found, is_public)


def _names(found: Definition) -> Iterator[str]:
    """What a docstring's sections may explain: parameters, those of `__init__` for a class, and its fields."""
    if isinstance(found, ast.ClassDef):
        for inner in found.body:
            if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef):
                if inner.name == "__init__":
                    yield from _names(inner)
                    yield from (
                        each.attr
                        for each in ast.walk(inner)
                        if isinstance(each, ast.Attribute) and isinstance(each.ctx, ast.Store)
                    )
                yield inner.name
            if isinstance(inner, ast.AnnAssign) and isinstance(inner.target, ast.Name):
                yield inner.target.id
            if isinstance(inner, ast.Assign):
                yield from (each.id for each in inner.targets if isinstance(each, ast.Name))
    else:
        arguments = found.args
        every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
        yield from (each.arg for each in every if each is not None)


def faults(said: Said) -> Iterator[str]:
    """What a docstring has against its form."""
    first, _, rest = said.text.partition("\n\n")
    sentence = " ".join(first.split())
    if sentence.startswith("The same"):
        yield "begins with 'The same': say what it does, so that it stands alone"
    if not said.is_public:
        return
    if not sentence.endswith("."):
        yield "its first paragraph is no whole sentence"
    if _FURTHER_SENTENCE.search(sentence):
        yield "its first paragraph is more than one sentence"
    headings = _HEADING.findall(rest)
    if headings != sorted(set(headings) & set(SECTIONS), key=SECTIONS.index):
        yield f"its sections are {headings}, not some of {SECTIONS} in this order"
    text, *parts = _HEADING.split(rest)
    for heading, part in zip(parts[::2], parts[1::2], strict=True):
        if heading in ("Args", "Attributes"):
            unknown = set(re.findall(r"(?m)^    ([a-z_0-9*, ]+):", part)) - said.names
            unknown = {one for each in unknown for one in re.split(r"[ ,*]+", each) if one} - said.names
            if unknown:
                yield f"explains what it does not have: {', '.join(sorted(unknown))}"
    inline = set(re.findall(r"(?:^|[.\n] )([a-z_]+)(?:, [a-z_]+)*: ", text + " " + first)) & said.names
    if inline:
        yield f"explains {', '.join(sorted(inline))} outside of a section"
    if said.is_function and re.search(r"Raises `", f"{first} {text}"):
        yield "says outside of a section what it raises"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_docstrings_have_one_form(path: Path) -> None:
    assert [f"{said.where}: {fault}" for said in said_in(path) for fault in faults(said)] == []


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_is_public_is_said(path: Path) -> None:
    code = ast.parse(path.read_text("utf-8"))
    public = [found for found in code.body if isinstance(found, Definition) and not found.name.startswith("_")]
    assert ast.get_docstring(code)
    assert [found.name for found in public if not ast.get_docstring(found)] == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("The same for a file.", "begins with"),
        ("Reads it", "no whole sentence"),
        ("Reads it. Then it stops.", "more than one sentence"),
        ("Reads it.\n\nRaises:\n    OSError: when.\n\nArgs:\n    size: bytes.", "its sections"),
        ("Reads it.\n\nArgs:\n    length: bytes.", "explains what it does not have: length"),
        ("Reads it.\n\nsize: bytes.", "explains size outside"),
        ("Reads it.\n\nRaises `OSError`.", "what it raises"),
    ],
)
def test_a_docstring_without_that_form_is_found_out(text: str, fault: str) -> None:
    assert any(fault in each for each in faults(Said("x", text, frozenset({"size"}), True)))


def test_a_docstring_of_that_form_is_fine() -> None:
    parts = ("Reads it.", "Slowly. And again.", "Args:\n    size: bytes.", "Returns:\n    The bytes.")
    text = "\n\n".join((*parts, "Raises:\n    OSError: never."))
    assert list(faults(Said("x", text, frozenset({"size"}), True))) == []
