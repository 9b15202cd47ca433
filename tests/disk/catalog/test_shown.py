"""What somebody does not see is as if it were not there: nothing that is found, judged or told differs."""

from __future__ import annotations

import os
import random
import shutil
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from logagent.core.access.sight import Sight
from logagent.core.notes import Notes
from logagent.core.outcome import Failure, Status
from logagent.core.units import SECOND
from logagent.disk.catalog.catalog import Catalog
from logagent.disk.catalog.findings import no_such_file
from logagent.disk.catalog.left_out import LeftOut, Wanted
from logagent.disk.catalog.remembered import Remembered
from logagent.disk.catalog.rotated_names import possible_logs, rotation
from logagent.disk.catalog.shown import ShownNames, shown_of
from logagent.disk.files.beneath import Root
from logagent.disk.files.walk import Opener
from testbed.roots import Recorder
from testbed.sights import bare, sight, unseen
from testbed.trees import PLANTED, Unprivileged, contents, names, planted, read

NAMES = (
    *("app.log", "app.log.1", "app.log.2.gz", "app.log.old", "app-20261123.log", "app-20261123.log.1.gz", "App.log"),
    *("web", "web.1", "web.2", "web.8080", "secret.log", "secret.log.1", "secret.log.old", "a[1].log", ".hidden"),
)
DIRECTORIES = ("", "", "d", "private", "d/e")
RULES = (
    *(
        "-secret.log",
        "-private/",
        "-app.log",
        "-app.log.1",
        "-d/",
        "-d/e/",
        "-**/secret.log",
        "-web",
        "-*.log",
        "-a:**",
    ),
    *(
        "+app.log.1",
        "+app.log",
        "+d/app.log",
        "+d/**",
        "+**/*.log",
        "+web.1",
        "+b:**",
        "+**/app.log.1",
        "+private/app.log",
    ),
    *("-d/*", "-**/app.log.old", "+app*"),
)
PATTERNS = (
    ("**",),
    ("*",),
    ("app.log",),
    ("secret.log",),
    ("secret.log", "app.log"),
    ("*.log", "d/*"),
    ("d/app.log", "private/app.log", "private/secret.log"),
    ("web", "web.1"),
    ("app.log.1",),
    ("link*", "**/link0"),
    ("link0", "link1", "d/link0"),
    ("a:app.log", "b:app.log"),
    ("private/*", "d/*/*"),
)


def grown(top: Path, draw: random.Random) -> list[Path]:
    """Two roots with files, generations, and links within them, between them and out of them."""
    roots = [top / "a", top / "b"]
    for root in roots:
        for directory in DIRECTORIES:
            (root / directory).mkdir(parents=True, exist_ok=True)
        for _ in range(draw.randrange(4, 12)):
            file = root / draw.choice(DIRECTORIES) / draw.choice(NAMES)
            file.write_bytes(os.fsencode(file.name))
            modified = PLANTED + draw.randrange(5) * 60
            os.utime(file, (modified, modified))
        for number in range(draw.randrange(5)):
            link = root / draw.choice(DIRECTORIES) / draw.choice((f"link{number}", draw.choice(NAMES)))
            into = draw.choice(roots) / draw.choice(DIRECTORIES)
            target = draw.choice((into / draw.choice(NAMES), into, into / f"link{number - 1}", top / "outside"))
            if not os.path.lexists(link):
                link.symlink_to(target if draw.random() < 0.5 else os.path.relpath(target, link.parent))
    return roots


def drawn_rules(draw: random.Random) -> list[str]:
    rules = [draw.choice(RULES) for _ in range(draw.randrange(1, 4))]
    return [*rules, "+**"] if draw.random() < 0.7 else rules


def told(catalog: Catalog, top: Path, patterns: Sequence[str], *, rotated: bool, limit: int) -> tuple[object, object]:
    """All that a question for logs gives and tells."""
    notes, looked, left_out = Notes(), set[Path](), LeftOut()
    steps = catalog.finding(
        patterns, rotated=rotated, wanted=Wanted(limit), looked=looked, notes=notes, unreadable=True, left_out=left_out
    )
    found: object
    try:
        with Unprivileged():
            while True:
                next(steps)
    except StopIteration as end:
        found = [
            (log.name, log.asked, log.named, [_told_of(file, top) for file in log.generations]) for log in end.value
        ]
    except Failure as failure:
        found = failure.status, failure.message
    left = [log.name for log in left_out.newest], left_out.count, left_out.beyond
    return (found, notes.told(), left), sorted(str(path.relative_to(top)) for path in looked)


