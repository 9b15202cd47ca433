"""What Schemathesis is told of the cases that it makes: which names there are, and that a follow ends.

Schemathesis loads this module by itself, see `generated_cases.py`. A mistake that a case makes on purpose stays in it.
"""

from __future__ import annotations

import re
from typing import Any

import schemathesis

from logagent.core.wire.parameter_values import SPAN

NAMES = ("app.log", "**/*")
"""Names that the agent under test has; made-up ones would only ever be told that there is no such file."""
MOST, LONGEST = 64, 1000
"""Values and characters of names that are none of the mistakes which are made on purpose."""
YES = {"true", "1", "yes"}
SHORT = "200ms"
"""The time of a follow: for some signs of life."""


def each(value: Any) -> list[Any]:
    """The values of a parameter, which may stand alone."""
    return value if isinstance(value, list) else [value]


def is_right(names: Any) -> bool:
    """Whether the names in a case are as described."""
    values = each(names)
    return 0 < len(values) <= MOST and all(isinstance(name, str) and 0 < len(name) <= LONGEST for name in values)


def settle(parameters: dict[str, Any]) -> None:
    """Give a case names that there are, and a follow little time, if it can have any."""
    for name, real in (("filename", NAMES[len(str(parameters)) % len(NAMES)]), ("hostname", "*")):
        if is_right(parameters.get(name)):
            parameters[name] = [real]
    follows = any(str(value).lower() in YES for value in each(parameters.get("follow")))
    times = each(parameters.get("timeout", SHORT))
    if follows and len(times) == 1 and re.fullmatch(SPAN, str(times[0])):
        parameters["timeout"] = SHORT


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    for parameters in (case.query, case.body):
        if isinstance(parameters, dict):
            settle(parameters)
