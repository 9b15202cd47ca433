"""JSON objects from other agents, checked member by member."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from logagent.core.times import moments

Kind = TypeVar("Kind")


class BadListing(ValueError):
    """The document is not an answer of `/files`."""


class Document:
    """A JSON object from another agent, checked member by member."""

    def __init__(self, document: object) -> None:
        if not isinstance(document, Mapping):
            raise BadListing("an object was expected")
        self._members = document

    def __contains__(self, name: str) -> bool:
        return name in self._members

    def take(self, name: str, kind: type[Kind]) -> Kind:
        """Return a member of this kind.

        Raises:
            BadListing: when there is none.
        """
        value = self._members.get(name)
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise BadListing(f"{name} is missing, or is no {kind.__name__}")
        return value

    def moment(self, name: str) -> int:
        """Return a time, in nanoseconds since the epoch."""
        moment = moments.read(self.take(name, str), 0)
        if moment is None:
            raise BadListing(f"{name} is no time")
        return moment

    def moment_if_any(self, name: str) -> int | None:
        """Return a time; None if there is none."""
        return None if self._members.get(name) is None else self.moment(name)

    def list_if_any(self, name: str) -> list[object]:
        """Return a list; an empty one if there is none."""
        return [] if self._members.get(name) is None else self.take(name, list)

    def text_if_any(self, name: str) -> str:
        """Return a text; an empty one if there is none."""
        return "" if self._members.get(name) is None else self.take(name, str)

    def document_if_any(self, name: str) -> Document | None:
        """Return an object; None if there is none."""
        return None if self._members.get(name) is None else Document(self._members[name])

    def flag_if_any(self, name: str) -> bool | None:
        """Return whether something is so; None if that is not said."""
        return None if self._members.get(name) is None else self.take(name, bool)
