"""The one hook by which the story of a request is told: called at the edges, and heard by observers.

A story is told in this order: accepted, parsed; for each host asked, first batch, left behind or not, and the host's
end; for each log of this host that was read; sent, for each batch; and ended, exactly once, whatever happened. All is
told on the event loop. The story of the request that a task works for is found by `current`, since tasks inherit the
context of the task that starts them.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from logagent.core.batch import Batch
from logagent.core.outcome import Outcome
from logagent.core.query import Query

_log = logging.getLogger(__name__)


class StageTimes(NamedTuple):
    """One stage of the reading of a log, such as `scan`.

    Attributes:
        began: when it first began, as `time.perf_counter_ns` counts.
        ended: when it last ended.
        spent: nanoseconds of work between these, other stages not counted.
    """

    began: int
    ended: int
    spent: int


class LogRead(NamedTuple):
    """The reading of one log of this host, which has ended.

    Attributes:
        log: its name.
        stages: by name, in no order.
        outcome: how it ended; None: it was cancelled.
    """

    log: str
    stages: Mapping[str, StageTimes]
    outcome: Outcome | None


@dataclass(eq=False, slots=True)
class Asking:
    """One host that is asked in the course of a request, this one or a peer.

    Attributes:
        host: its name.
        began: when it was asked, as `time.perf_counter_ns` counts.
        trace: the `traceparent` of requests to it; empty: that of the story, with an id of its own for each request.
        first: when its first batch with lines came; None: none has come.
        left: why it was left behind, in a sentence; empty: it was not.
        outcome: how it ended; None: it is being asked, or was cancelled.
        ended: when it ended or was cancelled; None: it is being asked.
        of: what observers keep, each by a key of its own.
    """

    host: str
    began: int = field(default_factory=time.perf_counter_ns)
    trace: str = ""
    first: int | None = None
    left: str = ""
    outcome: Outcome | None = None
    ended: int | None = None
    of: dict[object, Any] = field(default_factory=dict)


class Observer:
    """Hears the stories of requests; does nothing with them itself.

    Its methods are called on the event loop, for each request, so they take microseconds, and never wait.
    """

    def accepted(self, story: Story) -> None:
        """Hear that a request has come; the observer may set the story's `trace` to one with another span in it."""

    def parsed(self, story: Story) -> None:
        """Hear that the request's question is understood: it is the story's `query`."""

    def asked(self, story: Story, asking: Asking) -> None:
        """Hear that a host is asked; the observer may set the asking's `trace`."""

    def first_batch(self, story: Story, asking: Asking) -> None:
        """Hear that the first lines of a host have come."""

    def left_behind(self, story: Story, asking: Asking) -> None:
        """Hear that a host is not waited for any longer; the asking's `left` says why."""

    def host_ended(self, story: Story, asking: Asking) -> None:
        """Hear that a host has ended or was cancelled; the asking's `outcome` says how."""

    def read(self, story: Story, reading: LogRead) -> None:
        """Hear that the reading of a log of this host has ended."""

    def sent(self, story: Story, batch: Batch, lines: int) -> None:
        """Hear that a batch of so many lines is about to be sent to the client."""

    def taken(self, story: Story) -> None:
        """Hear that the client's connection has taken that batch."""

    def ended(self, story: Story) -> None:
        """Hear that the request has ended."""


EVENTS = tuple(name for name in vars(Observer) if not name.startswith("_"))
"""The names of all events."""


