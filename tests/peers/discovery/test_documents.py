"""Files of targets, in the form of Prometheus, are read without trust."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logagent.peers.discovery import documents
from logagent.peers.discovery.documents import DEEPEST, BadDocument, TargetGroup, groups_in

GROUPS = [TargetGroup(["web-1:8443", "web-2:8443"], {"role": "web"}), TargetGroup(["db-1:8443"], {})]
YAML = b"""
- targets: ['web-1:8443', web-2:8443]
  labels:
    role: web
- targets:
  - db-1:8443
"""


def why(content: bytes, suffix: str = ".yml") -> str:
    with pytest.raises(BadDocument) as bad:
        groups_in(content, suffix)
    assert str(bad.value).isprintable()
    return str(bad.value)


def test_yaml_and_json_are_read_alike() -> None:
    as_json = json.dumps(
        [{"targets": GROUPS[0].targets, "labels": {"role": "web"}}, {"targets": ["db-1:8443"]}]
    ).encode()
    assert groups_in(YAML, ".yml") == groups_in(YAML, ".yaml") == groups_in(as_json, ".json") == GROUPS
    assert groups_in(as_json, ".yml") == GROUPS  # JSON is YAML


def test_files_without_groups() -> None:
    for content, suffix in [
        (b"", ".yml"),
        (b"# none\n", ".yml"),
        (b"[]", ".yml"),
        (b"[]", ".json"),
        (b"\xef\xbb\xbf[]", ".json"),
    ]:
        assert groups_in(content, suffix) == []


def test_plain_values_of_yaml_are_texts() -> None:
    read = groups_in(
        b"- targets: [a:1]\n  labels: {zone: 1, on: yes, since: 2026-01-01, none: null, empty: }\n", ".yml"
    )
    assert read[0].labels == {"zone": "1", "on": "yes", "since": "2026-01-01", "none": "null", "empty": ""}


def test_an_empty_mapping_of_labels_is_none() -> None:
    assert groups_in(b"- targets: [a:1]\n  labels:\n", ".yml") == [TargetGroup(["a:1"], {})]
    assert groups_in(b'[{"targets": ["a:1"], "labels": null}]', ".json") == [TargetGroup(["a:1"], {})]


def test_a_bomb_of_aliases_is_refused() -> None:
    bomb = b"a: &a [x,x,x,x,x,x,x,x,x]\n" + b"".join(
        b"%c: &%c [*%c,*%c,*%c]\n" % (n, n, n - 1, n - 1, n - 1) for n in b"bcdefghij"
    )
    assert "anchor or an alias in line 1" in why(bomb)
    assert "alias in line 1" in why(b"- *x\n")


@pytest.mark.parametrize("opening", [b"[", b"{a: ", b"- "])
def test_deep_nesting_is_refused(opening: bytes) -> None:
    assert why(opening * 100_000)
    assert "nested too deeply" in why(opening * (DEEPEST + 1))


def test_deep_nesting_of_json_is_refused() -> None:
    assert "deeply" in why(b"[" * 200_000, ".json")


@pytest.mark.parametrize("tag", [b"!!python/object/apply:os.system ['true']", b"!!python/name:os.system", b"!x y"])
def test_tags_make_nothing_of_values(tag: bytes) -> None:
    assert "targets of group 1" in why(b"- targets:\n    a: " + tag + b"\n")


@pytest.mark.parametrize(
    ("content", "suffix", "said"),
    [
        (b"\xff\xfe", ".yml", "is not UTF-8: byte 0 is 0xff"),
        (b"\xff\xfe", ".json", "is not UTF-8: byte 0 is 0xff"),
        (b"[", ".json", "is no JSON: Expecting value in line 1, column 2"),
        (b"", ".json", "is no JSON"),
        (b"[{", ".yml", "is no YAML"),
        (b"- a\n b: c\n", ".yml", "is no YAML"),
        (b"\x00", ".yml", "is no YAML"),
        (b"- {targets: [a:1]}\n---\n- {targets: [b:1]}\n", ".yml", "several documents"),
        (b"targets: [a:1]", ".yml", "no list of groups"),
        (b'"text"', ".json", "no list of groups"),
        (b'[["a:1"]]', ".json", "group 1 is no mapping with targets"),
        (b'[{"targets": ["a:1"]}, {"labels": {}}]', ".json", "group 2 is no mapping with targets"),
        (b'[{"targets": "a:1"}]', ".json", "targets of group 1"),
        (b'[{"targets": [8443]}]', ".json", "targets of group 1"),
        (b'[{"targets": [], "labels": []}]', ".json", "labels of group 1"),
        (b'[{"targets": [], "labels": {"a": 1}}]', ".json", "labels of group 1"),
        (b'[{"targets": [], "label": {"a": "1"}}]', ".json", "group 1 holds 'label'; targets and labels are known"),
        (b'[{"targets": [], "targets": []}]', ".json", "holds 'targets' twice"),
        (b"- {targets: [], targets: []}", ".yml", "holds a key twice"),
        (b"- {[a]: []}", ".yml", "no text"),
        (b"[" + b"9" * 5000 + b"]", ".json", "holds a number"),
    ],
)
def test_what_is_wrong_is_told(content: bytes, suffix: str, said: str) -> None:
    assert said in why(content, suffix)


def test_more_values_than_a_fleet_needs_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "MOST_VALUES", 10)
    assert "more than 10 values in line 8" in why(b"- targets:\n" + b"  - a:1\n" * 100)


TREES = st.recursive(st.text(max_size=5), lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=5), inner))


@settings(max_examples=50)
@given(st.binary() | TREES.map(json.dumps).map(str.encode), st.sampled_from([".json", ".yml"]))
def test_any_bytes_are_read_or_refused(content: bytes, suffix: str) -> None:
    with contextlib.suppress(BadDocument):
        assert all(isinstance(group, TargetGroup) for group in groups_in(content, suffix))
