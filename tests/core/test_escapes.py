"""Names and messages in one line, whatever they hold."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logagent.core.escapes import bare_path, in_line, line_prefix

# Names of files as Python has them: bytes that are not UTF-8 are surrogates.
NAMES = st.binary(min_size=1, max_size=20).map(lambda name: name.decode("utf-8", "surrogateescape")) | st.text(
    st.characters() | st.sampled_from("\n\r\t: \\\u2028\u202e\x85\x1b"), min_size=1, max_size=20
)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a\nb\tc\rd", r"a\x0ab\x09c\x0dd"),
        ("\x00\x1b\x7f\x85\x9f", r"\x00\x1b\x7f\x85\x9f"),
        ("\u2028\u2029\u202e\u2066\u200f\ufeff", r"\u2028\u2029\u202e\u2066\u200f\ufeff"),
        ("caf\udce9\ud800", r"caf\xe9\ud800"),
        ("\U000e0041", r"\U000e0041"),
        ("back\\slash é 日本", "back\\slash é 日本"),
    ],
)
def test_what_could_deceive_is_an_escape(name: str, shown: str) -> None:
    assert in_line(name) == shown


@given(NAMES)
def test_an_escaped_name_is_one_line_of_utf_8_and_stays_as_it_is(name: str) -> None:
    shown = in_line(name)
    assert len(f"{shown}.".splitlines()) == 1
    assert shown.encode().decode() == shown
    assert in_line(shown) == shown


@given(NAMES, NAMES)
def test_a_prefix_ends_where_it_seems_to_end(host: str, file: str) -> None:
    line = f"{line_prefix(host, file)}host other.log: forged"
    first, _, rest = line.partition(" ")
    assert first == in_line(host).replace(" ", r"\x20")
    assert rest.partition(": ")[2] == "host other.log: forged"


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/logs", "/logs"),
        ("/logs&keyword=secret", "/logs&..."),
        ("/logs;keyword=secret", "/logs;..."),
        ("/keyword=secret", "/keyword=..."),
        ("/logs?keyword", "/logs?..."),
        ("/" + "x" * 200, "/" + "x" * 99 + "..."),
    ],
)
def test_a_path_is_shown_without_parameters_in_the_wrong_place(path: str, shown: str) -> None:
    assert bare_path(path) == shown
