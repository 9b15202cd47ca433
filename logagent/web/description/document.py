"""The description of the API: one OpenAPI 3.1 document, put together from the tables."""

from __future__ import annotations

from typing import Any

from logagent.core.wire.media_types import FORM, PROBLEM
from logagent.core.wire.parameter_table import EVERYTHING, FILES, TABLE, Parameter
from logagent.web.description import fields
from logagent.web.description.operations import OF_FORMS, ROUTES, RouteTold
from logagent.web.description.schema_parts import Schema, reference
from logagent.web.description.schemas import SCHEMAS
from logagent.web.description.statuses import REFUSALS
from logagent.web.description.words import ABOUT, SECURITY, SUMMARY

Document = dict[str, Any]

_SUCCESS = "200"
_REQUIRED = "filename"
"""The parameter without which there is no question, but for `/files`, which then lists everything."""


def described(version: str) -> Document:
    """Return the description of an agent's API, as an OpenAPI document.

    Args:
        version: of the agent.
    """
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "logagent",
            "version": version,
            "summary": SUMMARY,
            "description": ABOUT,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/", "description": "The agent that gave this description."}],
        "paths": {route.path: _path(route) for route in ROUTES},
        "components": {
            "schemas": SCHEMAS,
            "parameters": _parameters(),
            "headers": fields.HEADERS | fields.OF_ANSWERS | fields.OF_REFUSALS | fields.TRAILER_FIELDS,
            "responses": {_place_of(status): _refusal(status) for status in REFUSALS},
            "securitySchemes": SECURITY,
        },
    }


def _path(route: RouteTold) -> Document:
    methods = {"get": _operation(route)}
    if route.takes_form:
        methods["post"] = _operation(route, by_form=True)
    return methods


def _operation(route: RouteTold, *, by_form: bool = False) -> Document:
    rows = [row for row in TABLE if route.path in row.of]
    statuses = sorted({*route.statuses, *(OF_FORMS if by_form else ())})
    operation: Document = {
        "operationId": f"{route.name}ByForm" if by_form else route.name,
        "summary": route.summary,
        "parameters": [_reference("parameters", name) for name in route.headers],
        "responses": {
            _SUCCESS: _answer(route),
            **{str(status): _reference("responses", _place_of(status)) for status in statuses},
        },
        "security": [{}] if route.is_open else [{}, *({scheme: []} for scheme in SECURITY)],
    }
    if by_form:
        operation["description"] = "The same parameters in a body; those in the URL count, too."
        operation["requestBody"] = _form(rows)
    else:
        operation["parameters"] += [_reference("parameters", _place(row, route.path)) for row in rows]
    return operation


def _answer(route: RouteTold) -> Document:
    headers = (*fields.HEADERS, *route.fields)
    answer: Document = {
        "description": route.summary,
        "headers": {name: _reference("headers", name) for name in headers},
        "content": route.content,
    }
    if route.has_verdict:
        answer["description"] += " Over HTTP/2, the verdict stands in trailers, see x-trailers."
        answer["x-trailers"] = {name: _reference("headers", name) for name in fields.TRAILER_FIELDS}
    return answer


def _place_of(status: int) -> str:
    return f"Refused{status}"


def _refusal(status: int) -> Document:
    told = REFUSALS[status]
    names = [*fields.HEADERS, *([told.header] if told.header else [])]
    return {
        "description": told.meaning,
        "headers": {name: _reference("headers", name) for name in names},
        "content": {PROBLEM: {"schema": reference("Problem")}},
    }


def _parameters() -> Document:
    """Return all parameters by their places among the components; `filename` is another one for `/files`."""
    places = {_place(row, path): _parameter(row, path) for row in TABLE for path in row.of}
    return {**places, **fields.REQUEST_HEADERS}


def _place(row: Parameter, path: str) -> str:
    return f"{row.name}_of_files" if row.name == _REQUIRED and path == FILES else row.name


def _parameter(row: Parameter, path: str) -> Document:
    return {
        "name": row.name,
        "in": "query",
        "description": row.meaning,
        "required": row.name == _REQUIRED and path != FILES,
        "schema": _values(row, path),
    }


def _values(row: Parameter, path: str) -> Schema:
    schema: Schema = dict(row.kind.schema)
    default: object = row.default
    if row.kind.most > 1:
        schema = {"type": "array", "items": schema, "maxItems": row.kind.most}
        if row.name == _REQUIRED:
            schema["minItems"] = 1
            default = [EVERYTHING] if path == FILES else None
    return schema if default is None else {**schema, "default": default}


def _form(rows: list[Parameter]) -> Document:
    properties = {row.name: {**_values(row, ""), "description": row.meaning} for row in rows}
    schema = {
        "type": "object",
        "properties": properties,
        "required": [_REQUIRED],
        "additionalProperties": False,
    }
    return {"required": True, "content": {FORM: {"schema": schema}}}


def _reference(kind: str, name: str) -> Document:
    return {"$ref": f"#/components/{kind}/{name}"}
