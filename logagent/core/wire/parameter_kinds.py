"""The kinds of values that parameters have: who reads them, and what is said of them in the API's description."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from logagent.core.cursor import MAX_ASKED
from logagent.core.query import Order, Unit
from logagent.core.times import moments
from logagent.core.wire import parameter_values as values
from logagent.core.wire.labels import LABEL_NAME

Reader = Callable[[str, list[str], int], object]
"""Takes a parameter's name, its values, and the current time in nanoseconds since the epoch."""


class ParameterKind(NamedTuple):
    """A kind of values.

    Attributes:
        read: reads all values of a parameter.
        schema: of one value, in the words of JSON Schema; what a pattern does not say, the meaning does.
        most: how many values a parameter may have.
    """

    read: Reader
    schema: Mapping[str, Any]
    most: int = 1


_TEXT = {"type": "string", "minLength": 1, "maxLength": values.MAX_VALUE}
_MOST_COUNT = 10**18 - 1
"""The largest number of eighteen digits, which `values.WHOLE_NUMBER` bounds."""
_SPAN = {"type": "string", "pattern": f"^{values.SPAN}$"}

HOSTS = ParameterKind(values.hosts, _TEXT, values.MAX_REPEATS)
NAMES = ParameterKind(values.names, _TEXT, values.MAX_REPEATS)
LITERALS = ParameterKind(values.literals, {**_TEXT, "pattern": r"^[^\n]+$"}, values.MAX_MANY)
EXPRESSIONS = ParameterKind(values.expressions, _TEXT, values.MAX_MANY)
FLAG = ParameterKind(values.flag, {"type": "boolean"})
COUNT = ParameterKind(values.whole_number, {"type": "integer", "minimum": 0, "maximum": _MOST_COUNT})
POSITIVE = ParameterKind(values.positive_number, {"type": "integer", "minimum": 1, "maximum": _MOST_COUNT})
CONTEXT = ParameterKind(values.context_lines, {"type": "integer", "minimum": 0, "maximum": values.MAX_CONTEXT})
_MOMENT = f"^(?:{moments.NUMBER}|{moments.SPAN}|{moments.RFC3339})$"
MOMENT = ParameterKind(values.moment, {"type": "string", "pattern": _MOMENT})
ORDER = ParameterKind(values.order, {"type": "string", "enum": [order.value for order in Order]})
UNIT = ParameterKind(values.unit, {"type": "string", "enum": [unit.value for unit in Unit]})
CURSOR = ParameterKind(values.cursor_text, {"type": "string", "maxLength": MAX_ASKED})
TIMEOUT = ParameterKind(values.seconds, _SPAN)
PATIENCE = ParameterKind(values.patience, _SPAN)
HEARTBEAT = ParameterKind(values.heartbeat, _SPAN)
STEP = ParameterKind(values.step, {"type": "string", "pattern": f"^{values.STEP}$"})
BY = ParameterKind(values.by, {"type": "string", "pattern": f"^(?:file|label:{LABEL_NAME})$"})
