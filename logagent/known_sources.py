"""The sources in which an agent finds others, as far as a caller may know of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from logagent.core.access.caller import Caller
from logagent.core.access.rules import Rules, What
from logagent.core.globs import is_glob
from logagent.core.notes import Note, NoteKind, bounded
from logagent.core.query import Query, Source
from logagent.core.wire.host_choice import is_condition
from logagent.core.wire.told_sources import ToldSource
from logagent.fanout.lacking import Lacking


class KnownSources:
    """The sources in which an agent finds others.

    Args:
        told: returns how each of them fares; None: there are none.
        rules: say who may know of them: whoever may see every host that there could be.
        host: the agent's name.

    Attributes:
        finds: whether other agents may come and go while the agent runs.
    """

    def __init__(
        self, told: Callable[[], Sequence[ToldSource]] | None = None, rules: Rules | None = None, host: str = ""
    ) -> None:
        self.finds = told is not None
        self._told = told or tuple
        self._rules = rules or Rules()
        self._host = host

    def shown_to(self, caller: Caller) -> list[ToldSource] | None:
        """Return how each fares; None: the caller may not know of them, since they name files and hosts."""
        return [*self._told()] if self._rules.shows_any_host(caller, What.HOSTS) else None

    def answering(self, source: Source, query: Query, caller: Caller, *, through: bool) -> Source:
        """Return the source of an answer that says where it may lack hosts, since what names them was never read.

        Args:
            source: of the answer of the hosts that are known.
            query: which they answer.
            caller: who asks.
            through: whether an agent asks for him, which judges that.
        """
        if query.own:
            return source
        return Lacking(source, self._host, self.notes(query, caller), lambda: not self._unread(), judges=not through)

    def notes(self, query: Query, caller: Caller) -> tuple[Note, ...]:
        """Return what is to be noted where a query may mean hosts that are not known; who may not know more, no names.

        Args:
            query: what is asked.
            caller: who asks.
        """
        if query.own or (query.hosts and not any(is_glob(one) or is_condition(one) for one in query.hosts)):
            return ()
        absent = [source for source in self._told() if source.is_absent]
        kinds = ((NoteKind.ABSENT_SOURCES, absent), (NoteKind.UNREAD_SOURCES, self._unread()))
        names = self._rules.shows_any_host(caller, What.HOSTS)
        return tuple(
            Note(kind, bounded(map(_named, sources)) if names else (), len(sources), self._host)
            for kind, sources in kinds
            if sources
        )

    def _unread(self) -> list[ToldSource]:
        return [source for source in self._told() if source.is_unread]


def _named(source: ToldSource) -> str:
    return source.found_by if source.is_absent else f"{source.found_by} ({source.trouble})"
