"""Files of targets in the form of Prometheus' `file_sd`: a list of groups, in JSON or YAML, read without trust.

Of YAML only what that form needs is read: no tags, anchors or aliases, so that a small file never becomes large, and
every plain value is a text, as it is for Prometheus.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from logagent.peers.discovery.checked import shown

if TYPE_CHECKING:
    import yaml

DEEPEST = 4
"""Levels of lists and mappings: a list of groups, each with a mapping of labels, is three."""
MOST_VALUES = 200_000
"""Values of a YAML file: those of ten thousand targets with ten labels each, a group for each target."""

Value = Any
"""A text, a list or a mapping, or of JSON another value."""


class BadDocument(Exception):
    """A file of targets cannot be read; the message says where, and what would be right."""


class TargetGroup(NamedTuple):
    """Some targets with their labels."""

    targets: list[str]
    labels: dict[str, str]


def groups_in(content: bytes, suffix: str) -> list[TargetGroup]:
    """Read the groups in a file of targets.

    Args:
        content: of the file.
        suffix: of its name: `.json`, else YAML.

    Raises:
        BadDocument: if it has another form.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadDocument(f"is not UTF-8: byte {error.start} is {content[error.start]:#04x}") from None
    document = _from_json(text) if suffix == ".json" else _from_yaml(text)
    if not isinstance(document, list):
        raise BadDocument('holds no list of groups: [{"targets": ["10.0.0.2:8443"], "labels": {"role": "web"}}]')
    return [_group(number, member) for number, member in enumerate(document, 1)]


def _group(number: int, member: Value) -> TargetGroup:
    if not isinstance(member, dict) or "targets" not in member:
        raise BadDocument(f"group {number} is no mapping with targets")
    if unknown := member.keys() - {"targets", "labels"}:
        raise BadDocument(f"group {number} holds {shown(min(unknown))}; targets and labels are known")
    targets, labels = member["targets"], {} if member.get("labels") in (None, "") else member["labels"]
    if not isinstance(targets, list) or not all(isinstance(target, str) for target in targets):
        raise BadDocument(f"targets of group {number} are no list of texts such as 10.0.0.2:8443")
    if not isinstance(labels, dict) or not all(isinstance(value, str) for value in labels.values()):
        raise BadDocument(f"labels of group {number} are no mapping of texts")
    return TargetGroup(targets, labels)


def _from_json(text: str) -> Value:
    try:
        return json.loads(text, object_pairs_hook=_without_twins)
    except json.JSONDecodeError as error:
        raise BadDocument(f"is no JSON: {error.msg} in line {error.lineno}, column {error.colno}") from None
    except RecursionError:
        raise BadDocument("is nested too deeply") from None
    except ValueError:  # of numbers with thousands of digits
        raise BadDocument("holds a number; targets and labels are texts") from None


def _without_twins(pairs: list[tuple[str, Value]]) -> dict[str, Value]:
    members = dict(pairs)
    if len(members) < len(pairs):
        names = [name for name, _ in pairs]
        raise BadDocument(f"holds {shown(next(name for name in names if names.count(name) > 1))} twice in one mapping")
    return members


def _from_yaml(text: str) -> Value:
    import yaml

    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    try:
        return _Built(yaml).document(yaml.parse(text, Loader=loader))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise BadDocument(
            f"is no YAML: {getattr(error, 'problem', None) or 'a character is not allowed'}{where}"
        ) from None


class _Built:
    """Builds one document of the events of a YAML parser, without recursion, within bounds."""

    def __init__(self, kinds: Any) -> None:
        self._kinds = kinds
        self._open: list[tuple[Value, Callable[[Value], None]]] = []
        self._documents: list[Value] = []
        self._values = 0

    def document(self, events: Iterator[yaml.Event]) -> Value:
        for event in events:
            self._take(event)
        if len(self._documents) > 1:
            raise BadDocument("holds several documents; one list of groups is right")
        return self._documents[0] if self._documents else []

    def _take(self, event: yaml.Event) -> None:
        kinds, line = self._kinds, event.start_mark.line + 1 if event.start_mark else 0
        if isinstance(event, kinds.AliasEvent) or getattr(event, "anchor", None):
            raise BadDocument(f"holds an anchor or an alias in line {line}, which are not read: write the values out")
        if isinstance(event, kinds.ScalarEvent):
            self._put(event.value, line)
        elif isinstance(event, kinds.SequenceStartEvent):
            items: list[Value] = []
            self._begin(items, items.append, line)
        elif isinstance(event, kinds.MappingStartEvent):
            mapping: dict[str, Value] = {}
            self._begin(mapping, _Pairs(mapping, line).put, line)
        elif isinstance(event, kinds.SequenceEndEvent | kinds.MappingEndEvent):
            self._open.pop()

    def _begin(self, container: Value, put: Callable[[Value], None], line: int) -> None:
        self._put(container, line)
        self._open.append((container, put))
        if len(self._open) > DEEPEST:
            raise BadDocument(f"is nested too deeply in line {line}")

    def _put(self, value: Value, line: int) -> None:
        self._values += 1
        if self._values > MOST_VALUES:
            raise BadDocument(f"holds more than {MOST_VALUES} values in line {line}")
        put = self._open[-1][1] if self._open else self._documents.append
        put(value)


class _Pairs:
    """Puts keys and values by turns into a mapping."""

    def __init__(self, mapping: dict[str, Value], line: int) -> None:
        self._mapping, self._line = mapping, line
        self._key: str | None = None

    def put(self, value: Value) -> None:
        if self._key is not None:
            self._mapping[self._key], self._key = value, None
        elif not isinstance(value, str) or value in self._mapping:
            raise BadDocument(
                f"holds a key twice, or one that is no text, in the mapping that begins in line {self._line}"
            )
        else:
            self._key = value
