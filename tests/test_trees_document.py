"""The examples of the document on trees, as they stand there."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from logagent.config.given import from_file
from testbed.examples import examples_of


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def test_settings_of_the_document_can_be_read(tmp_path: Path) -> None:
    site, top = examples_of("trees settings")
    file = tmp_path / "logagent.toml"
    file.write_text(site.text)
    assert from_file(file)["peer"].texts == ("a-1=https://10.1.0.11:8443", "a-2=https://10.1.0.12:8443")
    file.write_text(top.text)
    assert from_file(file)["primary"].texts == ("site-a=https://10.1.0.2:8443", "site-b=https://10.2.0.2:8443")


@pytest.mark.real
def test_real_tree_of_the_document_answers(tmp_path: Path) -> None:
    (example,) = examples_of("trees typed")
    ports = {port: str(free_port()) for port in ("8001", "8002", "8003")}
    script = re.sub("800[123]", lambda found: ports[found[0]], example.text)
    environ = {name: text for name, text in os.environ.items() if not name.startswith("LOGAGENT_")}
    environ |= {"PATH": f"{Path(sys.executable).parent}:{environ['PATH']}", "LOGAGENT_CONTROL": "none"}
    begun: list[subprocess.Popen[bytes]] = []
    with contextlib.ExitStack() as stack:
        for command in script.splitlines():
            if command.endswith(" &"):
                words = command.removesuffix(" &").split()
                popen = subprocess.Popen(words, cwd=tmp_path, env=environ, stdout=subprocess.PIPE)
                stack.callback(popen.wait, 30)
                stack.callback(popen.terminate)
                assert popen.stdout is not None
                stack.callback(popen.stdout.close)
                assert popen.stdout.readline()
                begun.append(popen)
            else:
                shell = ["bash", "-c", command]
                done = subprocess.run(shell, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False)
                assert (done.returncode, done.stderr) == (0, ""), command
    assert len(begun) == 3
    assert sorted(line.split("from ")[1] for line in done.stdout.splitlines()) == ["a-1", "site-a", "top"]
