"""Text from other machines on a terminal."""

from __future__ import annotations

import pytest

from logagent.core.escapes import without_spoofing
from logagent.terminal.escapes import escaped


@pytest.mark.parametrize(
    ("raw", "escaped_form"),
    [
        (b"tab\tstays\n", b"tab\tstays\n"),
        (b"\x1b]0;title\x07\n", b"\\x1b]0;title\\x07\n"),
        (b"\r\x00\x7f\x0b\n", b"\\r\\x00\\x7f\\x0b\n".replace(b"\\r", b"\\x0d")),
        ("c1 \x9b31m\n".encode(), b"c1 \\x9b31m\n"),
        (b"not utf-8 \x9b31m \xff\xc3\n", b"not utf-8 \\x9b31m \\xff\\xc3\n"),
        ("user\u202etxt.exe\n".encode(), b"user\\u202etxt.exe\n"),
        ("\u2066\u200b\ufeff\u2028\u00ad\n".encode(), b"\\u2066\\u200b\\ufeff\\u2028\\xad\n"),
        ("\U000e0041\n".encode(), b"\\U000e0041\n"),
        ("café 日本 👩\u200d💻\n".encode(), "café 日本 👩\u200d💻\n".encode()),
    ],
)
def test_characters_that_could_deceive_are_shown_as_escapes(raw: bytes, escaped_form: bytes) -> None:
    assert escaped(raw) == escaped_form


def test_every_control_character_is_escaped_but_tab_and_line_feed() -> None:
    controls = [chr(code) for code in [*range(0x20), *range(0x7F, 0xA0)]]
    assert [control for control in controls if without_spoofing(control) == control] == ["\t", "\n"]


def test_batch_of_plain_lines_is_not_copied() -> None:
    body = b"plain\tlines\n" * 1000
    assert escaped(body) is body
