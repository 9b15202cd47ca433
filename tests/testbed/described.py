"""Answers compared with what the description of the API says of them, to the last member."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator

from logagent.core.wire.frames import BATCHES
from logagent.core.wire.media_types import EVENTS, NDJSON, OPENMETRICS, TEXT
from logagent.web.description.document import described
from testbed.cluster import Reply

DOCUMENT = json.loads(json.dumps(described("0")))
"""The description, as a client gets it."""


def objections(path: str, reply: Reply, method: str = "get") -> list[str]:
    """What a reply has that is not described, and what it lacks.

    Args:
        path: of a route.
        reply: over HTTP/2, to a request for the body, too.
        method: of HTTP, in small letters.
    """
    answers = DOCUMENT["paths"][path][method]["responses"]
    if str(reply.status) not in answers:
        return [f"status {reply.status}"]
    return objections_to(answers[str(reply.status)], reply)


def objections_to(answer: dict[str, Any], reply: Reply) -> list[str]:
    """What a reply has beside a response of the description, and what it lacks of it."""
    answer = resolved(answer)
    kind = reply.headers.get("content-type", "").partition(";")[0]
    if kind not in answer["content"]:
        return [f"content-type {kind}"]
    return [
        *_of_fields("header", answer["headers"], dict(reply.headers), _UNTOLD),
        *([] if reply.error else _of_fields("trailer", answer.get("x-trailers", {}), reply.trailers, frozenset())),
        *_of_body(kind, answer["content"][kind], reply.body, whole=reply.error is None),
    ]


_UNTOLD = frozenset({"content-type", "content-length", "date", "server", "connection", "transfer-encoding"})
"""Headers that say what every answer's say."""


def resolved(described: dict[str, Any]) -> dict[str, Any]:
    """What a reference within the description leads to; anything else as it is."""
    while "$ref" in described:
        kind, name = described["$ref"].removeprefix("#/components/").split("/")
        described = DOCUMENT["components"][kind][name]
    return described


def _of_fields(word: str, told: dict[str, Any], given: dict[str, str], untold: frozenset[str]) -> Iterator[str]:
    fields = {name: resolved(field) for name, field in told.items()}
    yield from (f"{word} {name} is not told" for name in given.keys() - fields.keys() - untold)
    for name, field in fields.items():
        if name not in given:
            if field["required"]:
                yield f"{word} {name} is missing"
            continue
        yield from (
            f"{word} {name}: {wrong}" for wrong in _wrong(field["schema"], _typed(field["schema"], given[name]))
        )


def _typed(schema: dict[str, Any], value: str) -> Any:
    """The value of a field, which is text, as its schema means it."""
    return json.loads(value) if resolved(schema)["type"] in ("integer", "boolean") else value


def _of_body(kind: str, told: dict[str, Any], body: bytes, *, whole: bool) -> list[str]:
    if kind in (TEXT, BATCHES, OPENMETRICS):
        return []
    if kind not in (NDJSON, EVENTS):
        return _wrong(told["schema"], json.loads(body))
    records = list(records_of(kind, body))
    wrong = [each for record in records for each in _wrong(told["x-item-schema"], record)]
    return wrong + ([] if not whole or (records and "end" in records[-1]) else ["no end"])


def records_of(kind: str, body: bytes) -> Iterator[Any]:
    """The records of a body of NDJSON or of events."""
    for line in body.splitlines():
        if kind == NDJSON:
            yield json.loads(line)
        elif line.startswith(b"data: "):
            yield json.loads(line.removeprefix(b"data: "))


def _wrong(schema: dict[str, Any], value: Any) -> list[str]:
    return [f"{error.json_path}: {error.message}" for error in _validator(json.dumps(schema)).iter_errors(value)]


@cache
def _validator(schema: str) -> Draft202012Validator:
    checked = Draft202012Validator.FORMAT_CHECKER
    return Draft202012Validator({**strict(json.loads(schema)), **_STRICT}, format_checker=checked)


def strict(schema: Any) -> Any:
    """A schema that forbids all members that it does not tell."""
    if isinstance(schema, list):
        return [strict(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {name: strict(each) for name, each in schema.items()}
    return {"additionalProperties": False, **inner} if isinstance(schema.get("properties"), dict) else inner


_STRICT = {"components": {"schemas": strict(DOCUMENT["components"]["schemas"])}}


def members(schema: dict[str, Any], value: Any) -> Iterator[tuple[str, str]]:
    """The members of objects in a value that is as a schema says: each with the name of the schema that tells it.

    A schema without a name, within another, goes by what its description says.
    """
    name = schema.get("$ref", schema.get("description", "")).rpartition("/")[2]
    schema = resolved(schema)
    for other in (*schema.get("oneOf", ()), *schema.get("anyOf", ())):
        if not _wrong(other, value):
            yield from members(other, value)
    if isinstance(value, list):
        for each in value:
            yield from members(schema.get("items", {}), each)
    if isinstance(value, dict):
        for member, inner in schema.get("properties", {}).items():
            if member in value:
                yield name, member
                yield from members(inner, value[member])


def members_told(schema: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """All members of objects that a schema tells, as `members` gives them."""
    name = schema.get("$ref", schema.get("description", "")).rpartition("/")[2]
    schema = resolved(schema)
    for other in (*schema.get("oneOf", ()), *schema.get("anyOf", ())):
        yield from members_told(other)
    if "items" in schema:
        yield from members_told(schema["items"])
    for member, inner in schema.get("properties", {}).items():
        yield name, member
        yield from members_told(inner)
