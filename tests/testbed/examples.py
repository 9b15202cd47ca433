"""The examples in the documents for users: every fenced block, and what the comment above it says how to try it.

`<!-- example: KIND -->` says what a block is tried against, `<!-- no example: REASON -->` why it is not tried.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).parents[2]
DOCUMENTS = (
    "docs/discovery.md",
    *("README.md", "certs/README.md", "docs/command-line.md", "docs/api.md", "docs/logs.md"),
    *("docs/ssh.md", "docs/operating.md", "docs/settings.md", "docs/access.md", "docs/metrics.md", "docs/client.md"),
    *("docs/contexts.md", "docs/labels.md", "docs/trees.md"),
)
"""Those for users: a block in any of them is to be typed, or says why not."""
KINDS = frozenset(
    {
        *("demo", "demo without secondary-2", "host", "local", "unit", "settings", "authority", "rights"),
        *("settings of two hosts", "two hosts", "client of two hosts", "ssh"),
        *("contexts", "contexts typed", "contexts asked"),
        *("targets", "discovery"),
        *("trees settings", "trees typed"),
    }
)
"""What an example can be tried against."""
OTHERWISE = frozenset({"demo", "test", "never served"})
"""Marks of blocks that others than the tests of examples look at."""

_BLOCK = re.compile(r"^(?:<!-- (?P<mark>[^\n]*) -->\n)?```(?P<language>\w*)\n(?P<text>.*?)^```$", re.M | re.S)


@dataclass(frozen=True)
class Example:
    """A fenced block; its kind is empty where it is not to be tried."""

    document: str
    line: int
    language: str
    text: str
    mark: str

    @property
    def kind(self) -> str:
        before, found, kind = self.mark.partition("example: ")
        return kind if found and not before else ""

    @property
    def where(self) -> str:
        return f"{self.document}:{self.line}"

    def commands(self) -> list[str]:
        """The commands of a shell's block, one a line or with a backslash at the end of a line."""
        if self.language == "console":
            return re.findall(r"^\$ (.*)$", self.text, re.MULTILINE)
        whole = re.sub(r"\\\n\s*", "", self.text)
        return [line for line in whole.splitlines() if line.strip() and not line.lstrip().startswith("#")]


def examples_in(document: str) -> list[Example]:
    """All fenced blocks of a document."""
    text = (PROJECT / document).read_text("utf-8")
    return [
        Example(document, 1 + text.count("\n", 0, found.start()), found["language"], found["text"], found["mark"] or "")
        for found in _BLOCK.finditer(text)
    ]


def examples_of(kind: str) -> list[Example]:
    """The examples of all documents that are tried against one thing."""
    return [example for document in DOCUMENTS for example in examples_in(document) if example.kind == kind]
