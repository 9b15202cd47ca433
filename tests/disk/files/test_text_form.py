"""Where a text begins, and in which encoding it is."""

from __future__ import annotations

import io
import os
import random
import tarfile
from pathlib import Path

import pytest

from logagent.disk.files.text_form import FORM_BYTES, aligned, binary_form, encoding_of, nuls_before, without_lead
from testbed.reading import file_of

LINES = "2026-11-28 10:00:00 Verbindung abgelehnt: Müller 日本\r\n" * 20


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_an_encoding_is_told_by_its_mark_or_by_its_nuls(encoding: str, mark: str) -> None:
    for size in range(40, 60):
        assert encoding_of((mark + LINES).encode(encoding)[:size]) == encoding


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"\0",
        LINES.encode(),
        LINES.encode("latin-1", "replace"),
        b"a\0b\0",
        b"one \0 in a line of text\n",
        bytes(1024),
    ],
)
def test_other_bytes_are_in_no_such_encoding(head: bytes) -> None:
    assert encoding_of(head[:FORM_BYTES]) is None


def test_a_program_is_in_no_such_encoding_and_no_text() -> None:
    head = Path(os.path.realpath("/proc/self/exe")).read_bytes()[:FORM_BYTES]
    assert encoding_of(head) is None
    assert binary_form(head) == "is a program"


def test_random_bytes_are_no_text() -> None:
    for seed in range(100):
        assert binary_form(random.Random(seed).randbytes(FORM_BYTES)) == "is no text"


@pytest.mark.parametrize(
    "head",
    [
        LINES.encode(),
        LINES.encode("latin-1", "replace"),
        b"\x1b[31m" + LINES.encode(),
        b"one \0 in a line\n",
        b"8=FIX.4.2\x019=65\x0135=A\x0149=SERVER\x0156=CLIENT\x0134=177\x01\n",
        b"\x1e{}\n\x1e{}\n",
        b"50%\b\b\b51%\b\b\b52%\a\n",
        b"",
    ],
)
def test_text_is_text_whatever_separates_its_fields(head: bytes) -> None:
    assert binary_form(head[:FORM_BYTES]) is None


def test_known_binaries_are_named() -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("app.log"))
    assert binary_form(packed.getvalue()[:FORM_BYTES]) == "is a tar archive"
    assert binary_form(b"SQLite format 3\0") == "is an SQLite database"
    assert binary_form(b"LPKSHHRH" + bytes(100)) == "is a file of the systemd journal"


@pytest.mark.parametrize("nuls", [0, 1, 1023, 1024, 1025, 3_000_000])
def test_nuls_at_the_head_are_counted(nuls: int) -> None:
    with file_of(bytes(nuls) + b"text\0\n") as descriptor:
        assert nuls_before(descriptor, nuls + 6) == nuls
        assert nuls_before(descriptor, nuls) == nuls
        assert nuls - 4 < aligned(nuls) <= nuls


def test_a_hole_is_not_read(tmp_path: Path) -> None:
    path, size = tmp_path / "app.log", 1 << 40
    with path.open("wb") as file:
        file.seek(size)
        file.write(b"text\n")
    sizes: list[int] = []

    def counted(descriptor: int, size: int, offset: int) -> bytes:
        sizes.append(size)
        return os.pread(descriptor, size, offset)

    with path.open("rb") as file:
        assert nuls_before(file.fileno(), size + 5, counted) == size
    assert sum(sizes) < 10_000_000


def test_nuls_and_a_mark_are_no_part_of_the_first_line() -> None:
    assert without_lead(b"\0\0\xef\xbb\xbftext") == b"text"
