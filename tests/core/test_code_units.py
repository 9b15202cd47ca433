"""The bytes of text in UTF-8 are told as those that it takes in UTF-16 and UTF-32."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logagent.core.batch import Batch, LineFlag, Origin
from logagent.core.code_units import tagged, unit_of, untagged, width
from logagent.core.cursor import fingerprint, has_fingerprint

texts = st.text(st.sampled_from("a\n é日😀") | st.characters(exclude_categories=["Cs"]))


@given(texts, st.integers(0, 200))
def test_the_width_of_a_text_is_that_of_its_encoding_and_of_its_parts(text: str, cut: int) -> None:
    encoded = text.encode()
    for unit, encoding in ((1, "utf-8"), (2, "utf-16-le"), (4, "utf-32-be")):
        assert width(encoded, unit) == len(text.encode(encoding))
        assert width(encoded[:cut], unit) + width(encoded[cut:], unit) == width(encoded, unit)


@pytest.mark.parametrize("unit", [1, 2, 4])
def test_a_fingerprint_says_how_wide_code_units_are_and_stays_that_of_its_file(unit: int) -> None:
    known = fingerprint(b"x" * 2000)
    assert unit_of(tagged(known, unit)) == unit
    assert untagged(tagged(known, unit)) == known
    assert has_fingerprint(b"x" * 1024, tagged(known, unit))
    assert not has_fingerprint(b"y" * 1024, tagged(known, unit))


@pytest.mark.parametrize(("unit", "behind"), [(1, 15), (2, 16), (4, 22)])
def test_the_place_behind_a_line_is_counted_in_the_files_own_bytes(unit: int, behind: int) -> None:
    batch = Batch("日a\n".encode(), 1, offsets=[10], origins=(Origin("h", "f", fingerprint=tagged(1 << 32, unit)),))
    assert batch.offset_behind(0, "日a".encode()) == behind
    partial = Batch(batch.body, 1, offsets=[10], origins=batch.origins, flags=bytes([LineFlag.PARTIAL]))
    assert partial.offset_behind(0, "日a".encode()) == behind - unit
