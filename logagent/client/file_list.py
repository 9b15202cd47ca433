"""The list of files: one document, with a verdict as every answer has."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from logagent.client.errors import Incomplete
from logagent.client.values import Verdict
from logagent.core.wire.listing import ListedLog


@dataclass(frozen=True, slots=True)
class FileList:
    """The logs of hosts, over which it iterates.

    Attributes:
        logs: by host and name.
        verdict: how each host that was asked answered.
    """

    logs: tuple[ListedLog, ...]
    verdict: Verdict

    def __iter__(self) -> Iterator[ListedLog]:
        return iter(self.logs)

    def __len__(self) -> int:
        return len(self.logs)

    def __getitem__(self, index: int) -> ListedLog:
        return self.logs[index]

    def raise_if_incomplete(self) -> None:
        """Raise `Incomplete` unless every host answered.

        Raises:
            Incomplete: with the verdict.
        """
        if not self.verdict.complete:
            raise Incomplete(self.verdict)
