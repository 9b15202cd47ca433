"""What an agent tells of itself: its state among those of the hosts that it knows, and certificates that end soon."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from logagent import __version__
from logagent.core.notes import Note, NoteKind, Notes, of_host
from logagent.core.wire.certificates import ending
from logagent.core.wire.hosts import HostState


def notes_of_ending(certificates: Mapping[str, float], host: str) -> tuple[Note, ...]:
    """Return a note if certificates of a host end soon; looked at for each question, as an agent runs for months."""
    now, notes = time.time(), Notes()
    for told in filter(None, (ending(name, ends, now) for name, ends in certificates.items())):
        notes.add(NoteKind.CERTIFICATE, told)
    return of_host(notes.told(), host)


def own_state(
    host: str, addresses: Sequence[str], certificates: Mapping[str, float], labels: Mapping[str, str]
) -> HostState:
    """Return the state of this agent, as it tells it of itself.

    Args:
        host: its name.
        addresses: URLs at which it is reached.
        certificates: when its own certificates end, by name, its own first, in seconds since the epoch.
        labels: of the host.
    """
    notes = notes_of_ending(certificates, host)
    told = "".join(f"its certificates: {'; '.join(note.files)}" for note in notes)
    ends = next(iter(certificates.values()), None)
    where = ", ".join(addresses)
    return HostState(host, where, True, __version__, 0.0, told, ends, labels=labels, labels_known=True)
