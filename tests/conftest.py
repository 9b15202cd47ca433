"""Fixtures that several tests share."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import settings

from logagent.core.arrays import numpy
from logagent.terminal import address
from testbed.cluster import Cluster, Host, start_cluster
from testbed.console import Console

# How long an example takes says more of the machine than of the program.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")
numpy()  # as in an agent that has read a large block; what is done before is tested in `core/test_arrays.py`

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # in the background of a script: programs under test would, too
    signal.signal(signal.SIGINT, signal.default_int_handler)
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:  # under nohup: likewise
    signal.signal(signal.SIGHUP, signal.SIG_DFL)

address.CONFIG = "/no/such/logagent.toml"  # an agent of the machine that runs the tests is none of theirs
os.environ["LOGAGENT_CONTROL"] = "none"  # nor has any that they start a socket where those of the machine lie


@pytest.fixture
def cluster(tmp_path: Path) -> Callable[..., AbstractAsyncContextManager[Cluster]]:
    """`async with cluster(web0=LINES, web1=Broken("reset", at=50)) as it:`, with options as a first argument.

    A test that uses it takes `autojump_clock` too: pytest-trio sees a clock only among a test's own arguments.
    """

    def start(options: dict[str, Any] | None = None, **hosts: Host) -> AbstractAsyncContextManager[Cluster]:
        return start_cluster(tmp_path, hosts, **(options or {}))

    return start


@pytest.fixture
def console() -> Console:
    return Console()


@pytest.fixture
def tmp_path_of_all() -> Iterator[Path]:
    """A directory that every user may enter."""
    with TemporaryDirectory() as directory:
        Path(directory).chmod(0o755)
        yield Path(directory)