def _told_of(file: object, top: Path) -> object:
    fields = {name: getattr(file, name) for name in ("name", "resolved", "size", "modified", "compressed", "prefix")}
    try:
        with Unprivileged():
            os.close(file.open())  # type: ignore[attr-defined]
        opened = ""
    except Failure as failure:
        opened = f"{failure.status} {failure.message}"
    return fields, str(getattr(file, "root", "")).removeprefix(str(top)), opened


class Opened:
    """`os.open`, keeping which files and directories were opened, other than to be passed through."""

    def __init__(self) -> None:
        self.files: list[Path] = []

    def __call__(self, path: str, flags: int, *, dir_fd: int | None = None) -> int:
        descriptor = os.open(path, flags, dir_fd=dir_fd)
        if not flags & os.O_PATH:
            self.files.append(Path(f"/proc/self/fd/{descriptor}").readlink())
        return descriptor


def catalog_of(roots: Sequence[Path], opener: Opener, **options: int) -> Catalog:
    remembered = Remembered(tells=lambda _: True, now=lambda: time.time_ns() + 3600 * SECOND)
    return Catalog(roots, opener=opener, now=lambda: time.time_ns() + SECOND, remembered=remembered, **options)


@pytest.mark.parametrize("seed", range(80))
def test_what_is_not_seen_is_told_of_as_if_it_were_not_there(seed: int, shared: Path) -> None:
    """Whatever is asked, and whoever asked before with another sight or none."""
    draw = random.Random(seed)
    seen = sight(*drawn_rules(draw), roots=("a", "b"))
    whole = grown(shared / "all", draw)
    shutil.copytree(shared / "all", shared / "bare", symlinks=True)
    for link in [path for path in (shared / "bare").rglob("*") if path.is_symlink()]:
        target = str(link.readlink())
        if target.startswith(str(shared / "all")):
            link.unlink()
            link.symlink_to(target.replace(str(shared / "all"), str(shared / "bare"), 1))
    reduced = [shared / "bare" / root.name for root in whole]
    bare(reduced, seen)
    hidden = {path for root, shown in zip(whole, _shown(whole, seen), strict=True) for path in unseen(root, shown)}
    for tree in (shared / "all", shared / "bare"):
        forbid(tree, random.Random(seed))
    opened = Opened()
    limits = {"max_walk": draw.choice((7, 20, 250_000))}
    full, other, plain = (catalog_of(roots, opened, **limits) for roots in (whole, reduced, reduced))
    is_exact = all(seen.sees_below(root, "") for root in ("a", "b")) and not any(map(_leads_out, reduced))
    for patterns in draw.sample(PATTERNS, 6):
        rotated, limit = draw.random() < 0.7, draw.choice((2, 500))
        if draw.random() < 0.5:
            told(full, shared / "all", patterns, rotated=rotated, limit=limit)
        opened.files.clear()
        given = told(full.seen_with(seen), shared / "all", patterns, rotated=rotated, limit=limit)
        assert not [path for path in opened.files if hidden & {path, *path.parents}]
        assert given == told(other.seen_with(seen), shared / "bare", patterns, rotated=rotated, limit=limit), patterns
        if is_exact:
            assert given[0] == told(plain, shared / "bare", patterns, rotated=rotated, limit=limit)[0], patterns


def forbid(tree: Path, draw: random.Random) -> None:
    """Forbid everybody but root to read some files, and to enter some directories."""
    for directory in ("a", "b", "a/d", "b/d", "b/private"):
        for name in NAMES:
            if draw.random() < 0.15 and (file := tree / directory / name).is_file() and not file.is_symlink():
                file.chmod(0)
    for directory in ("a/private", "b/d/e"):
        mode = draw.choice((0o755, 0o755, 0o100, 0))
        if (tree / directory).is_dir():
            (tree / directory).chmod(mode)


def _shown(roots: Sequence[Path], seen: Sight) -> Sequence[ShownNames]:
    return shown_of(seen, [Root(root) for root in roots])


def _leads_out(root: Path) -> bool:
    """Whether a link leads out of a root: of what it leads to, only the name tells whether it is seen."""
    links = (path for path in root.rglob("*") if path.is_symlink())
    return any(not os.path.realpath(link).startswith(f"{root.resolve()}/") for link in links)


