"""The table of settings, for the documentation."""

from __future__ import annotations

from logagent.config.table import SETTINGS, markdown


def test_every_row_says_what_it_means_and_what_holds_without_it() -> None:
    assert all(setting.help and setting.shown_default for setting in SETTINGS)


def test_the_table_for_the_documentation_has_a_row_for_each_setting() -> None:
    rows = markdown().splitlines()[2:]
    wanted = [f"[[{each.name}]]" if each.in_file_only else each.flag for each in SETTINGS]
    assert [row.split("`")[1] for row in rows] == wanted
