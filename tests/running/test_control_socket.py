"""`logagent reload` over its socket: who may, what it prints, and agents without a socket."""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import trio

from logagent.config import control
from logagent.running.control_socket import listening_for_orders
from logagent.terminal import reload
from testbed.console import Console

pytestmark = pytest.mark.real
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may become another user")


@pytest.fixture(autouse=True)
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where sockets lie; nothing of the machine that runs the tests is looked at."""
    monkeypatch.setattr(control, "SYSTEM", tmp_path / "run")
    return tmp_path / "run"


async def ordered(path: Path, order: bytes) -> Any:
    async with await trio.open_unix_socket(str(path)) as stream:
        await stream.send_all(order)
        return json.loads(b"".join([piece async for piece in stream]))


def answering(answer: dict[str, Any]) -> Callable[[], Awaitable[dict[str, Any]]]:
    async def act() -> dict[str, Any]:
        return answer

    return act


async def test_an_order_is_taken_and_others_are_not(directory: Path) -> None:
    path = directory / "web-1.control"
    directory.parent.chmod(0o755)
    async with listening_for_orders([path], answering({"told": ["nothing has changed"]})):
        assert path.stat().st_mode & 0o777 == 0o600
        assert await ordered(path, b"reload\n") == {"told": ["nothing has changed"]}
        assert "error" in await ordered(path, b"stop\n")
        assert "error" in await ordered(path, b"x" * 1000)
    assert not path.exists()


@needs_root
async def test_other_users_may_order_nothing(directory: Path, tmp_path_of_all: Path) -> None:
    path = tmp_path_of_all / "a.control"
    async with listening_for_orders([path], answering({"told": []})):
        path.chmod(0o666)
        os.seteuid(4711)
        try:
            assert "only root" in (await ordered(path, b""))["error"]
        finally:
            os.seteuid(0)


async def test_an_agent_without_room_for_its_socket_works_all_the_same(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    async with listening_for_orders([tmp_path / "file" / "x", tmp_path / "no" / "such" / "y"], answering({})) as path:
        assert path is None
    assert "SIGHUP does" in caplog.text
    assert "; the setting control names another path" in caplog.text


async def test_the_socket_of_a_dead_agent_is_replaced_and_that_of_another_is_not(tmp_path: Path) -> None:
    path = tmp_path / "web-1.control"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    async with listening_for_orders([path], answering({"told": ["first"]})):
        async with listening_for_orders([path], answering({"told": ["second"]})) as second:
            assert second is None
        assert await ordered(path, b"reload\n") == {"told": ["first"]}


@contextmanager
def agent(path: Path, answer: dict[str, Any]) -> Iterator[None]:
    """A socket that gives one answer to everybody."""
    path.parent.mkdir(exist_ok=True)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()

        def serve() -> None:
            while True:
                try:
                    connected, _ = listening.accept()
                except OSError:
                    return
                with connected:
                    if connected.recv(100):
                        connected.sendall(json.dumps(answer).encode())

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join()
            path.unlink()


@pytest.mark.parametrize(
    ("answer", "code", "stdout", "stderr"),
    [
        ({"told": ["changed: root", "rules: 3"]}, 0, "changed: root\nrules: 3\n", ""),
        ({"told": ["takes a restart: name"], "restart": ["name"]}, 3, "takes a restart: name\n", ""),
        ({"error": "a.toml: rot: unknown"}, 2, "", "logagent: nothing is changed: a.toml: rot: unknown\n"),
    ],
)
def test_the_command_prints_what_has_changed(
    console: Console, directory: Path, answer: dict[str, Any], code: int, stdout: str, stderr: str
) -> None:
    with agent(directory / "web-1-8000.control", answer):
        assert console.run("reload") == code
    assert (console.data, console.talk) == (stdout, stderr)


def test_where_no_agent_runs_it_says_what_else_can_be_done(console: Console, directory: Path) -> None:
    directory.mkdir()
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(directory / "web-1.control"))
    assert console.run("reload") == 2
    assert reload.NOBODY in console.talk
    assert console.run("reload", "--control", str(directory / "web-1.control")) == 2
    assert "kill -HUP" in console.talk


def test_of_several_agents_that_of_the_settings_is_meant(console: Console, directory: Path) -> None:
    with agent(directory / "a-8000.control", {"told": ["a"]}), agent(directory / "b-8001.control", {"told": ["b"]}):
        settings = {"LOGAGENT_NAME": "b", "LOGAGENT_LISTEN": "127.0.0.1:8001"}
        assert console.run("reload", environ=settings) == 0
        assert console.data == "b\n"
        assert console.run("reload", environ=settings | {"LOGAGENT_NAME": "c"}) == 2
        assert "a-8000.control" in console.talk
        assert "settings do not tell" not in console.talk
        assert console.run("reload", environ={"LOGAGENT_CONFIG": "/no/such.toml"}) == 2
        assert "; settings do not tell: /no/such.toml: cannot be read" in console.talk
