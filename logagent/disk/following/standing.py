"""What a follower tells of the state of its log, each once: that it is gone, cannot be opened or is damaged."""

from __future__ import annotations

from logagent.core.batch import Notice
from logagent.core.outcome import Failure, Status
from logagent.disk.rotation.chain import Chain


class Standing:
    """The state of a log as one follower has told it.

    Args:
        host: host that the log is on.
        chain: the files of the log.
    """

    def __init__(self, host: str, chain: Chain) -> None:
        self._host = host
        self._chain = chain
        self._trouble: Failure | None = None
        self._gone: Failure | None = None
        self._loss: Failure | None = None

    def news(self, number: int) -> list[Notice]:
        """Return a notice if the log is gone since the last call, or is there again, or a file turned out damaged.

        Args:
            number: of the file that is read.
        """
        gone, loss = self._chain.whereabouts.gone, self._chain.files[number].loss
        told = self._notices(gone if self._gone is None else None) + self._notices(
            loss if loss is not self._loss else None
        )
        if gone is None and self._gone is not None:
            told.append(Notice(self._host, Status.OK, f"{self._chain.name} is there again"))
        self._gone, self._loss = gone, loss
        return told

    def trouble(self) -> list[Notice]:
        """Return a notice, once, why the next file cannot be opened."""
        before, self._trouble = self._trouble, self._chain.retries.trouble
        return self._notices(self._trouble if before is None else None)

    def _notices(self, failure: Failure | None) -> list[Notice]:
        return [] if failure is None else [Notice(self._host, failure.status, failure.message)]
