"""The zone of this machine, for times that are printed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import tzinfo

from logagent.config import timezones
from logagent.config.errors import ConfigError


def zone_of_machine(environ: Mapping[str, str]) -> tzinfo:
    """Return the zone that `TZ` or this machine's settings name.

    Raises:
        ConfigError: if `TZ` names none.
    """
    try:
        return timezones.of_machine(environ)
    except ValueError as error:
        raise ConfigError("TZ", str(error)) from None
