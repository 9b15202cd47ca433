"""Notes: what was judged while an answer was made, and did not fail; they stand beside its status.

A note says, of one host, how many files something was the case with, and names some of them. It never makes an answer
incomplete, but for `UNREAD_SOURCES`, which `wire` judges. Code in `disk` that reads files for a query adds to
the `Notes` at hand: `ScanSetup.notes` while a log is read, `Catalog.find(notes=...)` while files are looked for.
Nothing else is to be done: the notes of all logs and hosts are added up on their way to the client.
"""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

MAX_NAMED = 5
"""Files that one note names: enough to recognise what it is about; many notes have to fit into one trailer."""
MAX_NAME = 200
"""Characters of a name in a sentence or a trailer; a longer one is cut in its middle."""


class NoteKind(enum.StrEnum):
    """What a note is about; agents of other versions may know more.

    Attributes:
        TIMES: files whose times are not trusted, each merged as one block by its time of modification.
        UNREADABLE: files and directories that a glob met and this agent may not read.
        BINARY: files that a glob met and that hold no text.
        LINK: links that a glob met and that lead out of the served roots.
        SAME: the host is another name of an agent that was asked by its own name, which stands in place of a file.
        UNNAMED: the host's agent is too old to say its name.
        UNREAD: logs that match and of which only the newest were read, since there are too many, and lines of the
            others may belong to the answer.
        CURSOR: logs whose positions are too many for a cursor, so that the answer has none.
        RECORD_CURSORS: logs whose positions are too many for a cursor of each record, so that these have none.
        LOOP: agents that the host lists as primaries and that ask it, in place of files: they were not asked again.
        LABELS: the host's labels are not known, where its lines are counted by one; it stands in place of a file.
        UNREAD_SOURCES: sources in which the host's agent finds others and which it has never read, in place of files;
            hosts that they name may be missing, so that an answer of all hosts is not complete beside this note.
        ABSENT_SOURCES: files of targets that were never there, so that they name no hosts.
        CERTIFICATE: certificates of the host that end soon or have ended; no files, so their names say until when.
    """

    TIMES = "times"
    UNREADABLE = "unreadable"
    BINARY = "binary"
    LINK = "link"
    SAME = "same"
    UNNAMED = "unnamed"
    UNREAD = "unread"
    CURSOR = "cursor"
    RECORD_CURSORS = "record_cursors"
    LOOP = "loop"
    LABELS = "labels"
    UNREAD_SOURCES = "unread_sources"
    ABSENT_SOURCES = "absent_sources"
    CERTIFICATE = "certificate"


_SENTENCES: dict[str, tuple[str, str]] = {
    NoteKind.TIMES: (
        "the times of 1 file are not trusted, so that it was merged as one block by its time of modification",
        "the times of {} files are not trusted, so that each was merged as one block by its time of modification",
    ),
    NoteKind.UNREADABLE: ("1 file may not be read by this agent", "{} files may not be read by this agent"),
    NoteKind.BINARY: ("1 file that holds no text was left out", "{} files that hold no text were left out"),
    NoteKind.LINK: (
        "1 link that leads out of the served roots was left out",
        "{} links that lead out of the served roots were left out",
    ),
    NoteKind.SAME: (
        "this is another name of an agent that was asked once, by its own name",
        "these are {} other names of agents that were asked once, by their own names",
    ),
    NoteKind.UNNAMED: (
        "this agent is too old to say its name, so that it is taken for the one that is listed; upgrade it",
        "{} agents are too old to say their names, so that they are taken for those that are listed; upgrade them",
    ),
    NoteKind.UNREAD: (
        "1 log matches, and was not read",
        "{} logs match, of which only those that were modified last were read",
    ),
    NoteKind.CURSOR: (
        "there is no cursor: the position of 1 log does not fit into one",
        "there is no cursor: the positions of {} logs do not fit into one",
    ),
    NoteKind.RECORD_CURSORS: (
        "records have no cursor of their own: the position of 1 log does not fit into one",
        "records have no cursor of their own: the positions of {} logs do not fit into one",
    ),
    NoteKind.LOOP: (
        "this agent lists as a primary 1 agent that asks it, which was not asked again, so that the loop is cut",
        "this agent lists as primaries {} agents that ask it, which were not asked again, so that the loops are cut",
    ),
    NoteKind.LABELS: (
        "the labels of this host are not known, so that its lines are counted as those of a host without the label",
        "the labels of {} hosts are not known, so that their lines are counted as those of hosts without the label",
    ),
    NoteKind.UNREAD_SOURCES: (
        "1 source of agents was never read, so that hosts which it names may be missing",
        "{} sources of agents were never read, so that hosts which they name may be missing",
    ),
    NoteKind.ABSENT_SOURCES: (
        "1 file of targets is not there, so that it names no hosts",
        "{} files of targets are not there, so that they name no hosts",
    ),
    NoteKind.CERTIFICATE: (
        "1 certificate ends within thirty days, or has ended",
        "{} certificates end within thirty days, or have ended",
    ),
}


