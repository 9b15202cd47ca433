"""Where the wanted lines begin in a text that comes in pieces."""

from __future__ import annotations

from logagent.core.code_units import width
from logagent.disk.archives.text_at_hand import TRAIL
from logagent.disk.files.text_form import without_lead


class TextStart:
    """Skips NULs and a mark before the first line, and all lines that begin before an offset in the file.

    Args:
        begin: the offset.
        unit: bytes of a code unit in the file; if it is more than 1, no piece may go past `begin`.

    Attributes:
        found: whether the beginning was found, so that nothing more is to be skipped.
        trail: the last bytes of the text that was skipped.
    """

    def __init__(self, begin: int, unit: int) -> None:
        self._begin = begin
        self._unit = unit
        self._leads = True
        self._within = False
        self.found = False
        self.trail = b""

    def skip(self, text: bytes, place: int) -> int:
        """Return how many bytes of the next piece are to be skipped.

        Args:
            place: the offset in the file at which the piece begins.
        """
        lead = len(text) - len(without_lead(text)) if self._leads else 0
        self._leads = self._leads and lead == len(text)
        ahead = max(lead, self._before(text, place))
        if lead < ahead:
            self._within = not text[:ahead].endswith(b"\n")
        if self._within and ahead < len(text):
            ahead = text.find(b"\n", ahead) + 1 or len(text)
            self._within = ahead == len(text) and not text.endswith(b"\n")
        self.trail = (self.trail + text[:ahead])[-TRAIL:]
        self.found = ahead < len(text)
        return ahead

    def _before(self, text: bytes, place: int) -> int:
        if self._unit == 1:
            return min(len(text), max(0, self._begin - place))
        return len(text) if place + width(text, self._unit) <= self._begin else 0
