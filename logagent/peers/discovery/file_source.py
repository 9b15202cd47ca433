"""Targets in files, which are looked at each second by their paths.

A look goes through the directory, so that a new file, one that is renamed over another, and one that is reached through
a link that was swapped, as those of a ConfigMap are, are all seen alike, on any kind of file system.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

import trio

from logagent.peers.discovery import file_reading
from logagent.peers.discovery.file_reading import NOTHING_READ, FileRead, Looked, TooManyFiles, found_by
from logagent.peers.discovery.sources import MakeState, SourceState
from logagent.watched_file import Stamp

LOOK = 1.0
"""Seconds between two looks: a change counts within two."""
UNFINISHED = 5.0
"""Seconds for which a file may be bad before that is told, since somebody may be writing it."""
SETTLED = 2.0
"""Seconds without a change after which a file is not read again: the kernel counts its times in ticks, and what comes
within the same tick does not show in them."""
HANGS = 10.0
"""Seconds that a look may take; then the disk that the files lie on is said to hang."""

Look = Callable[[], dict[str, Looked]]


@dataclass(slots=True)
class _File:
    """One file of targets.

    Attributes:
        changed: when it was last seen to have changed, on Trio's clock.
        last: what it gave when it was last read.
        bad_since: since when it cannot be used; infinity: it can.
    """

    state: SourceState
    stamp: Stamp = (-2,)
    changed: float = -math.inf
    last: FileRead = NOTHING_READ
    bad_since: float = math.inf

    def is_unsettled(self, moment: float) -> bool:
        """Return whether it is to be read again though it seems not to have changed."""
        return moment < self.changed + SETTLED or self.last.passing

    def note(self, looked: Looked, moment: float) -> None:
        """Note what a look found."""
        if looked.stamp != self.stamp:
            self.stamp, self.changed = looked.stamp, moment
        self.last = looked.read or self.last
        if not self.last.fault:
            self.bad_since = math.inf
            if looked.read is not None or self.state.fault:
                self.state.succeed(self.last.targets, self.last.wrong, absent=self.last.absent)
            return
        self.bad_since = min(self.bad_since, moment)
        if moment >= self.bad_since + UNFINISHED or not self.state.tried:
            self.state.fail(self.last.fault, moment - self.bad_since)


class FileSource:
    """The targets in a file, or in all files of a glob.

    Args:
        pattern: a path, whose last part may be a glob.
        cleartext: whether http may lead to another machine.
        make_state: makes a state that is told of changes.
        in_thread: calls what blocks; None: in a thread of its own, of which there is never more than one.
    """

    kind = "file"

    def __init__(
        self,
        pattern: str,
        *,
        make_state: MakeState,
        cleartext: bool = False,
        in_thread: Callable[[Look], Awaitable[dict[str, Looked]]] | None = None,
    ) -> None:
        self.setting, self._cleartext, self._make_state = pattern, cleartext, make_state
        self._in_thread = in_thread or self._in_own_thread
        self._limiter = trio.CapacityLimiter(1)
        self._whole = make_state(found_by(pattern))
        self._files: dict[str, _File] = {}

    @property
    def states(self) -> tuple[SourceState, ...]:
        """That of each file; where there is none, or the glob itself has failed, that of the pattern."""
        each = tuple(file.state for file in self._files.values())
        return each if each and not self._whole.fault else (self._whole, *each)

    async def run(self) -> None:
        """Look each second."""
        while True:
            await self.look()
            await trio.sleep(LOOK)

    async def look(self) -> None:
        """Look once."""
        moment = trio.current_time()
        known = {path: file.stamp for path, file in self._files.items()}
        unsettled = {path for path, file in self._files.items() if file.is_unsettled(moment)}
        try:
            with trio.fail_after(HANGS):
                looked = await self._in_thread(
                    partial(file_reading.look, self.setting, known, unsettled, cleartext=self._cleartext)
                )
        except TooManyFiles as many:
            self._whole.fail(str(many))
        except trio.TooSlowError:
            self._whole.fail(f"the disk has not answered for {HANGS:g} s")
        else:
            self._note(looked, moment)

    def _note(self, looked: dict[str, Looked], moment: float) -> None:
        vanished = self._files.keys() - looked.keys()
        for path in vanished:
            del self._files[path]
        for path, one in looked.items():
            if path not in self._files:
                self._files[path] = _File(self._make_state(found_by(path)))
            self._files[path].note(one, moment)
        if self._whole.fault or not self._whole.tried or bool(self._whole.wrong) == bool(looked):
            self._whole.succeed((), () if looked else ("no file matches",))
        if vanished:
            self._whole.changed()

    async def _in_own_thread(self, look: Look) -> dict[str, Looked]:
        return await trio.to_thread.run_sync(look, abandon_on_cancel=True, limiter=self._limiter)
