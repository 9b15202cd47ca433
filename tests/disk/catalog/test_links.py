"""Links to logs bring the generations of their targets, and lead from one root into another, but not out of all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from logagent.core.outcome import Failure, Status
from logagent.disk.catalog.catalog import Catalog
from testbed.trees import contents, failure, found, names, planted, read, refusal

KUBELET = ("pods/web/app/0.log", "pods/web/app/0.log.20261128-101530", "pods/web/app/0.log.20261127-101530.gz")


@pytest.fixture
def pods(tmp_path: Path) -> Path:
    root = planted(tmp_path / "log", *KUBELET)
    (root / "containers").mkdir()
    (root / "containers" / "web.log").symlink_to("../pods/web/app/0.log")
    return root


@pytest.mark.parametrize("pattern", ["containers/web.log", "containers/*.log", "**/web.log"])
def test_link_to_a_log_brings_the_generations_beside_its_target(pods: Path, pattern: str) -> None:
    assert found(pods, pattern) == {"containers/web.log": ["containers/web.log", *KUBELET[1:]]}


def test_link_brings_no_generations_where_they_are_not_wanted(pods: Path) -> None:
    assert found(pods, "containers/*.log", rotated=False) == {"containers/web.log": ["containers/web.log"]}


def test_log_that_is_found_by_its_own_name_too_keeps_its_generations(pods: Path) -> None:
    assert found(pods, "**/*") == found(pods, "**/*.log") == {KUBELET[0]: list(KUBELET)}


def test_links_to_one_log_bring_its_generations_once(pods: Path) -> None:
    (pods / "containers" / "again.log").symlink_to("web.log")
    assert found(pods, "containers/*") == {"containers/again.log": ["containers/again.log", *KUBELET[1:]]}


def test_link_through_a_linked_directory_brings_generations(pods: Path) -> None:
    (pods / "current").symlink_to("containers")
    assert found(pods, "current/web.log") == {"current/web.log": ["current/web.log", *KUBELET[1:]]}


def test_link_to_the_newest_dated_file_brings_the_older_ones(tmp_path: Path) -> None:
    root = planted(tmp_path, "app-20261128.log", "app-20261127.log", "app-20261126.log.gz")
    (root / "latest").symlink_to("app-20261128.log")
    (root / "older").symlink_to("app-20261127.log")
    assert found(root, "latest") == {"latest": ["app-20261128.log", "app-20261127.log", "app-20261126.log.gz"]}
    assert found(root, "older") == {"older": ["older"]}


@pytest.mark.parametrize("pattern", ["containers/web.log", "containers/*.log", "**/web.log"])
def test_link_to_a_log_has_its_generations_while_its_target_is_missing(pods: Path, pattern: str) -> None:
    """As in the middle of each rotation."""
    (pods / "pods" / "web" / "app" / "0.log").unlink()
    looked: set[Path] = set()
    found = Catalog([pods]).find([pattern], looked=looked)
    assert contents(found) == {"containers/web.log": [*KUBELET[1:]]}
    assert pods / "pods" / "web" / "app" in looked


def test_link_to_nothing_is_missing(pods: Path) -> None:
    for name, target in [("a", "none"), ("b", "a"), ("c", "/none/c"), ("d", "none/d"), ("e", "e")]:
        (pods / name).symlink_to(target)
        assert failure(Catalog([pods]), name)[0] in (Status.NOT_FOUND, Status.PERMISSION_DENIED)
    assert found(pods, "?", "containers/*") == found(pods, "containers/*")


def test_link_whose_target_is_missing_brings_no_generations_where_they_are_not_wanted(pods: Path) -> None:
    (pods / "pods" / "web" / "app" / "0.log").unlink()
    with pytest.raises(Failure):
        Catalog([pods]).find(["containers/web.log"], rotated=False)


def test_directory_of_a_links_target_is_looked_into_for_more(pods: Path) -> None:
    looked: set[Path] = set()
    Catalog([pods]).find(["containers/web.log"], looked=looked)
    assert pods / "pods" / "web" / "app" in looked


def test_too_wide_a_directory_beside_a_target_is_named(pods: Path) -> None:
    planted(pods, *(f"pods/web/app/{number}" for number in range(20)))
    live, refused = Catalog([pods], max_walk=10).find(["containers/web.log"])
    assert live.name == "containers/web.log"
    assert refusal(refused) == (
        Status.RESOURCE_EXHAUSTED,
        "too many files beside containers/web.log to find its rotated generations; ask without them",
    )


# Out of a root.


@pytest.fixture
def roots(tmp_path: Path) -> list[Path]:
    planted(tmp_path / "outside", "secret.log")
    return [planted(tmp_path / "log", "a.log"), planted(tmp_path / "docker", "x/json.log", "x/json.log.1")]


@pytest.mark.parametrize("absolute", [False, True])
@pytest.mark.parametrize("pattern", ["web.log", "w*.log"])
def test_link_into_another_root_is_followed_with_its_generations(
    roots: list[Path], pattern: str, absolute: bool
) -> None:
    (roots[0] / "web.log").symlink_to(roots[1] / "x/json.log" if absolute else Path("../docker/x/json.log"))
    [log] = Catalog(roots).find([pattern])
    assert contents([log]) == {"web.log": ["web.log", "x/json.log.1"]}
    assert read(log) == b"x/json.log"
    assert log.root == roots[1]


def test_links_over_links_and_roots_are_followed(roots: list[Path]) -> None:
    (roots[0] / "web.log").symlink_to("pod.log")
    (roots[0] / "pod.log").symlink_to(roots[1] / "y/json.log")
    (roots[1] / "y").symlink_to("x")
    assert contents(Catalog(roots).find(["web.log"])) == {"web.log": ["web.log", "x/json.log.1"]}


@pytest.mark.parametrize("pattern", ["web.log", "w*.log"])
def test_link_into_another_root_has_generations_while_its_target_is_missing(roots: list[Path], pattern: str) -> None:
    (roots[0] / "web.log").symlink_to("pod.log")
    (roots[0] / "pod.log").symlink_to(roots[1] / "x/json.log")
    (roots[1] / "x/json.log").unlink()
    assert contents(Catalog(roots).find([pattern])) == {"web.log": ["x/json.log.1"]}


def test_directory_linked_from_another_root_is_entered_for_a_name(roots: list[Path]) -> None:
    (roots[0] / "docker").symlink_to(roots[1])
    [log] = Catalog(roots).find(["docker/x/json.log"])
    assert contents([log]) == {"docker/x/json.log": ["docker/x/json.log", "x/json.log.1"]}


def test_link_into_a_root_that_is_a_file_is_followed(roots: list[Path]) -> None:
    (roots[0] / "web.log").symlink_to(roots[1] / "x/json.log")
    [log] = Catalog([roots[0], roots[1] / "x" / "json.log"]).find(["web.log"])
    assert read(log) == b"x/json.log"


def test_file_that_two_roots_reach_is_found_once(roots: list[Path]) -> None:
    (roots[0] / "web.log").symlink_to(roots[1] / "x/json.log")
    assert names(Catalog(roots).find(["**/*"])) == ["a.log", "x/json.log"]


@pytest.mark.parametrize(
    "target", ["../outside/secret.log", "../outside/none.log", "../../../etc/hostname", "../log2/a"]
)
def test_link_out_of_all_roots_is_said_to_lead_out(roots: list[Path], target: str) -> None:
    (roots[0] / "web.log").symlink_to(target)
    (roots[0] / "over.log").symlink_to("web.log")
    for name in ("web.log", "over.log"):
        expected = (Status.PERMISSION_DENIED, f"leads out of the served roots: {name}")
        assert failure(Catalog(roots), name) == expected


def test_name_in_a_directory_that_leads_out_is_said_to_lead_out(roots: list[Path]) -> None:
    (roots[0] / "out").symlink_to(roots[0].parent / "outside")
    expected = (Status.PERMISSION_DENIED, "leads out of the served roots: out/secret.log")
    assert failure(Catalog(roots), "out/secret.log") == expected


def test_link_out_of_all_roots_is_passed_over_where_another_root_has_the_name(roots: list[Path]) -> None:
    (roots[0] / "web.log").symlink_to("../outside/secret.log")
    planted(roots[1], "web.log")
    assert read(Catalog(roots).find(["web.log"])[0]) == b"web.log"


def test_glob_does_not_find_what_lies_out_of_all_roots(roots: list[Path]) -> None:
    (roots[0] / "web.log").symlink_to("../outside/secret.log")
    assert names(Catalog(roots).find(["*.log"])) == ["a.log"]


def test_link_into_another_root_that_matches_only_as_a_directory_is_not_found(roots: list[Path]) -> None:
    (roots[0] / "web.log").symlink_to(roots[1] / "x/json.log")
    planted(roots[0], "d/x.log")
    assert names(Catalog(roots).find(["*/x.log"])) == ["d/x.log"]


def test_links_between_roots_in_circles_end(roots: list[Path]) -> None:
    (roots[0] / "web.log").symlink_to(roots[1] / "web.log")
    (roots[1] / "web.log").symlink_to(roots[0] / "web.log")
    assert failure(Catalog(roots), "web.log") == (Status.NOT_FOUND, "no such file: web.log")
    assert failure(Catalog(roots), "w*.log")[0] is Status.NOT_FOUND


def test_no_descriptor_stays_open_over_links(roots: list[Path]) -> None:
    (roots[0] / "web.log").symlink_to(roots[1] / "x/json.log")
    (roots[0] / "out.log").symlink_to("../outside/secret.log")
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - counts the descriptors themselves
    Catalog(roots).find(["*.log", "web.log", "out.log"])
    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208


@pytest.mark.parametrize("pattern", ["self.log", "s*.log", "d/up.log"])
def test_a_link_to_a_root_itself_is_no_log(tmp_path: Path, pattern: str) -> None:
    root = planted(tmp_path / "log", "a.log", "d/b.log")
    (root / "self.log").symlink_to(root)
    (root / "d" / "up.log").symlink_to("..")
    assert failure(Catalog([root]), pattern)[0] is Status.NOT_FOUND
