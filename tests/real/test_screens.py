"""What people see on a terminal of 80 x 24, kept as it was looked at: the files in `screens` hold colours, too.

`cat tests/real/screens/query` shows one. After a change that is meant, look at each again and keep it:
`LOGAGENT_KEEP_SCREENS=1 python -m pytest tests/real/test_screens.py`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from testbed.processes import needs, running
from testbed.screens import Screen, settled_text, terminal

pytestmark = [pytest.mark.real, needs("tmux"), needs("less")]

SCREENS = Path(__file__).parent / "screens"
LEVELS = ("INFO", "WARN", "ERROR", "DEBUG")
SECOND = 1_000_000_000
MODIFIED = 1_795_860_000  # 2026-11-28T10:00:00Z
LAST = MODIFIED + 299


@pytest.fixture(scope="module")
def screen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Screen]:
    root = tmp_path_factory.mktemp("screens") / "log"
    write_logs(root)
    other = root.parent / "other"
    other.mkdir()
    (other / "app.log").write_bytes(b"2026-11-28T10:04:58.500Z ERROR db: lock refused, waited 30 s\n")
    os.utime(other / "app.log", (LAST, LAST))
    with running("db-2", other) as db:
        peers = ("--peer", f"db-2={db.url}", "--peer", "db-3=http://127.0.0.1:9", "--timezone", "UTC")
        with running("web-1", root, *peers) as web, terminal(LOGAGENT_AGENT=web.url) as shown:
            yield shown


def write_logs(root: Path) -> None:
    app = "".join(
        f"2026-11-28T10:{at // 60:02d}:{at % 60:02d}Z {LEVELS[at % 4]} worker-{at % 7} request {at} took {at * 3} ms, "
        f"{'refused by upstream' if at % 3 else 'done'}\n"
        for at in range(300)
    )
    odd = (
        "2026-11-28T10:00:00Z short\n"
        f"2026-11-28T10:00:01Z [error] Überlauf in 日本語のログ, {'x' * 150} end\n"
        "2026-11-28T10:00:02Z tab\there, escape \x1b[2J, bell \x07, return\r\n"
        '{"time":"2026-11-28T10:00:03Z","level":"warn","msg":"日本語 refused"}\n'
    )
    for name, text in {"app.log": app, "odd.log": odd, "nginx/日本語.log": "2026-11-28T10:00:00Z GET / 200\n"}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8", newline="")
        os.utime(root / name, (LAST, LAST))


COMMANDS = {
    "query": "logagent query --host web-1,db-2 -n 9 app.log refused",
    "odd_lines": "logagent query --host web-1 odd.log -i refused -e über -e x; logagent query --host web-1 odd.log",
    "grep": "logagent grep --host web-1 -n -i 'took 89. ms' app.log odd.log",
    "tail": "logagent tail --host web-1 -n 4 app.log odd.log",
    "hits": "logagent hits --host web-1,db-2 --step 30s app.log refused",
    "files": "logagent files --host web-1,db-2",
    "error": "logagent query --host web-1 ap.log; logagent query a --sicne 5m; logagent query --host db2 app.log",
    "nothing": "logagent query --host web-1,db-2 app.log nothing-like-it; echo $?",
    "partial": "logagent query -n 3 app.log refused; echo $?",
    "no_color": "NO_COLOR=1 logagent query --host web-1 -n 3 app.log refused",
    "dumb": "TERM=dumb logagent query --host web-1 -n 40 app.log | tail -n 3; TERM=dumb logagent hosts | head -n 1",
}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_shown_as_it_was_looked_at(screen: Screen, name: str) -> None:
    compare(name, screen.run(COMMANDS[name]))


def test_what_does_not_fit_is_shown_from_its_newest_line_on(screen: Screen) -> None:
    screen.clear()
    screen.type("logagent query app.log refused; echo code $?")
    compare("pager", screen.until("\n:", at_end=True))
    screen.press("q")
    compare("pager_left", screen.until("code 3\n$", at_end=True))


def test_a_follow_ends_with_ctrl_c(screen: Screen) -> None:
    screen.clear()
    screen.type("logagent follow --host web-1,db-2 -n 3 app.log refused; echo code $?")
    compare("follow", screen.until("request 299"))
    screen.press("C-c")
    screen.until("code 130\n$", at_end=True)


def test_colours_are_legible_on_light_and_on_dark() -> None:
    used = {int(number) for file in SCREENS.iterdir() for number in re.findall(r"38;5;(\d+)", file.read_text())}
    assert len(used) > 3
    for number in used:
        assert contrast(number, 1.0) > 2.5, number
        assert contrast(number, 0.0) > 2.5, number


def contrast(color: int, background: float) -> float:
    """The contrast of one of 256 colours to a background of a luminance, as WCAG 2 defines it."""
    if color >= 232:
        channels = [8 + (color - 232) * 10] * 3
    else:
        channels = [
            0 if part == 0 else 55 + 40 * part for part in ((color - 16) // 36, (color - 16) // 6 % 6, (color - 16) % 6)
        ]
    linear = [(c / 255 / 12.92) if c / 255 <= 0.03928 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in channels]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    lighter, darker = max(luminance, background), min(luminance, background)
    return (lighter + 0.05) / (darker + 0.05)


def compare(name: str, screen: str) -> None:
    file = SCREENS / name
    shown = settled_text(screen)
    if os.environ.get("LOGAGENT_KEEP_SCREENS"):
        file.write_text(shown, encoding="utf-8")
    assert shown == file.read_text(encoding="utf-8")
