"""What schemas are made of: kinds of members, and what they mean."""

from __future__ import annotations

from typing import Any

from logagent.core.wire.trace import TRACE_ID_BYTES

Schema = dict[str, Any]
"""A schema, or what stands for one."""

TEXT: Schema = {"type": "string"}
FLAG: Schema = {"type": "boolean"}
COUNT: Schema = {"type": "integer", "minimum": 0}
TIME: Schema = {"type": "string", "format": "date-time"}
TRACE: Schema = {"type": "string", "pattern": f"^[0-9a-f]{{{2 * TRACE_ID_BYTES}}}$"}


def reference(name: str) -> Schema:
    """Return what stands for a schema of `SCHEMAS`."""
    return {"$ref": f"#/components/schemas/{name}"}


STATUS = reference("Status")
"""The status of a verdict, of a host or of a log."""


def said(schema: Schema, meaning: str) -> Schema:
    """Return a schema with the meaning of a member, which ends with a full stop."""
    return {**schema, "description": meaning}


def or_null(schema: Schema, meaning: str) -> Schema:
    """Return the schema of a member that may be null, with its meaning."""
    return {**schema, "type": [schema["type"], "null"], "description": meaning}


def list_of(of: Schema, meaning: str) -> Schema:
    """Return the schema of a list, with its meaning."""
    return {"type": "array", "items": of, "description": meaning}


def object_of(meaning: str, optional: tuple[str, ...] = (), /, **members: Schema) -> Schema:
    """Return the schema of an object, whose members are required but for the optional ones."""
    required = [name for name in members if name not in optional]
    return {"type": "object", "description": meaning, "properties": members, "required": required}


HOST = said(TEXT, "The name of the host's agent.")
MESSAGE = said(TEXT, "A sentence for people; empty if there is nothing to say.")
