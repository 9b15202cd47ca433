"""The values that were given for settings, each by itself, as the reader of the setting reads them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from logagent.config.errors import ConfigError
from logagent.config.given import Given
from logagent.config.table import BY_NAME


class GivenValues:
    """The values of settings that were given.

    Args:
        given: what was given, by the name of the setting.
    """

    def __init__(self, given: Mapping[str, Given]) -> None:
        self._given = given

    def read(self, name: str) -> list[Any]:
        """Return all values of a setting that has a default, or was given.

        Raises:
            ConfigError: for a text that is no value of it.
        """
        try:
            return [BY_NAME[name].read(text) for text in self._given[name].texts]
        except ValueError as error:
            raise self.wrong(name, str(error)) from None

    def several(self, name: str) -> list[Any]:
        """Return all values of a setting; none if it was not given."""
        return self.read(name) if name in self._given else []

    def joined(self, name: str) -> tuple[Any, ...]:
        """Return all values of a setting of which each text gives several."""
        return tuple(value for values in self.several(name) for value in values)

    def one(self, name: str) -> Any:
        """Return the value of a setting of which the last one counts."""
        return self.read(name)[-1]

    def wrong(self, name: str, reason: str) -> ConfigError:
        """Return an error that says where the setting was given."""
        return ConfigError(self._given[name].where, reason)

    def path(self, name: str) -> Path | None:
        """Return a path, from where it was given; None if it was not."""
        given = self._given.get(name)
        return given.base / given.texts[-1] if given else None