@pytest.mark.parametrize("seed", range(100))
def test_logs_that_a_file_may_belong_to_are_among_its_names(seed: int) -> None:
    draw = random.Random(seed)
    parts = ("app", "web", ".log", ".1", "-2", ".gz", ".old", "-20261123", ".2026-11-23", "-1732320000", ".txt", "_x")
    parts = (*parts, "@400000006925f5a40c5c1e5c", ".s", "261123", ".current", "10.0.0.1", "T100000", "~", ".bak")
    for _ in range(50):
        name = "".join(draw.choice(parts) for _ in range(draw.randrange(1, 6)))
        stems = possible_logs(name)
        for beside in ((), stems, *((stem,) for stem in stems)):
            of = rotation(name, beside)
            assert of is None or of.log in stems


def test_generations_are_not_seen_where_their_log_is_not(tmp_path: Path) -> None:
    generations = ("app.log", "app.log.1", "app.log.2.gz", "app-20261123.log.1.gz", "app.log.old", "app.1.log.gz")
    root = planted(tmp_path, *generations, "other.log")
    assert names(Catalog([root]).seen_with(sight("-app.log", "+**")).find(["*"])) == ["other.log"]


def test_a_rule_on_a_log_shows_its_generations(tmp_path: Path) -> None:
    root = planted(tmp_path, "app.log", "app.log.1", "app-20261123.log.gz", "other.log")
    found = Catalog([root]).seen_with(sight("+app.log")).find(["*"])
    assert contents(found) == {"app.log": ["app.log", "app-20261123.log.gz", "app.log.1"]}


@pytest.mark.parametrize(
    "name",
    [
        *(
            "secret.log",
            "private/app.log",
            "../secret.log",
            "d/../secret.log",
            "./secret.log",
            "secret.log/",
            "/secret.log",
        ),
        *("%2e%2e/secret.log", "log:secret.log", "log:private/app.log", "link", "into/app.log", "up/secret.log", "hop"),
        *("private", "private/", "private/*", "**/secret.log", "secret.log*", "[s]ecret.log", "d//../secret.log"),
        *("secret.log\0", "SECRET.LOG", "Secret.log", "d/again", "across"),
    ],
)
def test_no_spelling_leads_to_what_is_not_seen(name: str, tmp_path: Path) -> None:
    root = planted(tmp_path / "log", "secret.log", "private/app.log", "d/a.log", "ok.log")
    other = planted(tmp_path / "other", "b.log")
    (root / "link").symlink_to("secret.log")
    (root / "into").symlink_to("private")
    (root / "up").symlink_to(".")
    (root / "hop").symlink_to("link")
    (root / "d" / "again").symlink_to(root / "secret.log")
    (root / "across").symlink_to(other / "back")
    (other / "back").symlink_to(root / "private" / "app.log")
    record = Recorder()
    catalog = Catalog([root, other], opener=record).seen_with(sight("-secret.log", "-private/", "+**"))
    with pytest.raises(Failure) as raised:
        catalog.find([name])
    assert raised.value.status is Status.NOT_FOUND
    assert raised.value.message == no_such_file([name]).message
    assert not [path for path, flags in record.opened if not flags & os.O_PATH and not flags & os.O_DIRECTORY]


def test_a_path_from_the_top_of_the_machine_leads_to_nothing_that_is_not_seen(tmp_path: Path) -> None:
    root = planted(tmp_path / "log", "secret.log", "ok.log")
    catalog = Catalog([root]).seen_with(sight("-secret.log", "+**"))
    assert names(catalog.find([str(root / "ok.log")])) == ["ok.log"]
    for path in (root / "secret.log", root / "missing.log"):
        with pytest.raises(Failure) as raised:
            catalog.find([str(path)])
        assert raised.value.message == f"no such file: {path}"


def test_a_link_from_where_nothing_is_seen_to_what_is_seen_leads_nowhere(tmp_path: Path) -> None:
    root = planted(tmp_path, "ok.log", "private/x")
    (root / "private" / "link").symlink_to("../ok.log")
    (root / "through").symlink_to("private/link")
    catalog = Catalog([root]).seen_with(sight("-private/", "+**"))
    assert names(catalog.find(["**"])) == ["ok.log"]
    with pytest.raises(Failure, match="no such file: through"):
        catalog.find(["through"])


