"""The token that a command sends: where it is read, and what is said if there is none."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

import pytest

from logagent.config.errors import ConfigError
from logagent.core.access.tokens import RANDOM_BYTES, token_of
from logagent.terminal.token_reading import LONGEST, token_from_command, token_in_file

TOKEN = token_of(bytes(RANDOM_BYTES))
SIGNED = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln-_"


def kept(path: Path, text: str = f"{TOKEN}\n", mode: int = 0o600) -> str:
    path.write_text(text)
    path.chmod(mode)
    return str(path)


def refused(path: str) -> str:
    with pytest.raises(ConfigError) as error:
        token_in_file(path, "--token-file")
    assert error.value.where == "--token-file"
    assert TOKEN[9:] not in str(error.value)
    return error.value.reason


@pytest.mark.parametrize("text", [TOKEN, f"{TOKEN}\n", f"  {TOKEN}\r\n\n"])
def test_a_token_is_read_from_its_file(tmp_path: Path, text: str) -> None:
    assert token_in_file(kept(tmp_path / "token", text), "--token-file") == TOKEN
    assert token_in_file(kept(tmp_path / "token", SIGNED, 0o400), "--token-file") == SIGNED


@pytest.mark.skipif(os.geteuid() != 0, reason="gives a file to other users")
def test_others_must_not_be_able_to_read_it(tmp_path: Path) -> None:
    for owner, mode, told in (
        (4711, 0o640, True),
        (4711, 0o604, True),
        (0, 0o604, True),
        (0, 0o620, True),
        (0, 0o640, False),
        (4711, 0o600, False),
    ):
        path = kept(tmp_path / "token", mode=mode)
        os.chown(path, owner, 4711)
        os.chmod(path, mode)  # noqa: PTH101 - as the line above
        if told:
            assert f"others can read {path}, and so its token: `chmod 600 {path}`" in refused(path)
        else:
            assert token_in_file(path, "--token-file") == TOKEN


def test_a_pipe_of_the_shell_is_a_file(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.write(writer, TOKEN.encode())
    os.close(writer)
    assert token_in_file(f"/dev/fd/{reader}", "--token-file") == TOKEN
    os.close(reader)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty; it must hold the token alone, on one line"),
        ("\n", "is empty"),
        (f"Bearer {TOKEN}", "is no token; it must hold the token alone"),
        (f"{TOKEN}\n{TOKEN}", "is no token; it must hold"),
        ("\u00e9", "is no token"),
        ("x" * (LONGEST + 1), "is no token"),
        (TOKEN[:-1], "is no token: it has 57 characters"),
        (TOKEN[:-1] + "_", "is no token: a character of it is wrong"),
    ],
)
def test_what_is_no_token_is_told_without_being_repeated(tmp_path: Path, text: str, said: str) -> None:
    assert said in refused(kept(tmp_path / "token", text))


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    assert refused(f"{tmp_path}/no") == f"{tmp_path}/no cannot be read: no such file or directory"
    assert "is a directory" in refused(str(tmp_path))


def command(code: str) -> str:
    return shlex.join([sys.executable, "-c", code])


def failed(text: str, seconds: float = 60.0) -> str:
    with pytest.raises(ConfigError) as error:
        token_from_command(text, "--token-command", seconds)
    assert error.value.where == "--token-command"
    assert TOKEN[9:] not in str(error.value)
    return error.value.reason


@pytest.mark.real
def test_a_program_prints_the_token_and_talks_to_standard_error(capfd: pytest.CaptureFixture[str]) -> None:
    code = f"import sys; print('unlock?', file=sys.stderr); print({TOKEN!r})"
    assert token_from_command(command(code), "--token-command") == TOKEN
    assert capfd.readouterr() == ("", "unlock?\n")


@pytest.mark.real
def test_there_is_no_shell_unless_it_is_asked_for() -> None:
    assert "the output of echo is no token" in failed("echo $HOME; echo x")
    assert token_from_command(f"sh -c 'echo {SIGNED} | cat'", "--token-command") == SIGNED


@pytest.mark.real
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "must be a program that prints the token, such as"),
        ("pass 'show", "cannot be taken apart: no closing quotation"),
        ("/no/such/program", "cannot run /no/such/program: no such file or directory; there is no shell"),
        ("false", "false ended with exit code 1, and so no token was sent"),
        ("sh -c 'kill -9 $$'", "sh ended by signal 9"),
        ("true", "the output of true is empty"),
        ("yes", "yes prints more than 16384 bytes"),
        (command(f"print({TOKEN[:-1]!r})"), "is no token: it has 57 characters"),
    ],
)
def test_what_hinders_a_program_is_told(text: str, said: str) -> None:
    assert said in failed(text)


@pytest.mark.real
def test_a_program_that_hangs_is_ended() -> None:
    assert failed("sleep 1000", 0.05) == "sleep has printed no token within 0.05 s"
    assert failed(command("import os, time; os.close(1); time.sleep(1000)"), 1.0).endswith("no token within 1 s")
