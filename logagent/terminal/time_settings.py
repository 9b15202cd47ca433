"""The settings about times, for commands that read files themselves: the zone, and the formats that are named."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import tzinfo
from typing import Any

from logagent.config import timezones
from logagent.config.errors import ConfigError
from logagent.config.given import Given
from logagent.config.table import BY_NAME
from logagent.core.times.named_formats import FormatRules, format_rules
from logagent.core.times.strptime import BadTimeFormat


def zone_of(given: Mapping[str, Given], environ: Mapping[str, str], otherwise: str = "--timezone") -> tzinfo:
    """Return the zone of times that name none: that which is given, or else the machine's.

    Args:
        otherwise: what else may name it, for messages.

    Raises:
        ConfigError: if none is known.
    """
    if "timezone" in given:
        zone: tzinfo = read_all("timezone", given)[-1]
        return zone
    try:
        return timezones.of_machine(environ)
    except ValueError as error:
        raise ConfigError("TZ", f"{error}; or give {otherwise}") from None


def rules_of(given: Mapping[str, Given]) -> FormatRules:
    """Return the formats of time that are given.

    Raises:
        ConfigError: for one that cannot be used.
    """
    read = read_all("time_format", given) if "time_format" in given else []
    try:
        return format_rules((each.files, each.format, each.how) for each in read)
    except BadTimeFormat as error:
        raise ConfigError(given["time_format"].where, str(error)) from None


def read_all(name: str, given: Mapping[str, Given]) -> list[Any]:
    """Return the values of a setting that is given.

    Raises:
        ConfigError: for one that cannot be used.
    """
    try:
        return [BY_NAME[name].read(text) for text in given[name].texts]
    except ValueError as error:
        raise ConfigError(given[name].where, str(error)) from None
