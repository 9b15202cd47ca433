"""The program: its streams and exit codes, in memory and as processes."""

from __future__ import annotations

import errno
import io
import json
import os
import re
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import pytest

from logagent import __version__, cli
from logagent.authority.certs import host
from logagent.config import loading
from logagent.config.errors import ConfigError
from logagent.config.settings import Settings
from logagent.terminal.streams import Streams
from logagent.terminal.verdicts import FAILED, FOUND, NOTHING
from testbed.console import Console


@pytest.mark.parametrize("argv", [[], ["nothing"], ["query"], ["query", "f", "--nothing"], ["certs"], ["serve", "x"]])
def test_wrong_usage_is_told_on_standard_error(console: Console, argv: list[str]) -> None:
    assert console.run(*argv) == FAILED
    assert console.talk.startswith("logagent")
    assert console.talk.count("\n") == 2
    assert console.data == ""


@pytest.mark.parametrize("argv", [["--help"], ["query", "--help"], ["serve", "--help"], ["certs", "init", "--help"]])
def test_help_that_was_asked_for_is_data(console: Console, argv: list[str]) -> None:
    assert console.run(*argv) == FOUND
    assert console.data.startswith("usage: logagent")
    assert console.talk == ""


def test_unusable_setting_ends_serve_before_it_begins(console: Console) -> None:
    assert console.run("serve", "--listen", "0.0.0.0:0", "--root", "/") == FAILED
    assert console.talk.startswith("logagent: --listen: http://0.0.0.0:0 would be cleartext")


def test_file_of_settings_may_be_named_in_the_environment(console: Console) -> None:
    assert console.run("serve", "--listen", "0.0.0.0:0", environ={"LOGAGENT_CONFIG": "/no/such.toml"}) == FAILED
    assert console.talk.startswith("logagent: /no/such.toml: cannot be read: ")


@pytest.mark.parametrize(
    ("error", "talk"),
    [
        (ConfigError("--root", "is wrong"), "--root: is wrong"),
        (OSError(13, "Permission denied", "/var/log"), "/var/log: Permission denied"),
        (OSError("cannot go on"), "cannot go on"),
        (ExceptionGroup("", [ExceptionGroup("", [ConfigError("TZ", "is wrong")])]), "TZ: is wrong"),
    ],
)
def test_expected_failure_is_one_line(
    console: Console, monkeypatch: pytest.MonkeyPatch, error: Exception, talk: str
) -> None:
    monkeypatch.setattr(loading, "load", failing(error))
    assert console.run("serve") == FAILED
    assert console.talk == f"logagent: {talk}\n"


@pytest.mark.parametrize("error", [ZeroDivisionError(), ExceptionGroup("", [ConfigError("a", "b"), KeyError("c")])])
def test_bug_shows_its_traceback_and_does_not_pass_for_nothing_found(
    console: Console, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setattr(loading, "load", failing(error))
    assert console.run("serve") == FAILED
    assert "Traceback (most recent call last)" in console.talk
    assert type(error).__name__ in console.talk


class Full:
    """A standard output on a disk without room."""

    def write(self, data: bytes | memoryview, /) -> int | None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def fileno(self) -> int:
        return -1

    def isatty(self) -> bool:
        return False


class FullText(io.StringIO):
    """A standard error on a disk without room."""

    def write(self, text: str, /) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("argv", [["--help"], ["--version"], ["formats", __file__], ["certs", "init"]])
def test_standard_output_without_room_is_told_in_one_line(tmp_path: Path, argv: list[str]) -> None:
    talk = io.StringIO()
    directory = [str(tmp_path)] if argv[0] == "certs" else []
    assert cli.run([*argv, *directory], {}, Streams(Full(), talk)) == FAILED
    assert talk.getvalue() == "logagent: standard output: No space left on device\n"


def test_bug_is_no_traceback_of_python_although_standard_error_has_no_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "load", failing(ZeroDivisionError()))
    assert cli.run(["serve"], {}, Streams(Full(), FullText())) == FAILED


def failing(error: Exception) -> Callable[..., Settings]:
    def load(*_: object, **__: object) -> Settings:
        raise error

    return load


