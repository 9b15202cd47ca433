"""What a command that asks once takes of a processor, beside Python that does nothing."""

from __future__ import annotations

import os
import subprocess
import sysconfig
import venv
from collections.abc import Callable, Sequence
from pathlib import Path

import commands
from report import Row, milliseconds
from stage import Stage

REPETITIONS = 15
TIMES_PYTHON = 8.0
AIM = 6.0
_PATH = os.pathsep.join([str(Path(__file__).parents[1]), sysconfig.get_path("purelib")])
_ENVIRON = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
_ENVIRON["PYTHONPATH"] = _PATH
"""Both run from compiled files, which the first run of each writes."""


def asking(stage: Stage) -> list[Row]:
    """Commands that ask one agent once."""
    log, url, tls = stage.big.path.name, stage.agent.url, stage.tls_agent.url
    python = _bare_python(stage.directory / "python")
    certificates = ("--certs", str(stage.certs), "--name", "alone")
    return [
        _row(python, "`query -n 1`", ("query", log, "-n", "1", "--agent", url), TIMES_PYTHON),
        _row(python, "`files`", ("files", log, "--agent", url), None),
        _row(python, "`hosts`", ("hosts", "--agent", url), None),
        _row(python, "`query -n 1`, TLS", ("query", log, "-n", "1", "--agent", tls, *certificates), None),
    ]


def _bare_python(directory: Path) -> str:
    """An interpreter without the hooks of an editable installation, which take longer than Python itself."""
    venv.create(directory, with_pip=False, symlinks=True)
    return str(directory / "bin" / "python")


def _row(python: str, what: str, argv: Sequence[str], most: float | None) -> Row:
    ours = _costs([python, "-m", "logagent", *argv])
    both = commands.side_by_side(REPETITIONS, ours, _costs([python, "-c", "pass"]))
    ask, nothing = both.medians
    return Row(
        f"{what}, processor time",
        milliseconds(ask),
        f"{milliseconds(nothing)} python -c pass",
        both.ratio,
        "" if most is None else f"at most {most:g}, aim {AIM:g}",
        None if most is None else both.ratio <= most,
    )


def _costs(command: Sequence[str]) -> Callable[[], float]:
    """Runs a command, and returns the seconds of a processor that it took."""

    def run() -> float:
        before = commands.cpu_of_children()
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True, env=_ENVIRON)
        return commands.cpu_of_children() - before

    return run
