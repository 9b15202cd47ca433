"""Notes: what they say, and how those of several parts become one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from logagent.core.notes import MAX_NAME, MAX_NAMED, Note, NoteKind, Notes, add_up, brief, of_host, unite

MANY = tuple(f"{number}.log" for number in range(MAX_NAMED + 3))


def noted(kind: NoteKind, *files: str) -> tuple[Note, ...]:
    notes = Notes()
    for file in files:
        notes.add(kind, file)
    return notes.told()


@pytest.mark.parametrize(
    ("note", "sentence"),
    [
        (Note("unreadable", ("a",), 1), "1 file may not be read by this agent: a"),
        (Note("unreadable", ("a", "b"), 2), "2 files may not be read by this agent: a and b"),
        (Note("unreadable", ("a", "b"), 3), "3 files may not be read by this agent: a, b and 1 more"),
        (Note("unreadable", ("a", "b", "c"), 3), "3 files may not be read by this agent: a, b and c"),
        (Note("unreadable", (), 3), "3 files may not be read by this agent"),
        (Note("binary", ("a",), 1), "1 file that holds no text was left out: a"),
        (Note("link", ("a", "b"), 2), "2 links that lead out of the served roots were left out: a and b"),
        (
            Note("times", ("a",), 1),
            "the times of 1 file are not trusted, so that it was merged as one block by its time of modification: a",
        ),
        (
            Note("same", ("web-1",), 1, "web-1b"),
            "this is another name of an agent that was asked once, by its own name: web-1",
        ),
        (
            Note("unnamed", (), 1, "web-1"),
            "this agent is too old to say its name, so that it is taken for the one that is listed; upgrade it",
        ),
        (Note("odd", ("a",), 1), "1 file is noted as odd: a"),
        (Note("odd{}", ("{}",), 7), "7 files are noted as odd{}: {} and 6 more"),
    ],
)
def test_a_note_is_a_sentence_for_people(note: Note, sentence: str) -> None:
    assert note.sentence == sentence


def test_every_kind_has_a_sentence_of_its_own() -> None:
    assert not any("noted as" in Note(kind, (), 1).sentence for kind in NoteKind)


def test_a_file_counts_once_for_each_kind() -> None:
    notes = Notes()
    for _ in range(2):
        notes.add(NoteKind.TIMES, "b")
        notes.add(NoteKind.TIMES, "a")
        notes.add(NoteKind.BINARY, "a")
    assert notes.told() == (Note("binary", ("a",), 1), Note("times", ("a", "b"), 2))


def test_names_are_bounded_and_all_files_counted() -> None:
    assert noted(NoteKind.LINK, *MANY) == (Note("link", tuple(sorted(MANY))[:MAX_NAMED], len(MANY)),)


def test_the_notes_of_a_part_that_has_ended_are_included_with_the_files_that_they_do_not_name() -> None:
    notes = Notes()
    notes.add(NoteKind.TIMES, "0.log")
    notes.include(noted(NoteKind.TIMES, "z.log", *MANY[1:]))
    notes.include(noted(NoteKind.BINARY, "b"))
    assert [(note.kind, note.count) for note in notes.told()] == [("binary", 1), ("times", len(MANY) + 1)]


def test_notes_of_different_files_are_added_up_by_host_and_kind() -> None:
    both = add_up((*of_host(noted(NoteKind.LINK, *MANY), "b"), *of_host(noted(NoteKind.LINK, "x", "0"), "b")))
    assert [(note.host, note.kind, note.count) for note in both] == [("b", "link", len(MANY) + 2)]
    assert both[0].files == ("0", "0.log", "1.log", "2.log", "3.log")
    apart = add_up([*both, *of_host(noted(NoteKind.LINK, "y"), "a"), *of_host(noted(NoteKind.TIMES, "y"), "b")])
    assert [(note.host, note.kind) for note in apart] == [("a", "link"), ("b", "link"), ("b", "times")]


def test_adding_up_twice_changes_nothing() -> None:
    notes = of_host((*noted(NoteKind.LINK, *MANY), *noted(NoteKind.TIMES, "a")), "a")
    assert add_up(notes) == notes


def test_several_looks_at_the_same_files_are_no_more_files() -> None:
    once = noted(NoteKind.UNREADABLE, *MANY)
    assert unite([*once, *once]) == once
    grown = unite([*noted(NoteKind.UNREADABLE, "a", "b"), *noted(NoteKind.UNREADABLE, "b", "c")])
    assert grown == (Note("unreadable", ("a", "b", "c"), 3),)
    assert unite([replace(once[0], host="x"), *once]) == (*once, replace(once[0], host="x"))


def test_a_long_name_is_cut_in_its_middle() -> None:
    assert brief("x" * MAX_NAME) == "x" * MAX_NAME
    cut = brief("a" * MAX_NAME + "z" * MAX_NAME)
    assert len(cut) <= MAX_NAME
    assert (cut[0], cut[-1]) == ("a", "z")
    assert "..." in cut