@dataclass(eq=False, slots=True, kw_only=True)
class Story:
    """What is told of one request, from its acceptance to its end.

    Attributes:
        listeners: methods of observers, by the event that each hears of.
        trace: the request's `traceparent`: as it came with the request, or begun here; as observers have set it.
        tracestate: the request's header of that name; empty: it had none, or its `traceparent` was not valid.
        is_root: whether the trace was begun here.
        method: of HTTP.
        path: of the request's URL, without its query, and without what may be parameters in the wrong place.
        client: the client's address and port, for people; empty: it has none.
        version: of HTTP.
        scheme: `https` or `http`.
        accepted_at: when it came, in nanoseconds since the epoch.
        began: the same, as `time.perf_counter_ns` counts.
        caller: who asks; empty: it is not settled.
        chain: names of the agents that ask for him, first of the one that proved who he is; empty: he asks himself.
        query: the question; None: there is none, or it was not understood.
        status: HTTP's status of the response; 0: it has not begun.
        reason: why it was refused, for people, without what was searched for; empty: it was not.
        refusal_told: whether the logger of refusals has told of it.
        asks_itself: whether this agent has asked itself, as one does whose list of agents names it; refused, since it
            has been asked already.
        outcome: of an answer that streams; None: it has not ended, or the response is a document.
        lines: sent.
        scanned: bytes of log that were scanned, here and by peers.
        bytes_sent: bytes of the body that were given to the client's connection, compressed as they were sent.
        first_line: when its first line was about to be sent, as `began`; None: none was.
        delivered: whether the response was given to the connection to its end.
        ended_at: when it ended, as `began`; None: it is under way.
        askings: the hosts that were asked, by name.
        of: what observers keep, each by a key of its own.
    """

    listeners: Mapping[str, Sequence[Callable[..., None]]] = field(default_factory=dict)
    trace: str = ""
    tracestate: str = ""
    is_root: bool = False
    method: str = ""
    path: str = ""
    client: str = ""
    version: str = ""
    scheme: str = ""
    accepted_at: int = field(default_factory=time.time_ns)
    began: int = field(default_factory=time.perf_counter_ns)
    caller: str = ""
    chain: tuple[str, ...] = ()
    query: Query | None = None
    status: int = 0
    reason: str = ""
    refusal_told: bool = False
    asks_itself: bool = False
    outcome: Outcome | None = None
    lines: int = 0
    scanned: int = 0
    bytes_sent: int = 0
    first_line: int | None = None
    delivered: bool = False
    ended_at: int | None = None
    askings: dict[str, Asking] = field(default_factory=dict)
    of: dict[object, Any] = field(default_factory=dict)

    def tell(self, event: str, *about: Any) -> None:
        """Tell each observer of an event; one that fails loses its own telling only.

        Args:
            event: the name of a method of `Observer`.
            about: what it is called with, behind the story.
        """
        for hear in self.listeners.get(event, ()):
            try:
                hear(self, *about)
            except Exception:
                _log.exception("%s could not hear of %r", type(getattr(hear, "__self__", hear)).__name__, event)

    def understood(self, query: Query) -> None:
        """Tell that the request's question is understood."""
        self.query = query
        self.tell("parsed")

    def sending(self, batch: Batch, lines: int) -> None:
        """Tell that a batch of so many lines is about to be sent."""
        if lines and self.first_line is None:
            self.first_line = time.perf_counter_ns()
        self.lines += lines
        self.scanned += batch.scanned
        self.tell("sent", batch, lines)

    def leave_behind(self, host: str, why: str) -> None:
        """Tell that a host is not waited for any longer."""
        asking = self.askings.get(host)
        if asking is not None:
            asking.left = why
            self.tell("left_behind", asking)

    def end(self) -> None:
        """Tell that the request has ended."""
        self.ended_at = time.perf_counter_ns()
        self.tell("ended")


UNTOLD = Story()
"""The story of what belongs to no request: nobody hears it."""

_current: ContextVar[Story] = ContextVar("story", default=UNTOLD)
_asking: ContextVar[Asking | None] = ContextVar("asking", default=None)


def current() -> Story:
    """Return the story of the request that this task works for."""
    return _current.get()


def asking_now() -> Asking | None:
    """Return the asking that this task works for; None: it asks no host in particular."""
    return _asking.get()


class Telemetry:
    """Tells the observers of one agent of its requests.

    Args:
        observers: who hear of them.

    """

    def __init__(self, observers: Sequence[Observer] = ()) -> None:
        self.observers = observers

    @property
    def observers(self) -> tuple[Observer, ...]:
        """Who hear of requests; of a change, those hear that begin later."""
        return self._observers

    @observers.setter
    def observers(self, observers: Sequence[Observer]) -> None:
        self._observers = tuple(observers)
        # Settled here once: an observer costs a request nothing for the events that it does not hear of.
        self._listeners = {event: _listeners(observers, event) for event in EVENTS}

    def begin(self, story: Story) -> None:
        """Begin the story of a request, in the context of the task that answers it."""
        story.listeners = self._listeners
        _current.set(story)
        story.tell("accepted")


def _listeners(observers: Sequence[Observer], event: str) -> tuple[Callable[..., None], ...]:
    silent = getattr(Observer, event)
    return tuple(getattr(one, event) for one in observers if getattr(type(one), event, None) is not silent)


@contextmanager
def asking(host: str, *, told: bool = True) -> Iterator[Asking]:
    """Ask a host within the block, in the course of the current request; its end, or its cancellation, is told.

    Args:
        host: its name.
        told: whether observers hear of it; not of an agent that only looks whether it is meant itself.
    """
    story, one = _current.get(), Asking(host)
    if not told:
        yield one
        return
    story.askings[host] = one
    story.tell("asked", one)
    before = _asking.set(one)
    try:
        yield one
    finally:
        _asking.reset(before)
        one.ended = time.perf_counter_ns()
        story.tell("host_ended", one)
