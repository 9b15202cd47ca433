"""`context use` changes one line of the file, and nothing else."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from logagent.config.errors import ConfigError
from logagent.terminal.contexts.reading import read
from logagent.terminal.contexts.switching import use

TABLES = '\n[context.prod]   # ours\nagent = "http://a"\n\n  [context.edge]\n  agent = "http://b"  # current = "no"\n'


def used(path: Path, text: str, name: str) -> str:
    path.write_bytes(text.encode())
    path.chmod(0o600)
    use(read(path), name)
    return path.read_bytes().decode()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('# mine\ncurrent = "prod"  # for now\n', '# mine\ncurrent = "edge"  # for now\n'),
        ("  current='prod'\n", '  current="edge"\n'),
        ("\"current\" = 'prod'\n", '"current" = "edge"\n'),
        ('# current = "x"\n', 'current = "edge"\n\n# current = "x"\n'),
        ("", 'current = "edge"\n'),
        ('current = "none"\r\n', 'current = "edge"\r\n'),
        ('current = ""\n', 'current = "edge"\n'),
    ],
)
def test_only_the_line_of_current_changes(tmp_path: Path, before: str, after: str) -> None:
    assert used(tmp_path / "config.toml", before + TABLES, "edge") == after + TABLES
    assert read(tmp_path / "config.toml").current == "edge"


def test_none_is_the_name_of_no_context(tmp_path: Path) -> None:
    assert used(tmp_path / "config.toml", 'current = "prod"\n' + TABLES, "none") == 'current = "none"\n' + TABLES
    assert read(tmp_path / "config.toml").current == ""


def test_what_is_current_already_is_not_written_again(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text('current = "prod"\n' + TABLES)
    path.chmod(0o400)
    before = path.stat()
    use(read(path), "prod")
    assert path.stat() == before


def test_mode_and_link_stay_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    (tmp_path / "dotfiles").mkdir()
    real = tmp_path / "dotfiles" / "config.toml"
    real.write_text(TABLES)
    real.chmod(0o640)
    link = tmp_path / "config.toml"
    link.symlink_to(real)
    use(read(link), "prod")
    assert link.is_symlink()
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert read(link).current == "prod"
    assert [each.name for each in real.parent.iterdir()] == ["config.toml"]


def test_a_context_that_is_not_there_changes_nothing(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"has no context 'prd'; did you mean 'prod'\?"):
        used(tmp_path / "config.toml", TABLES, "prd")
    assert (tmp_path / "config.toml").read_text() == TABLES


def test_a_line_of_another_form_is_left_to_whoever_wrote_it(tmp_path: Path) -> None:
    text = 'current = """prod"""\n' + TABLES
    with pytest.raises(ConfigError, match='write current = "edge"'):
        used(tmp_path / "config.toml", text, "edge")
    assert (tmp_path / "config.toml").read_text() == text


def test_a_text_of_many_lines_is_not_taken_for_the_line(tmp_path: Path) -> None:
    text = 'context.edge.agent = "http://b"\ncontext.edge.name = """\ncurrent = "x"\n"""\n'
    with pytest.raises(ConfigError, match='write current = "edge"'):
        used(tmp_path / "config.toml", text, "edge")
    assert (tmp_path / "config.toml").read_text() == text
