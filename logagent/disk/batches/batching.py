"""Making batches of the lines that a query selects, up to its limits."""

from __future__ import annotations

from logagent.core.batch import Batch, Column, LineFlag, Origin, as_column
from logagent.core.columns import joined
from logagent.core.limits import Allowance
from logagent.core.matching.matcher import Matcher
from logagent.core.query import Order, Query
from logagent.disk.archives.picked_lines import PickedLines
from logagent.disk.batches.entered_file import EnteredFile, PlaceOf, places_in
from logagent.disk.batches.lines import SelectedLines
from logagent.disk.batches.picking import selected_again
from logagent.disk.batches.records import selector_for
from logagent.disk.batches.whole_blocks import WholeBlocks
from logagent.disk.files.blocks import Block
from logagent.disk.times.stamping import Times


class BatchBuilder:
    """Collects the lines of an answer, block by block, in the order of the answer, file by file.

    Args:
        max_line: bytes to which lines are cut.

    Attributes:
        count: lines collected since the last `take`.
        size: their bytes.
        sent: lines taken so far.
        cut: how many of all lines, collected or taken, were cut.
    """

    def __init__(self, query: Query, matcher: Matcher, max_line: int) -> None:
        self._max_line = max_line
        self._newest = query.form.order is Order.NEWEST
        self._wants_times = query.form.times
        self._wants_places = query.form.places
        self._selector = selector_for(query, matcher, starts=query.form.times or query.form.places)
        self._allowance = Allowance(query.limits.of_one_log, query.limits.max_bytes, query.trailing)
        self._whole = WholeBlocks(query, matcher, max_line, self._allowance)
        self._entered: list[EnteredFile] = []
        self._stamping: Times | None = None
        self._key = 0
        self._stopped: tuple[int, int] | None = None
        self.sent = self.cut = self.count = self.size = 0
        self._start_batch()

    def enter(self, origin: Origin, stamping: Times | None, place_of: PlaceOf | None = None) -> None:
        """Begin with another file.

        Args:
            stamping: gives its lines their times; None: none are wanted.
            place_of: gives the offset in the file for that of a line in the blocks; None: they are the same.
        """
        self._stamping = stamping
        self._selector.enter(len(self._entered), stamping)
        self._entered.append(EnteredFile(origin, place_of))

    @property
    def done(self) -> bool:
        """Whether a limit of the query is reached, so that no further line is collected."""
        return self._allowance.used_up

    @property
    def refused(self) -> bool:
        """Whether a line was left out because it would have passed `max_bytes`."""
        return self._allowance.refused

    def add(self, block: Block, *, partial: bool = False) -> None:
        """Collect the lines of a block that the query selects.

        Args:
            partial: whether the last line is only a piece of a line.
        """
        if not partial and (count := self._whole.admit(block)):
            self._files.append((len(self._entered) - 1, count))
            self._put(block.body, count)
            return
        selected = self._selector.add(block)
        if (
            partial
            and selected.starts
            and selected.starts[-1] + len(selected.lines[-1]) == block.offset + len(block.body)
        ):
            selected = selected.with_flag_on_last(LineFlag.PARTIAL)
        self._collect(selected, may_be_long=len(block.body) > self._max_line)

    def add_picked(self, picked: PickedLines) -> None:
        """Collect lines of an archive that were selected before, and have times if times are wanted."""
        self._collect(selected_again(picked), may_be_long=max(map(len, picked.lines)) > self._max_line)

    @property
    def waits(self) -> bool:
        """Whether an event waits for its last lines."""
        return self._selector.waits

    def add_long(self, start: int, head: bytes, *, matches: bool) -> None:
        """Collect a line too long to be held, if the query selects it.

        Args:
            start: its offset in the file.
            head: its first bytes.
            matches: whether the whole line matches.
        """
        self._collect(self._selector.add_long(start, head, matches), may_be_long=True)

    def finish(self) -> None:
        """Collect the event or context that waits for further lines, since there are none."""
        self._collect(self._selector.finish(), may_be_long=True)

    def take(self) -> Batch:
        """Return the lines collected since the last call."""
        origins, origin = _origins_of(self._files, self._entered)
        batch = Batch(
            b"".join(self._bodies),
            self.count,
            joined(self._times) if self._wants_times else None,
            joined(self._offsets) if self._wants_places else None,
            origins,
            origin,
            flags=bytes(self._flags) if self._flags else None,
            keys=self._keys if self._wants_times and self._flags else None,
        )
        self.sent += self.count
        self._start_batch()
        return batch

    def _start_batch(self) -> None:
        self._bodies: list[bytes] = []
        self._times: list[Column] = []
        self._offsets: list[Column] = []
        self._files: list[tuple[int, int]] = []
        self._flags, self._keys = bytearray(), list[int]()
        self.count = self.size = 0

    def _collect(self, selected: SelectedLines, *, may_be_long: bool) -> None:
        lines = selected.lines
        may_be_long = may_be_long or selected.flags is not None  # context may come from earlier blocks
        sent = [line[: self._max_line] for line in lines] if may_be_long else lines
        body = b"\n".join([*sent, b""])
        count = self._allowance.admit(sent, selected.flags, len(body))
        if lines and self._allowance.used_up and self._stopped is None:
            self._stopped = self._stop(selected, count)
        if count == 0:
            return
        if may_be_long:
            self.cut += sum(len(line) > self._max_line for line in lines[:count])
        self._add_columns(selected, count)
        if count < len(sent):
            body = b"\n".join([*sent[:count], b""])
        self._put(body, count)

    def _put(self, body: bytes, count: int) -> None:
        self._bodies.append(body)
        self.count += count
        self.size += len(body)

    def reached(self, offset: int) -> tuple[int, int]:
        """Return the position of the log once all lines are sent: a file's fingerprint and an offset (see `Position`).

        Args:
            offset: the offset up to which blocks of the current file were added.
        """
        kept = self._selector.kept
        if self._stopped is not None:
            file, offset = self._stopped
        elif kept:
            file, first = kept[0].file, kept[0]
            offset = self._entered[file].place(first.start, first.text if self._newest else None)
        else:
            file = len(self._entered) - 1
            offset = self._entered[file].place(offset)
        return self._entered[file].origin.fingerprint, offset

    def _stop(self, selected: SelectedLines, count: int) -> tuple[int, int]:
        """Return the file and the offset where the answer ended, if it has the first `count` of the selected lines."""
        if self._newest and count:
            return self._place(selected, selected.first_of_record(count - 1), behind=False)
        if self._newest:
            return self._place(selected, selected.last_of_record(0), behind=True)
        return self._place(selected, max(count - 1, 0), behind=count > 0)

    def _place(self, selected: SelectedLines, place: int, *, behind: bool) -> tuple[int, int]:
        """Return the file of a selected line, and the offset where it begins, or of the line after it."""
        file = len(self._entered) - 1 if selected.files is None else selected.files[place]
        start = selected.start(place, newest=self._newest)
        return file, self._entered[file].place(start, selected.lines[place] if behind else None)

    def _add_columns(self, selected: SelectedLines, count: int) -> None:
        if selected.files is None:
            self._files.append((len(self._entered) - 1, count))
        else:
            self._files += [(file, 1) for file in selected.files[:count]]
        if self._wants_places:
            self._offsets.append(as_column(places_in(self._entered, selected.starts[:count], selected.files)))
        if self._wants_times:
            times = selected.times_of_first(count, self._stamping, newest=self._newest)
            self._times.append(as_column(times))
            if selected.flags is not None:
                self._keys += self._keys_of(times, selected.flags)
        if selected.flags is not None:
            self._flags += selected.flags[:count]

    def _keys_of(self, times: Column, flags: bytes) -> list[int]:
        """Return for each line the time of the record that it belongs to."""
        keys: list[int] = []
        for place, time in enumerate(times):
            if not flags[place] & (LineFlag.CONTINUES | LineFlag.TRAILS):
                self._key = time if not flags[place] & LineFlag.LEADS else _key_behind(times, flags, place)
            keys.append(self._key)
        return keys


def _key_behind(times: Column, flags: bytes, place: int) -> int:
    behind = (at for at in range(place, len(times)) if not flags[at] & ~LineFlag.GAP)
    return times[next(behind, place)]


def _origins_of(
    lines: list[tuple[int, int]], entered: list[EnteredFile]
) -> tuple[tuple[Origin, ...], list[int] | None]:
    """Return the files of a batch, and for each line which of them it is from; None: there is only one.

    Args:
        lines: the number of a file, and how many lines are from it, in the order of the batch.
        entered: the files, by their numbers.
    """
    files = sorted({file for file, _ in lines})
    origins = tuple(entered[file].origin for file in files)
    if len(files) < 2:
        return origins, None
    place = {file: number for number, file in enumerate(files)}
    return origins, [place[file] for file, count in lines for _ in range(count)]
