"""What fuzzers began with and what they found is understood or refused, and so is what differs from it a little."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

CORPUS = Path(__file__).parent / "corpus"
TARGETS = sorted(path.name for path in CORPUS.iterdir())
KEPT = {name: [path.read_bytes() for path in sorted((CORPUS / name).iterdir())] for name in TARGETS}


def probe_of(name: str) -> Callable[[bytes], None]:
    probe: Callable[[bytes], None] = importlib.import_module(f"fuzz.{name}").probe
    return probe


@pytest.mark.parametrize("path", sorted(CORPUS.glob("*/*")), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_what_was_kept(path: Path) -> None:
    probe_of(path.parent.name)(path.read_bytes())


@pytest.mark.parametrize("name", TARGETS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_what_differs_from_it_a_little(name: str, data: st.DataObject) -> None:
    kept = data.draw(st.sampled_from(KEPT[name]))
    begin = data.draw(st.integers(0, len(kept)))
    end = begin + data.draw(st.integers(0, 4))
    probe_of(name)(kept[:begin] + data.draw(st.binary(max_size=4)) + kept[end:])


@pytest.mark.parametrize("name", TARGETS)
@settings(max_examples=20, deadline=None)
@given(data=st.binary(max_size=200))
def test_anything(name: str, data: bytes) -> None:
    probe_of(name)(data)


def test_every_target_has_a_corpus_and_is_small() -> None:
    targets = {path.stem for path in CORPUS.parent.glob("*.py") if "\ndef probe(data: bytes)" in path.read_text()}
    assert targets == set(TARGETS)
    assert sum(len(one) for kept in KEPT.values() for one in kept) < 200 * 1024
