"""Runs one target under atheris (`pip install atheris`), which looks for bytes that lead to new parts of the code.

    python tests/fuzz/run.py frames -max_total_time=3600

What it finds is written to the directory `found`, which git ignores; the kept corpus is where it begins. All further
arguments are libFuzzer's (https://llvm.org/docs/LibFuzzer.html#options).
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import atheris

HERE = Path(__file__).parent
LONGEST = 4096
"""Bytes of an input at most: enough for every part of a format, and few enough for thousands of inputs a second."""


def main(arguments: list[str]) -> None:
    name, *options = arguments
    sys.path.insert(0, str(HERE.parent))
    with atheris.instrument_imports(include=["logagent"]):
        target = importlib.import_module(f"fuzz.{name}")
    found = HERE / "found" / name
    found.mkdir(parents=True, exist_ok=True)
    settings = [f"-max_len={LONGEST}", "-timeout=60", "-rss_limit_mb=2048", f"-artifact_prefix={found}/wrong-"]
    atheris.Setup([sys.argv[0], *settings, *options, str(found), str(HERE / "corpus" / name)], target.probe)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1:])