def test_certs_print_the_files_they_made(console: Console, tmp_path: Path) -> None:
    assert console.run("certs", "init", str(tmp_path)) == FOUND
    assert console.run("certs", "host", "web-1", str(tmp_path), "--address", "10.0.0.2") == FOUND
    made = ("ca.pem", "ca-key.pem", "web-1.pem", "web-1-key.pem")
    assert sorted(console.data.splitlines()) == sorted(str(tmp_path / name) for name in made)


def test_certificate_of_a_host_is_replaced_only_when_told_to(console: Console, tmp_path: Path) -> None:
    host = ("certs", "host", "web-1", str(tmp_path))
    console.run("certs", "init", str(tmp_path))
    assert [console.run(*host), console.run(*host), console.run(*host, "--overwrite")] == [FOUND, FAILED, FOUND]


def test_certs_say_what_hinders_them(console: Console, tmp_path: Path) -> None:
    assert console.run("certs", "host", "web-1", str(tmp_path)) == FAILED
    assert console.talk.startswith("logagent: certs host: ")
    assert console.talk.count("\n") == 1


# For real


class Serving:
    """An agent as a process of its own."""

    def __init__(self, root: Path, listen: str, *argv: str, stderr: IO[bytes] | None = None) -> None:
        self.root = root
        self.process = subprocess.Popen(
            [*PROGRAM, "serve", "--name", "web-1", "--listen", listen, "--root", str(root), "--graceful", "1s", *argv],
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            env=ENVIRON,
        )
        assert self.process.stdout is not None
        self.ready = self.process.stdout.readline()
        found = re.search(r"https?://\S+$", self.ready)
        assert found, self.ready
        self.url = found[0]

    def end(self) -> int:
        self.process.terminate()
        try:
            return self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        finally:
            if self.process.stdout is not None:
                self.process.stdout.close()

    def ask(self, *argv: str) -> subprocess.CompletedProcess[bytes]:
        return program("query", "--agent", self.url, *argv)


PROGRAM = (sys.executable, "-m", "logagent")
ENVIRON = {name: value for name, value in os.environ.items() if not name.startswith("LOGAGENT_")}


