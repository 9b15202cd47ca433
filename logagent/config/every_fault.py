"""All faults of settings at once: after each one its setting is left out, and what is left is read again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from logagent.config.errors import ConfigError
from logagent.config.given import Given, from_environment, from_file
from logagent.config.loading import checked
from logagent.config.setting import Setting
from logagent.config.settings import Settings
from logagent.config.table import BY_NAME, SETTINGS

_TOGETHER = (
    frozenset({"certs", "tls_ca", "tls_certificate", "tls_key", "tls_crl", "client_certificate"}),
    frozenset({"root", "root_name", "root_timezone"}),
    frozenset({"log_to", "log_directory"}),
    frozenset(setting.name for setting in SETTINGS if setting.name.startswith("oidc_")),
)
"""Settings of which the others say nothing any more where one is wrong: they would be faults that are none."""


def settings_and_faults(
    flags: Mapping[str, Sequence[str]], environ: Mapping[str, str], *, host: str, file: str | None
) -> tuple[Settings | None, list[ConfigError]]:
    """Read settings as `loading.load` does, and return them with all that is wrong with them.

    Returns:
        Settings without those that are wrong, None if there are none at all; and the faults.
    """
    given, faults = _given(flags, environ, file)
    while True:
        try:
            return checked(given, environ, host=host), faults
        except ConfigError as fault:
            faults.append(fault)
            wrong = _about(fault, given)
            if not wrong:
                return None, faults
            given = {name: value for name, value in given.items() if name not in wrong}


def _given(
    flags: Mapping[str, Sequence[str]], environ: Mapping[str, str], file: str | None
) -> tuple[dict[str, Given], list[ConfigError]]:
    given, faults = dict[str, Given](), list[ConfigError]()
    if file:
        try:
            given |= from_file(Path(file), faults)
        except ConfigError as fault:
            faults.append(fault)
    for setting in SETTINGS:
        try:
            given |= from_environment(_of(setting, environ))
        except ConfigError as fault:
            faults.append(fault)
    return given | {name: Given(tuple(texts), BY_NAME[name].flag) for name, texts in flags.items()}, faults


def _of(setting: Setting, environ: Mapping[str, str]) -> dict[str, str]:
    return {setting.variable: environ[setting.variable]} if setting.variable in environ else {}


def _about(fault: ConfigError, given: Mapping[str, Given]) -> frozenset[str]:
    """Return the settings that a fault is about; none if it is not about what was given."""
    names = {name for name, value in given.items() if fault.where == value.where or _begins(fault.where, value.where)}
    wide: Iterable[frozenset[str]] = (group for group in _TOGETHER if group & names)
    return frozenset(names).union(*wide)


def _begins(where: str, place: str) -> bool:
    """Return whether a fault lies in one of the tables of a setting, as `logagent.toml: rule 2` does."""
    return where.startswith((f"{place} ", f"{place}."))