def test_a_hard_link_is_a_file_of_its_own_name(tmp_path: Path) -> None:
    root = planted(tmp_path, "secret.log")
    (root / "open.log").hardlink_to(root / "secret.log")
    assert names(Catalog([root]).seen_with(sight("-secret.log", "+**")).find(["*"])) == ["open.log"]


def test_a_file_in_roots_that_lie_within_each_other_is_seen_only_by_all_its_names(tmp_path: Path) -> None:
    outer = planted(tmp_path / "log", "nginx/secret.log", "nginx/ok.log", "single.log")
    roots = [outer, outer / "nginx", outer / "single.log"]
    catalog = Catalog(roots).seen_with(sight("-nginx/secret.log", "-log:single.log", "+**", roots=("log", "nginx")))
    for pattern in ("nginx:secret.log", "secret.log", "single.log", "single.log:single.log", "s*.log"):
        with pytest.raises(Failure, match="no such file"):
            catalog.find([pattern])
    assert names(catalog.find(["nginx:ok.log"])) == ["ok.log"]
    reverse = Catalog(roots).seen_with(sight("-nginx:secret.log", "+**", roots=("log", "nginx")))
    with pytest.raises(Failure, match="no such file"):
        reverse.find(["nginx/secret.log"])


def test_a_file_behind_a_link_from_another_root_is_seen_only_by_both_names(tmp_path: Path) -> None:
    pods, docker = planted(tmp_path / "pods", "own.log"), planted(tmp_path / "docker", "x/json.log", "x/json.log.1")
    (pods / "web.log").symlink_to(docker / "x" / "json.log")
    roots = ("pods", "docker")
    catalog = Catalog([pods, docker])
    both = catalog.seen_with(sight("+pods:web.log", "+docker:x/**", roots=roots))
    assert contents(both.find(["web.log"])) == {"web.log": ["web.log", "x/json.log.1"]}
    for rules in (("+pods:web.log",), ("-docker:x/json.log", "+**"), ("-pods:web.log", "+**")):
        with pytest.raises(Failure) as raised:
            catalog.seen_with(sight(*rules, roots=roots)).find(["pods:web.log"])
        assert raised.value.status in (Status.NOT_FOUND, Status.PERMISSION_DENIED)


def test_a_root_of_a_single_file_is_seen_by_its_name(tmp_path: Path) -> None:
    root = planted(tmp_path, "secret.log", "ok.log")
    record = Recorder()
    catalog = Catalog([root / "secret.log", root / "ok.log"], opener=record).seen_with(sight("-secret.log", "+**"))
    assert names(catalog.find(["*"])) == ["ok.log"]
    for missing in (False, True):
        if missing:
            (root / "secret.log").unlink()
        with pytest.raises(Failure) as raised:
            catalog.find(["secret.log"])
        assert (raised.value.status, raised.value.message) == (Status.NOT_FOUND, "no such file: secret.log")
    assert str(root / "secret.log") not in [path for path, _ in record.opened]


def test_a_root_of_which_nothing_is_seen_is_none(tmp_path: Path) -> None:
    log = planted(tmp_path / "log", "a.log")
    catalog = Catalog([log, tmp_path / "not mounted"]).seen_with(sight("+log:**", roots=("log", "not mounted")))
    assert names(catalog.find(["*"])) == ["a.log"]


def test_a_directory_may_be_seen_for_a_file_in_it_alone(tmp_path: Path) -> None:
    root = planted(tmp_path, "a/b/c.log", "a/b/d.log", "a/e.log", "b/c.log")
    catalog = Catalog([root]).seen_with(sight("+a/b/c.log"))
    assert names(catalog.find(["**"])) == names(catalog.find(["a/*/*"])) == ["a/b/c.log"]


def test_what_was_read_of_a_file_stays_with_the_name_that_was_seen(tmp_path: Path) -> None:
    """A file that is renamed to a name that is not seen is not opened by that."""
    root = planted(tmp_path, "app.log", "secret.log")
    [log] = Catalog([root]).seen_with(sight("-secret.log", "+**")).find(["app.log"])
    assert read(log) == b"app.log"
    (root / "app.log").unlink()
    (root / "app.log").symlink_to("secret.log")
    with pytest.raises(Failure, match=r"no such file: app\.log"):
        log.generations[0].open()