def program(*argv: str, **environ: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([*PROGRAM, *argv], capture_output=True, check=False, timeout=60, env=ENVIRON | environ)


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    root = tmp_path_factory.mktemp("log")
    (root / "app.log").write_bytes(b"".join(b"2026-11-23T10:11:12Z line %d\n" % number for number in range(200_000)))
    (root / "raw.log").write_bytes(b"\x1b[31mred\x00\xff\n")
    agent = Serving(root, "127.0.0.1:0")
    yield agent
    assert agent.end() == 0


@pytest.mark.real
def test_real_agent_says_in_one_line_where_it_serves(serving: Serving) -> None:
    assert serving.ready == f"logagent: web-1 serves {serving.root} on {serving.url}\n"


@pytest.mark.real
def test_real_agent_serves_without_room_for_that_line_and_outlives_its_terminal(tmp_path: Path) -> None:
    command = [*PROGRAM, "serve", "--listen", "127.0.0.1:0", "--root", str(tmp_path)]
    with Path("/dev/full").open("wb") as full, subprocess.Popen(command, stdout=full, stderr=subprocess.PIPE) as agent:
        assert agent.stderr is not None
        assert agent.stderr.readline() == b"logagent: standard output: No space left on device\n"
        agent.send_signal(signal.SIGHUP)
        assert agent.stderr.readline() == b"reloaded: nothing has changed\n"
        agent.terminate()
        assert agent.wait(20) == 0


@pytest.mark.real
def test_real_query_prints_the_newest_lines(serving: Serving) -> None:
    asked = serving.ask("app.log", "line", "-n", "2", "--prefix", "never")
    assert (asked.returncode, asked.stderr) == (0, b"")
    assert asked.stdout == b"2026-11-23T10:11:12Z line 199999\n2026-11-23T10:11:12Z line 199998\n"


@pytest.mark.real
@pytest.mark.parametrize("file", ["./app.log", "nosuch/../app.log"])
def test_real_path_as_typed_is_understood(serving: Serving, file: str) -> None:
    asked = serving.ask(file, "-1", "--prefix", "never")
    assert (asked.returncode, asked.stdout.count(b"\n"), asked.stderr) == (0, 1, b"")


@pytest.mark.real
def test_real_words_that_the_shell_made_are_told(
    serving: Serving, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(serving.root)
    assert console.run("query", "app.log", "raw.log", "line", "--agent", serving.url) == NOTHING
    assert "the shell has expanded a glob" in console.talk


@pytest.mark.real
def test_real_query_into_a_pipe_gives_the_bytes_of_the_line(serving: Serving) -> None:
    assert serving.ask("raw.log", "--host", "web-1").stdout == b"\x1b[31mred\x00\xff\n"


@pytest.mark.real
@pytest.mark.parametrize(
    ("argv", "code", "talk"),
    [
        (["app.log", "no such line"], 1, b""),
        (["none.log"], 2, b"NOT_FOUND"),
        (["app.log", "--host", "web-9"], 2, b"no host named web-9"),
        (["app.log", "--max-bytes", "100"], 3, b"RESOURCE_EXHAUSTED"),
    ],
)
def test_real_exit_code_is_the_verdict(serving: Serving, argv: Sequence[str], code: int, talk: bytes) -> None:
    asked = serving.ask(*argv)
    assert (asked.returncode, talk in asked.stderr) == (code, True)


@pytest.mark.real
@pytest.mark.parametrize(
    ("argv", "code", "data", "talk"),
    [
        (["app.log", "--step", "1d"], 0, "2026-11-23 █.* 200000\nby 1d, in UTC: web-1 200000\n", ""),
        (["app.log", "line 19999", "-o", "json"], 0, '.*"count": 11}.*\n', ""),
        (["app.log", "no such line"], 1, "", ""),
        (["none.log"], 2, "", "(?s)logagent: .*NOT_FOUND.*\n"),
    ],
)
def test_real_hits_are_counted_and_the_exit_code_is_the_verdict(
    serving: Serving, argv: Sequence[str], code: int, data: str, talk: str
) -> None:
    asked = program("hits", "--agent", serving.url, *argv, TZ="UTC")
    assert asked.returncode == code
    assert re.fullmatch(data, asked.stdout.decode())
    assert re.fullmatch(talk, asked.stderr.decode())


@pytest.mark.real
def test_real_agent_that_is_not_there_fails() -> None:
    asked = program("query", "--agent", "http://127.0.0.1:1", "app.log")
    assert (asked.returncode, asked.stdout) == (2, b"")
    assert asked.stderr.startswith(b"logagent: no answer: http://127.0.0.1:1: cannot connect")


def start_query(serving: Serving) -> tuple[subprocess.Popen[bytes], IO[bytes], IO[bytes]]:
    query = subprocess.Popen(
        [*PROGRAM, "query", "--agent", serving.url, "app.log"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert query.stdout is not None
    assert query.stderr is not None
    return query, query.stdout, query.stderr


@pytest.mark.real
def test_real_query_ends_quietly_when_its_reader_does(serving: Serving) -> None:
    query, stdout, stderr = start_query(serving)
    stdout.readline()
    stdout.close()
    assert (query.wait(30), stderr.read()) == (141, b"")
    stderr.close()


@pytest.mark.real
def test_real_query_ends_quietly_on_interrupt_while_nobody_reads(serving: Serving) -> None:
    query, stdout, stderr = start_query(serving)
    assert select.select([stdout], [], [], 30)[0]  # lines have come, more than a pipe holds
    query.send_signal(signal.SIGINT)
    assert (query.wait(30), stderr.read()) == (130, b"")
    stdout.close()
    stderr.close()


@pytest.mark.real
def test_real_host_that_is_down_makes_the_answer_partial_and_is_named(tmp_path: Path) -> None:
    (tmp_path / "app.log").write_text("2026-11-28T10:00:00Z one\n")
    agent = Serving(tmp_path, "127.0.0.1:0", "--peer", "db-2=http://127.0.0.1:1")
    asked, hosts = agent.ask("app.log"), program("hosts", "--agent", agent.url)
    assert agent.end() == 0
    assert (asked.returncode, asked.stdout) == (3, b"web-1 app.log: 2026-11-28T10:00:00Z one\n")
    talk = asked.stderr.decode().splitlines()
    assert re.fullmatch(r"logagent: db-2: cannot connect.* \(UNAVAILABLE\)", talk[0])
    assert re.fullmatch(r"logagent: partial answer: 1 of 2 hosts failed \(trace [0-9a-f]{32}\)", talk[1])
    assert talk[2:] == []
    assert (hosts.returncode, hosts.stdout.count(b"\n")) == (3, 3)


def log(tmp_path: Path) -> str:
    return (tmp_path / "talk").read_text()


@pytest.mark.real
def test_real_agent_that_speaks_tls_answers_whom_its_authority_knows(console: Console, tmp_path: Path) -> None:
    certs, root = str(tmp_path / "certs"), tmp_path / "log"
    root.mkdir()
    (root / "app.log").write_text("one\n")
    console.run("certs", "init", certs)
    console.run("certs", "host", "admin", certs)
    host("web-1", Path(certs), addresses=["127.0.0.1"], now=datetime.now(UTC), days=10)
    with (tmp_path / "talk").open("wb") as talk:
        agent = Serving(root, "127.0.0.1:0", "--certs", certs, stderr=talk)
    known = agent.ask("app.log", "--host", "web-1", "--certs", certs, "--name", "admin")
    unknown = agent.ask("app.log", "--ca", f"{certs}/ca.pem")
    stranger = agent.ask("app.log")
    assert agent.end() == 0
    assert agent.url.startswith("https://")
    assert (known.returncode, known.stdout) == (0, b"one\n")
    assert b"note: web-1: 1 certificate ends within thirty days, or has ended: web-1.pem until " in known.stderr
    assert (unknown.returncode, b"PERMISSION_DENIED" in unknown.stderr) == (2, True)
    refused = re.search(r"^logagent: refused 127.0.0.1:\d+ \(401\): GET /logs: .* \(trace (.*)\)$", log(tmp_path), re.M)
    assert refused
    assert f"(trace {refused[1]})".encode() in unknown.stderr
    shown = "web-1 (for web-1 and 127.0.0.1, issued by logagent CA "
    assert (stranger.returncode, f": its certificate {shown}".encode() in stranger.stderr) == (2, True)
    assert f"(TLS): the client refused the certificate that it was shown, {shown}" in log(tmp_path)


@pytest.mark.real
def test_real_hosts_lists_the_agent_itself(serving: Serving) -> None:
    asked = program("hosts", "--agent", serving.url, "-o", "json")
    assert asked.returncode == 0
    assert [host["name"] for host in json.loads(asked.stdout)["hosts"]] == ["web-1"]


@pytest.mark.real
def test_real_files_lists_the_log_that_is_served(serving: Serving) -> None:
    asked = program("files", "--agent", serving.url, "app.*")
    assert (asked.returncode, asked.stderr) == (0, b"")
    assert [line.split()[:2] for line in asked.stdout.splitlines()[1:]] == [[b"web-1", b"app.log"]]


@pytest.mark.real
@pytest.mark.parametrize("closed", [1, 2])
def test_real_program_misses_only_the_standard_output_that_its_caller_closed(serving: Serving, closed: int) -> None:
    command = [*PROGRAM, "query", "--agent", serving.url, "raw.log", "--prefix", "never"]
    asked = subprocess.run(
        ["sh", "-c", f'exec "$@" {closed}>&-', "sh", *command], capture_output=True, check=False, timeout=60
    )
    lost = (2, b"", b"logagent: standard output: Bad file descriptor\n")
    answered = (asked.returncode, asked.stdout, asked.stderr)
    assert answered == (lost if closed == 1 else (0, b"\x1b[31mred\x00\xff\n", b""))


@pytest.mark.real
def test_real_address_in_use_is_one_line(serving: Serving) -> None:
    again = program("serve", "--listen", serving.url, "--root", str(serving.root))
    assert again.returncode == 2
    assert again.stderr.count(b"\n") == 1
    assert again.stderr.startswith(b"logagent: ")


@pytest.mark.real
def test_asking_loads_no_web_server() -> None:
    check = (
        "import sys, logagent.cli, logagent.terminal.query;"
        "print([m for m in ('quart', 'hypercorn') if m in sys.modules])"
    )
    asked = subprocess.run([sys.executable, "-c", check], capture_output=True, check=True, timeout=60)
    assert asked.stdout.strip() == b"[]"


@pytest.mark.real
def test_a_plain_question_does_not_wait_for_numpy(serving: Serving) -> None:
    asked = program("query", "--agent", serving.url, "app.log", "-n", "3", PYTHONPROFILEIMPORTTIME="1")
    assert asked.stdout.count(b"\n") == 3
    assert b" logagent.cli\n" in asked.stderr
    assert b" numpy" not in asked.stderr


def test_numpy_is_kept_from_starting_threads() -> None:
    code = (
        "import os, sys; from logagent.__main__ import main; sys.argv = ['logagent', '--help']; main();"
        "from logagent.core.arrays import numpy; numpy(); print(len(os.listdir('/proc/self/task')))"
    )
    environ = {name: value for name, value in ENVIRON.items() if name != "OPENBLAS_NUM_THREADS"}
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, timeout=60, env=environ)
    assert ran.stdout.endswith(b"\n1\n")


NOT_LOADED = {
    *("trio", "httpx", "httpcore", "h11", "anyio", "numpy", "hyperscan", "cryptography", "ssl"),
    *("zoneinfo", "zstandard", "encodings.idna", "pathlib", "queue", "shutil", "logagent.client"),
}
"""What a plain question over cleartext does without, though other commands, TLS, or other machines need it."""
MOST_LOADED = 215
"""Modules that a plain question loads at most: each costs 0.1 ms and more, and Python alone starts in 9 ms."""


@pytest.mark.real
@pytest.mark.parametrize(
    ("argv", "further"),
    [
        (("query", "app.log", "-n", "1"), ("importlib.metadata", "logagent.config.table")),
        (("files",), ()),
        (("hosts",), ()),
    ],
)
def test_a_plain_question_loads_little(serving: Serving, argv: Sequence[str], further: Sequence[str]) -> None:
    code = """
import sys
before = {*sys.modules}
from logagent.__main__ import main
code = main()
print(code, *{*sys.modules} - before, file=sys.stderr)
"""
    command = [sys.executable, "-c", code, *argv, "--agent", serving.url]
    asked = subprocess.run(command, capture_output=True, check=True, timeout=60, env=ENVIRON)
    exit_code, *loaded = asked.stderr.decode().split()
    assert exit_code == "0"
    assert {*NOT_LOADED, *further} & {*loaded} == set()
    assert len(loaded) <= MOST_LOADED


def test_the_end_of_the_process_loses_nothing() -> None:
    code = """
import atexit, sys
from logagent.__main__ import program
atexit.register(print, "the end")
program()
"""
    ended = subprocess.run([sys.executable, "-c", code, "--version"], capture_output=True, timeout=60, check=False)
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert ended.stdout.decode().split("\n") == [f"logagent {__version__}", "the end", ""]


def test_a_profiler_comes_to_its_end() -> None:
    argv = [sys.executable, "-m", "cProfile", "-m", "logagent", "--version"]
    ended = subprocess.run(argv, capture_output=True, timeout=60, check=True, env=ENVIRON)
    assert b"function calls" in ended.stdout


@pytest.mark.real
@pytest.mark.parametrize("command", [("query", "app.log"), ("files",), ("hosts",)])
def test_an_interrupt_while_an_agent_is_waited_for_ends_a_question_quietly(command: Sequence[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        argv = [*PROGRAM, *command, "--agent", f"127.0.0.1:{silent.getsockname()[1]}"]
        with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ENVIRON) as asking:
            connected, _ = silent.accept()
            with connected:
                assert connected.recv(3) == b"PRI"
                asking.send_signal(signal.SIGINT)
                assert asking.communicate(timeout=30) == (b"", b"")
        assert asking.returncode == 130


@pytest.mark.parametrize("module", ["logagent.cli", "logagent.terminal.verdicts"])
def test_an_interrupt_while_the_program_is_loaded_ends_it_without_a_word(module: str) -> None:
    code = f"""
import os, signal, sys
class Interrupting:
    def find_spec(self, name, path, target=None):
        if name == {module!r}:
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Interrupting())
from logagent.__main__ import main
main()
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=60, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (-signal.SIGINT, b"", b"")


@pytest.mark.real
@pytest.mark.parametrize("module", ["logagent.terminal.plain", "h2.connection", "logagent.terminal.arguments"])
def test_an_interrupt_while_a_command_is_loaded_ends_it_without_a_word(module: str) -> None:
    code = f"""
import os, signal, sys
class Interrupting:
    def find_spec(self, name, path, target=None):
        if name == {module!r}:
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Interrupting())
from logagent.__main__ import main
sys.exit(main())
"""
    argv = [sys.executable, "-c", code, "query", "app.log"]
    ended = subprocess.run(argv, capture_output=True, timeout=60, check=False, env=ENVIRON)
    assert ended.returncode in (130, -signal.SIGINT)
    assert (ended.stdout, ended.stderr) == (b"", b"")
