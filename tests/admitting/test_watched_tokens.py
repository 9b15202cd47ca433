"""The tokens of a file: read again when it was changed, and none where it cannot be used."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from logagent.admitting.watched_tokens import HALF_WRITTEN, WatchedTokens
from logagent.core.access.token_entries import to_document
from logagent.core.access.tokens import NoTokensKnown, TokenEntry
from logagent.token_file import change
from logagent.watched_file import LOOK

ONE, TWO = TokenEntry("web-ci", "ab" * 32, ("build",)), TokenEntry("alice", "cd" * 32, ("web",))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "tokens"
    change(path, lambda _: (ONE,))
    return path


def put(path: Path, text: str) -> None:
    path.write_text(text)


def change_to(path: Path, entry: TokenEntry) -> None:
    path.write_text(to_document([entry]))


def remove(path: Path) -> None:
    path.unlink()


def allow(path: Path, mode: int) -> None:
    path.chmod(mode)


def names(of: WatchedTokens) -> list[str]:
    return [entry.name for entry in of.current()]


async def test_a_change_counts_within_a_second(autojump_clock: MockClock, file: Path) -> None:
    tokens = WatchedTokens(file)
    assert names(tokens) == ["web-ci"]
    change(file, lambda entries: (*entries, TWO))
    await trio.sleep(LOOK)
    assert names(tokens) == ["web-ci", "alice"]
    change(file, lambda _: ())
    await trio.sleep(LOOK)
    assert names(tokens) == []


async def test_a_file_that_could_not_be_opened_for_a_moment_is_read_again(
    autojump_clock: MockClock, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens = WatchedTokens(file)
    change(file, lambda entries: (*entries, TWO))

    def none_left(*args: object, **kwargs: object) -> int:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(os, "open", none_left)
    await trio.sleep(LOOK)
    assert names(tokens) == ["web-ci"]
    monkeypatch.undo()
    await trio.sleep(LOOK)
    assert names(tokens) == ["web-ci", "alice"]


async def test_of_a_file_that_is_not_there_the_log_is_told_once(
    autojump_clock: MockClock, file: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    names(WatchedTokens(tmp_path / "mistyped"))
    tokens = WatchedTokens(file)
    for act in (lambda: None, file.unlink, lambda: None, lambda: change(file, lambda _: (ONE,)), file.unlink):
        act()
        await trio.sleep(2.0)
        names(tokens)
    absent = " is not there: until `logagent token new` makes it, no token is taken"
    told = [record.getMessage() for record in caplog.records]
    assert told == [f"tokens: {path}{absent}" for path in (tmp_path / "mistyped", file, file)]


async def test_a_file_that_is_not_there_holds_no_tokens(autojump_clock: MockClock, tmp_path: Path) -> None:
    tokens = WatchedTokens(tmp_path / "tokens")
    assert names(tokens) == []
    change(tmp_path / "tokens", lambda _: (ONE,))
    await trio.sleep(LOOK)
    assert names(tokens) == ["web-ci"]
    remove(tmp_path / "tokens")
    await trio.sleep(LOOK)
    assert names(tokens) == []


async def test_a_half_written_file_locks_nobody_out_and_revives_nobody(
    autojump_clock: MockClock, file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    tokens = WatchedTokens(file)
    whole = to_document([ONE])
    with caplog.at_level(logging.WARNING):
        put(file, whole[:40])
        await trio.sleep(LOOK)
        assert names(tokens) == ["web-ci"]
        put(file, whole)
        await trio.sleep(LOOK)
        assert names(tokens) == ["web-ci"]
        put(file, whole[:40])
        await trio.sleep(LOOK)
        assert names(tokens) == ["web-ci"]
        for _ in range(20):
            await trio.sleep(HALF_WRITTEN)
            with pytest.raises(NoTokensKnown, match="is not JSON"):
                tokens.current()
    assert [("is not JSON" in said, "can be used again" in said) for said in caplog.messages] == [
        (True, False),
        (False, True),
        (True, False),
    ]


async def test_a_file_that_is_broken_at_the_start_holds_no_tokens(autojump_clock: MockClock, file: Path) -> None:
    put(file, "{")
    tokens = WatchedTokens(file)
    with pytest.raises(NoTokensKnown):
        tokens.current()


async def test_a_file_that_others_can_write_counts_for_nothing_at_once(autojump_clock: MockClock, file: Path) -> None:
    tokens = WatchedTokens(file)
    for mode in (0o660, 0o606):
        allow(file, mode)
        await trio.sleep(LOOK)
        with pytest.raises(NoTokensKnown, match=r"others can write .*chmod go-w"):
            tokens.current()
        allow(file, 0o640)
        await trio.sleep(LOOK)
        assert names(tokens) == ["web-ci"]
    allow(file.parent, 0o777)
    allow(file, 0o600)
    await trio.sleep(LOOK)
    with pytest.raises(NoTokensKnown, match=r"others can write .*chmod o-w"):
        tokens.current()


@pytest.mark.skipif(os.geteuid() != 0, reason="gives a file to another user")
async def test_a_file_of_another_user_counts_for_nothing(autojump_clock: MockClock, file: Path) -> None:
    os.chown(file, 4711, -1)
    with pytest.raises(NoTokensKnown, match="must belong to root or to the agent's user"):
        WatchedTokens(file).current()
