"""The files of a certificate and its key: whole or not at all, never replaced unasked, keys for their owner."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from logagent.authority.certificate_files import Taken, write_pair


def write(directory: Path, content: bytes = b"new", *, overwrite: bool = False) -> list[Path]:
    return write_pair(directory, "web-1", content + b" certificate", content + b" key", overwrite=overwrite)


def contents(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir()}


WRITTEN = {"web-1.pem": b"new certificate", "web-1-key.pem": b"new key"}


@pytest.fixture
def no_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def test_both_files_are_written_and_nothing_else(tmp_path: Path) -> None:
    assert write(tmp_path / "new" / "certs") == [
        tmp_path / "new" / "certs" / "web-1.pem",
        tmp_path / "new" / "certs" / "web-1-key.pem",
    ]
    assert contents(tmp_path / "new" / "certs") == WRITTEN


@pytest.mark.usefixtures("no_umask")
def test_key_and_directory_are_for_their_owner_only_and_the_certificate_for_all(tmp_path: Path) -> None:
    write(tmp_path / "certs")
    made = (tmp_path / "certs", tmp_path / "certs" / "web-1.pem", tmp_path / "certs" / "web-1-key.pem")
    assert [stat.S_IMODE(path.stat().st_mode) for path in made] == [0o700, 0o644, 0o600]


@pytest.mark.usefixtures("no_umask")
def test_files_are_made_for_their_owner_only_from_the_first_byte(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    created: list[int] = []
    real_open = os.open

    def watching_open(path: str | Path, flags: int, mode: int = 0o777) -> int:
        descriptor = real_open(path, flags, mode)
        if flags & os.O_CREAT:
            assert flags & os.O_EXCL
            created.append(stat.S_IMODE(os.fstat(descriptor).st_mode))
        return descriptor

    monkeypatch.setattr(os, "open", watching_open)
    write(tmp_path)
    assert created == [0o600, 0o600]


@pytest.mark.parametrize("there", ["web-1.pem", "web-1-key.pem"])
def test_file_that_is_there_is_not_replaced(tmp_path: Path, there: str) -> None:
    (tmp_path / there).write_bytes(b"old")
    with pytest.raises(Taken) as taken:
        write(tmp_path)
    assert taken.value.path == tmp_path / there
    assert contents(tmp_path) == {there: b"old"}


def test_link_that_leads_nowhere_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "web-1-key.pem").symlink_to("nowhere")
    with pytest.raises(Taken):
        write(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["web-1-key.pem"]


def test_files_that_are_there_are_replaced_when_asked_to(tmp_path: Path) -> None:
    write(tmp_path, b"old")
    write(tmp_path, overwrite=True)
    assert contents(tmp_path) == WRITTEN


@pytest.mark.parametrize("taken", ["web-1.pem", "web-1-key.pem"])
def test_name_taken_between_look_and_write_is_not_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, taken: str
) -> None:
    write_to_disk = os.fsync

    def somebody_else_writes(descriptor: int) -> None:
        (tmp_path / taken).write_bytes(b"another's")
        write_to_disk(descriptor)

    monkeypatch.setattr(os, "fsync", somebody_else_writes)
    with pytest.raises(FileExistsError):
        write(tmp_path)
    assert (tmp_path / taken).read_bytes() == b"another's"


@pytest.mark.parametrize("overwrite", [False, True])
def test_full_disk_leaves_what_was_there_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, overwrite: bool
) -> None:
    if overwrite:
        write(tmp_path, b"old")
    before = contents(tmp_path)

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write(tmp_path, overwrite=overwrite)
    assert contents(tmp_path) == before
