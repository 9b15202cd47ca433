"""The file of headers for the collector: what it holds, and what is refused without being quoted."""

from __future__ import annotations

from pathlib import Path

import pytest

from logagent.telemetry.traces.header_file import LONGEST, headers_in


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "headers"
    file.touch(0o600)
    return file


def test_headers_stand_a_line_each(file: Path) -> None:
    file.write_bytes(b"Authorization: Bearer t0ken.a/b+c==\r\n\nX-Scope-OrgID:  berlin \n")
    assert headers_in(file) == {"authorization": "Bearer t0ken.a/b+c==", "x-scope-orgid": "berlin"}


def test_an_empty_file_has_none(file: Path) -> None:
    assert headers_in(file) == {}


@pytest.mark.parametrize(
    "text",
    [
        b"Bearer s3cret",
        b"Authorization:",
        b": s3cret",
        b"a b: s3cret",
        b"Authorization: s3cret\x1b[31m",
        b"Authorization: s3cret\xe9",
        b"Host: s3cret",
        b"Content-Type: s3cret",
    ],
)
def test_what_is_no_header_is_told_by_its_line_and_not_quoted(file: Path, text: bytes) -> None:
    file.write_bytes(b"ok: 1\n" + text + b"\n")
    with pytest.raises(ValueError, match=rf"^line 2 of {file} must be a header") as refused:
        headers_in(file)
    assert "s3cret" not in str(refused.value)


def test_a_file_that_is_too_long_is_refused(file: Path) -> None:
    file.write_bytes(b"a: " + b"x" * LONGEST)
    with pytest.raises(ValueError, match=f"has more than {LONGEST} bytes"):
        headers_in(file)


@pytest.mark.parametrize("mode", [0o604, 0o644, 0o602])
def test_a_file_that_others_can_read_is_refused(file: Path, mode: int) -> None:
    file.chmod(mode)
    with pytest.raises(ValueError, match=f"others can read {file}"):
        headers_in(file)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="cannot be read: no such file or directory"):
        headers_in(tmp_path / "none")
