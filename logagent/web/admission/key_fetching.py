"""Having the keys of an identity provider at hand: fetched now and then, by one task that no client can drive.

Requests read the keys that are known, and at most ask that task to look again. It fetches them when the agent starts,
before they are old, and once a minute at most because a token names a key that is not among them.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

import trio

from logagent.core.outcome import Failure
from logagent.web.admission.provider_keys import BadKeys, KeySet, listed

FRESH = 600.0
"""Seconds after which keys are fetched again: so long a key counts that the provider has withdrawn."""
KEPT = 24 * 3600.0
"""Seconds for which keys are used while no others can be fetched: an identity provider that is down is no reason to
keep people from logs, and few tokens outlive that."""
PAUSE = 60.0
"""Seconds from one attempt to the next that a token can cause: whoever invents keys does not reach the provider."""
SOONEST_RETRY = 5.0
"""Seconds from a first failure to the next attempt; twice as many after each further one, up to `PAUSE`."""
FETCH_TIMEOUT = 10.0
"""Seconds that an attempt may take."""
REQUEST_PATIENCE = FETCH_TIMEOUT + 1.0
"""Seconds that a request waits for the end of an attempt, which says itself that it took too long."""

_log = logging.getLogger(__name__)


class NoKeys(Exception):
    """There is no key to verify a token by, or the right one may be missing; the message says why."""


class FetchedKeys:
    """The keys of one provider.

    Args:
        address: where they are, for messages.
        fetch: gets their document; raises `Failure`.
        read: reads it; raises `BadKeys`.
    """

    def __init__(self, address: str, fetch: Callable[[], Awaitable[bytes]], read: Callable[[bytes], KeySet]) -> None:
        self._address = address
        self._fetch = fetch
        self._read = read
        self._known: KeySet | None = None
        self._known_since = 0.0
        self._failures = 0
        self._failure = ""
        self._began = 0.0
        self._is_under_way = True  # From the beginning: the first attempt is due at once.
        self._ended = trio.Event()
        self._asked = trio.Event()
        self._running = trio.CancelScope()

    async def run(self) -> None:
        """Fetch the keys now and then, until `stop` is called."""
        with self._running:
            while True:
                self._is_under_way, self._began = True, trio.current_time()
                try:
                    await self._attempt()
                finally:
                    self._is_under_way = False
                    ended, self._ended, self._asked = self._ended, trio.Event(), trio.Event()
                    ended.set()
                await self._rest()

    def stop(self) -> None:
        """Fetch nothing any more; the keys that are known can still be used."""
        self._running.cancel()

    async def known(self) -> KeySet:
        """Return the keys that are known; wait for the attempt that is under way if there are none.

        Raises:
            NoKeys: if there are still none, or only such as are too old.
        """
        if self._usable() is None and self._is_under_way:
            await self._end_of_attempt()
        usable = self._usable()
        if usable is None:
            raise NoKeys(self._why())
        return usable

    async def looked_up_again(self) -> KeySet:
        """Return the keys after a further attempt, if it is time for one, else those that are known.

        Raises:
            NoKeys: if the last attempt failed, so that a key may be missing.
        """
        self._asked.set()
        if self._is_under_way or (not self._failures and trio.current_time() >= self._began + PAUSE):
            await self._end_of_attempt()
        if self._failures:
            raise NoKeys(self._why())
        return await self.known()

    def may_hold(self, fingerprint: str) -> bool:
        """Return whether a key was among those that were fetched last; True while none were."""
        return self._known is None or self._known.holds(fingerprint)

    def take_over(self, other: FetchedKeys) -> None:
        """Begin with the keys that another object has from the same address, so that none are missing meanwhile."""
        self._known, self._known_since = other._known, other._known_since

    def _usable(self) -> KeySet | None:
        return self._known if trio.current_time() < self._known_since + KEPT else None

    def _why(self) -> str:
        return f"the keys at {self._address} cannot be fetched: {self._failure or 'no answer yet'}"

    async def _end_of_attempt(self) -> None:
        """Wait for the end of the attempt that is under way, or about to begin."""
        with trio.move_on_after(REQUEST_PATIENCE):
            await self._ended.wait()

    async def _rest(self) -> None:
        if self._failures:
            await trio.sleep(min(PAUSE, SOONEST_RETRY * 2 ** min(self._failures - 1, 10)))
            return
        with trio.move_on_after(FRESH):
            await self._asked.wait()
            await trio.sleep_until(self._began + PAUSE)

    async def _attempt(self) -> None:
        try:
            with trio.fail_after(FETCH_TIMEOUT):
                document = await self._fetch()
            known = self._read(document)
        except trio.TooSlowError:
            self._note_failure(f"no answer within {FETCH_TIMEOUT:g} s")
        except Failure as failure:
            self._note_failure(failure.message)
        except BadKeys as bad:
            self._note_failure(f"the document cannot be used: {bad}")
        else:
            self._note_success(known)

    def _note_failure(self, why: str) -> None:
        self._failures += 1
        if why != self._failure:
            self._failure = why
            left = "no token of this provider can be verified"
            if self._usable() is not None:
                left = f"those that were fetched before count for {KEPT / 3600:g} h"
            _log.warning("identity provider: %s; %s; it is tried again once a minute", self._why(), left)

    def _note_success(self, known: KeySet) -> None:
        if self._failures:
            _log.warning("identity provider: the keys at %s are fetched again", self._address)
        if known.unused and (self._known is None or known.unused != self._known.unused):
            _log.warning(
                "identity provider: of the keys at %s some are not used: %s", self._address, listed(known.unused)
            )
        self._known, self._known_since = known, trio.current_time()
        self._failures, self._failure = 0, ""
