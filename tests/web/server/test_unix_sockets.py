"""Sockets in the file system: who may connect, what they replace, and what is left of them."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import stat
from pathlib import Path

import pytest

from logagent.web.server import unix_sockets
from logagent.web.server.listening import listen_unix

SOMEBODYS_GROUP = 12345
MODE = 0o660


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Of a socket in the directory where the test runs: those of the tests may be too long for one."""
    monkeypatch.chdir(tmp_path)
    return Path("agent.sock")


def connect(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))


def test_its_url_names_its_path(path: Path) -> None:
    listener = listen_unix(path, MODE, None)
    assert listener.address == "unix:agent.sock"
    connect(path)
    listener.close()
    assert not path.exists()


@pytest.mark.parametrize("mode", [0o600, 0o660, 0o666])
def test_its_mode_is_the_one_that_was_asked_for_whatever_the_mask_is(path: Path, mode: int) -> None:
    mask = os.umask(0o077)
    try:
        listener = listen_unix(path, mode, None)
        assert os.umask(0o077) == 0o077
    finally:
        os.umask(mask)
    assert stat.S_IMODE(path.stat().st_mode) == mode
    listener.close()


def test_nobody_can_connect_before_it_listens(path: Path) -> None:
    bound, file = unix_sockets.bind(path, 0o666, None)
    with bound, pytest.raises(ConnectionRefusedError):
        connect(path)
    file.remove()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a file to any group")
def test_its_group_is_the_one_that_was_asked_for(path: Path) -> None:
    listener = listen_unix(path, MODE, SOMEBODYS_GROUP)
    assert path.stat().st_gid == SOMEBODYS_GROUP
    listener.close()


def test_a_group_that_the_agent_is_not_in_is_told_and_leaves_nothing(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbid(*_: object, **__: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "chown", forbid)
    with pytest.raises(OSError, match="its group cannot be 12345"):
        listen_unix(path, MODE, SOMEBODYS_GROUP)
    assert not path.exists()


def test_one_on_which_nobody_listens_any_more_is_replaced(path: Path) -> None:
    listen_unix(path, MODE, None).socket.close()
    listener = listen_unix(path, MODE, None)
    connect(path)
    listener.close()


def test_one_on_which_somebody_listens_is_left_alone(path: Path) -> None:
    listener = listen_unix(path, MODE, None)
    with pytest.raises(OSError, match="another program listens there already") as told:
        listen_unix(path, MODE, None)
    assert told.value.errno == errno.EADDRINUSE
    assert "cannot listen on unix:agent.sock: " in str(told.value)
    connect(path)
    listener.close()


def test_one_whose_program_accepts_nobody_at_the_moment_is_left_alone(path: Path) -> None:
    bound, file = unix_sockets.bind(path, MODE, None)
    with bound, socket.socket(socket.AF_UNIX) as first:
        bound.listen(0)
        first.connect(str(path))
        with pytest.raises(OSError, match="another program listens there already"):
            listen_unix(path, MODE, None)
    file.remove()


@pytest.mark.parametrize("make", [Path.touch, Path.mkdir, lambda path: path.symlink_to("/dev/null"), os.mkfifo])
def test_what_is_no_socket_is_never_replaced(path: Path, make: object) -> None:
    make(path)  # type: ignore[operator]  # four ways to make a file
    with pytest.raises(OSError, match="a file that is no socket is there"):
        listen_unix(path, MODE, None)
    assert path.is_symlink() or path.exists()


def test_a_directory_that_is_not_there_is_told(path: Path) -> None:
    with pytest.raises(OSError, match="there is no directory no/such; make it first"):
        listen_unix(Path("no/such/agent.sock"), MODE, None)


def test_a_directory_that_is_a_file_is_told(path: Path) -> None:
    path.touch()
    with pytest.raises(OSError, match=r"there is no directory .*; make it first"):
        listen_unix(path / "agent.sock", MODE, None)


def test_a_directory_that_another_program_locks_is_told(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unix_sockets, "LOCK_PAUSE", 0)
    directory = os.open(".", os.O_RDONLY)
    fcntl.flock(directory, fcntl.LOCK_EX)
    with pytest.raises(OSError, match="another program holds a lock"):
        listen_unix(path, MODE, None)
    os.close(directory)
    listen_unix(path, MODE, None).close()


def test_at_its_end_it_removes_its_own_file_and_no_other(path: Path) -> None:
    first = listen_unix(path, MODE, None)
    first.socket.close()
    second = listen_unix(path, MODE, None)
    first.close()
    connect(path)
    second.close()
    second.close()
    assert not path.exists()
