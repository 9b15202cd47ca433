"""The file of tokens: not trusted where others could have written it, changed whole or not at all."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from logagent.config import accounts
from logagent.core.access.tokens import TokenEntry
from logagent.token_file import LARGEST, TokensFault, change, names_and_groups, read

ONE, TWO = TokenEntry("web-ci", "ab" * 32, ("build",)), TokenEntry("alice", "cd" * 32, ("web",))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "tokens"
    change(path, lambda _: (ONE,))
    return path


def test_a_directory_where_everybody_may_write_but_nobody_replace_is_good_enough(file: Path) -> None:
    file.parent.chmod(0o1777)
    assert read(file) == (ONE,)


def no_file(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (no_file, "is no file"),
        (lambda path: path.write_bytes(b"\xff"), "is not UTF-8"),
        (lambda path: path.write_bytes(b" " * (LARGEST + 1)), "more than"),
        (lambda path: (path.unlink(), path.mkdir()), "is no file|is a directory"),
    ],
)
def test_what_is_no_file_of_tokens_is_refused(file: Path, spoil: Callable[[Path], object], said: str) -> None:
    spoil(file)
    with pytest.raises(TokensFault, match=said):
        read(file)


def test_a_changed_file_keeps_its_mode_and_holds_no_copy_beside_it(file: Path) -> None:
    file.chmod(0o644)
    change(file, lambda entries: (*entries, TWO))
    assert stat.S_IMODE(file.stat().st_mode) == 0o644
    assert [path.name for path in file.parent.iterdir()] == ["tokens"]


def test_a_new_file_is_for_its_owner(tmp_path: Path) -> None:
    change(tmp_path / "etc" / "tokens", lambda _: (ONE,))
    assert stat.S_IMODE((tmp_path / "etc" / "tokens").stat().st_mode) == 0o600


@pytest.mark.skipif(os.geteuid() != 0, reason="gives a directory to another group")
def test_a_new_file_is_for_the_group_of_its_directory(tmp_path: Path) -> None:
    os.chown(tmp_path, 0, 4711)
    change(tmp_path / "tokens", lambda _: (ONE,))
    status = (tmp_path / "tokens").stat()
    assert (stat.S_IMODE(status.st_mode), status.st_gid) == (0o640, 4711)
    os.chown(tmp_path / "tokens", 4712, 4713)
    change(tmp_path / "tokens", lambda _: (TWO,))
    status = (tmp_path / "tokens").stat()
    assert (status.st_uid, status.st_gid) == (4712, 4713)


@pytest.mark.skipif(os.geteuid() != 0, reason="acts as root does")
def test_a_new_file_of_root_is_for_the_group_of_agents(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, mode, group in (("daemon", 0o640, 1), ("no-such-group", 0o600, 0)):
        monkeypatch.setattr(accounts, "AGENT", name)
        change(tmp_path / name, lambda _: (ONE,))
        status = (tmp_path / name).stat()
        assert (stat.S_IMODE(status.st_mode), status.st_gid) == (mode, group)


def test_a_link_stays_one(file: Path, tmp_path: Path) -> None:
    link = tmp_path / "elsewhere"
    link.symlink_to(file)
    change(link, lambda entries: (*entries, TWO))
    assert link.is_symlink()
    assert read(file) == (ONE, TWO)


def test_a_change_that_fails_changes_nothing(file: Path) -> None:
    def fails(entries: tuple[TokenEntry, ...]) -> tuple[TokenEntry, ...]:
        raise LookupError

    with pytest.raises(LookupError):
        change(file, fails)
    assert read(file) == (ONE,)
    file.write_text("{")
    with pytest.raises(TokensFault, match="is not JSON"):
        change(file, lambda entries: entries)
    assert file.read_text() == "{"


def test_no_more_tokens_are_written_than_are_read(file: Path) -> None:
    many = tuple(TokenEntry(f"name-{place}", f"{place:064x}") for place in range(5000))
    with pytest.raises(TokensFault, match=r"would have more than .* take out tokens that nobody uses"):
        change(file, lambda _: many)
    assert read(file) == (ONE,)


def test_names_and_groups_are_those_of_valid_tokens(file: Path) -> None:
    more = TokenEntry("web-ci", "ef" * 32, ("deploy",)), TokenEntry("gone", "01" * 32, ("x",), expires=1)
    change(file, lambda entries: (*entries, TWO, *more))
    assert names_and_groups(file) == {"web-ci": {"build", "deploy"}, "alice": {"web"}}
