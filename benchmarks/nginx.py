"""For comparison: a file sent over TLS and HTTP/2 by nginx, which is written in C."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from processes import Process

READY_SECONDS = 10.0
_CONFIGURATION = """
daemon off;
master_process off;
pid {directory}/nginx.pid;
error_log {directory}/error.log;
events {{}}
http {{
  access_log off;
  sendfile on;
  client_body_temp_path {directory}/body;
  proxy_temp_path {directory}/proxy;
  fastcgi_temp_path {directory}/fastcgi;
  uwsgi_temp_path {directory}/uwsgi;
  scgi_temp_path {directory}/scgi;
  default_type text/plain;
  server {{
    listen 127.0.0.1:{port} ssl http2;
    ssl_certificate {certificate};
    ssl_certificate_key {key};
    root {root};
  }}
}}
"""
"""One process does all, so that its processor time is nginx's."""


def is_installed() -> bool:
    return shutil.which("nginx") is not None


@contextlib.contextmanager
def nginx(directory: Path, root: Path, certificate: Path, key: Path) -> Iterator[Process]:
    """Serves the files of a directory; ended with the context. directory: for its own files; made here."""
    directory.mkdir()
    port, configuration = _free_port(), directory / "nginx.conf"
    configuration.write_text(
        _CONFIGURATION.format(directory=directory, port=port, certificate=certificate, key=key, root=root)
    )
    began = time.perf_counter()
    command = ["nginx", "-p", str(directory), "-e", str(directory / "error.log"), "-c", str(configuration)]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, env={**os.environ, "LC_ALL": "C"}) as popen:
        try:
            _wait_for(port, popen)
            yield Process("nginx", popen.pid, f"https://127.0.0.1:{port}", time.perf_counter() - began)
        finally:
            popen.kill()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def _wait_for(port: int, popen: subprocess.Popen[bytes]) -> None:
    until = time.perf_counter() + READY_SECONDS
    while popen.poll() is None and time.perf_counter() < until:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.01)
    raise RuntimeError("nginx did not start")
