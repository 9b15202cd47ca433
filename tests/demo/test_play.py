"""The demonstration: four agents that answer, and that end with it, however it ends."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from testbed.demonstration import Demo, nothing_left

pytestmark = pytest.mark.real


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Path]:
    with nothing_left(tmp_path / "demo") as directory:
        yield directory


def test_real_demo_answers_from_four_hosts_and_leaves_no_process(directory: Path) -> None:
    demo = Demo(directory)
    code, stdout, stderr = demo.end()
    assert (code, stderr) == (0, "")
    assert len(re.findall(r"^(?:primary|secondary-\d) alternatives.log: .* updated ", stdout, re.MULTILINE)) == 12
    assert "verdict: OK, complete" in stdout
    assert len(re.findall(r"^  (?:primary|secondary-\d): OK, [1-9] lines$", stdout, re.MULTILINE)) == 4
    assert stdout.endswith("logagent demo --keep\nagents ended\n")
    assert demo.agents() == {}


@pytest.mark.parametrize(("ending", "code"), [(signal.SIGINT, 130), (signal.SIGHUP, 129)])
def test_real_demo_that_is_ended_while_it_starts_leaves_no_process(
    directory: Path, ending: signal.Signals, code: int
) -> None:
    demo = Demo(directory)
    demo.read_until("secondary-1 answers")
    assert demo.end(ending)[::2] == (code, "")
    assert demo.agents() == {}


def test_real_demo_says_why_an_agent_does_not_start_and_leaves_no_process(directory: Path) -> None:
    demo = Demo(directory, TZ="garbage")
    code, _, stderr = demo.end()
    assert code == 2
    assert stderr.startswith("logagent: secondary-1 did not start: logagent: TZ: ")
    assert demo.agents() == {}


def test_real_demo_says_why_it_cannot_make_certificates(directory: Path) -> None:
    (directory / "certs").mkdir(parents=True)
    (directory / "certs" / "ca.pem").write_text("no certificate")
    code, _, stderr = Demo(directory).end()
    assert code == 2
    assert re.fullmatch("logagent: .*ca.*\n", stderr)


def test_real_demo_in_the_project_keeps_its_certificates_there(tmp_path: Path) -> None:
    made = tmp_path / "certs" / "demo"
    made.parent.mkdir()
    (made.parent / "README.md").write_text("Made by `logagent certs`.")
    authorities = []
    for _ in range(2):
        demo = Demo(tmp_path, cwd=tmp_path, TMPDIR=str(tmp_path))
        assert "in certs/demo\n" in demo.read_until("certificates for")
        demo.end(signal.SIGINT)
        authorities.append((made / "ca.pem").read_bytes())
    assert {path.name for path in made.iterdir()} >= {"ca.pem", "primary.pem"}
    assert authorities[0] == authorities[1]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["certs"]