@dataclass(frozen=True, slots=True)
class Note:
    """What was judged of some files of one host.

    Attributes:
        kind: a `NoteKind`, or another word, of an agent that knows more kinds.
        files: names of the first of them, at most `MAX_NAMED`.
        count: how many files there are, those without a name included.
        host: the agent's name; empty as long as only one host is spoken of.
    """

    kind: str
    files: tuple[str, ...]
    count: int
    host: str = ""

    @property
    def sentence(self) -> str:
        """The note for people, without its host."""
        one, many = _SENTENCES.get(
            self.kind, (f"1 file is noted as {self.kind}", f"{{}} files are noted as {self.kind}")
        )
        told = one if self.count == 1 else many.replace("{}", str(self.count), 1)
        return f"{told}: {self._named()}" if self.files else told

    def _named(self) -> str:
        names, more = [brief(name) for name in self.files], self.count - len(self.files)
        if more > 0:
            return f"{', '.join(names)} and {more} more"
        return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


class Notes:
    """Collects the notes of an answer, or of a part of it, on one host; each file counts once for each kind."""

    def __init__(self) -> None:
        self._files: dict[str, set[str]] = {}
        self._unnamed: Counter[str] = Counter()

    def add(self, kind: NoteKind, file: str) -> None:
        """Note that something is the case with a file.

        Args:
            kind: what is the case.
            file: its name, as clients know it; of a directory, with `/` at its end.
        """
        self._files.setdefault(kind, set()).add(file)

    def include(self, notes: Iterable[Note]) -> None:
        """Add the notes of a part that has ended, for instance of one log."""
        for note in notes:
            self._files.setdefault(note.kind, set()).update(note.files)
            self._unnamed[note.kind] += note.count - len(note.files)

    def told(self) -> tuple[Note, ...]:
        """Return the notes so far, one for each kind."""
        kinds = sorted(self._files.items())
        return tuple(Note(kind, bounded(files), len(files) + self._unnamed[kind]) for kind, files in kinds)


def bounded(files: Iterable[str]) -> tuple[str, ...]:
    """Return the names of some files that a note holds: the first by depth of their directories, and by name."""
    return tuple(sorted(set(files), key=lambda name: (name.rstrip("/").count("/"), name))[:MAX_NAMED])


def of_kinds(notes: Iterable[Note], *, times: bool) -> tuple[Note, ...]:
    """Return notes, those about times only if the answer sorts or cuts its lines by time."""
    return tuple(note for note in notes if times or note.kind != NoteKind.TIMES)


def brief(name: str) -> str:
    """Return a name, cut in its middle if it is longer than `MAX_NAME`."""
    half = MAX_NAME // 2 - 2
    return name if len(name) <= MAX_NAME else f"{name[:half]}...{name[-half:]}"


def add_up(notes: Iterable[Note]) -> tuple[Note, ...]:
    """Return the notes of several parts of an answer, which are about different files, as one of each host and kind."""
    total: dict[tuple[str, str], Note] = {}
    for note in notes:
        known = total.get((note.host, note.kind), Note(note.kind, (), 0, note.host))
        both = bounded(known.files + note.files)
        total[note.host, note.kind] = replace(known, files=both, count=known.count + note.count)
    return tuple(total[place] for place in sorted(total))


def unite(notes: Iterable[Note]) -> tuple[Note, ...]:
    """Return the notes of several looks at the same files as one of each host and kind."""
    total: dict[tuple[str, str], Note] = {}
    for note in notes:
        known = total.get((note.host, note.kind), note)
        files = {*known.files, *note.files}
        total[note.host, note.kind] = replace(
            known, files=bounded(files), count=max(known.count, note.count, len(files))
        )
    return tuple(total[place] for place in sorted(total))


def of_host(notes: Iterable[Note], host: str) -> tuple[Note, ...]:
    """Return notes with the name of their host."""
    return add_up(replace(note, host=host) for note in notes)
