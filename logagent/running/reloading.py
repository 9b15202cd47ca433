"""Reading everything that an agent was started with anew, and putting it in force without dropping an answer."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, tzinfo
from typing import Any

import trio

from logagent.admitting.identity_provider import fetch_keys
from logagent.config.errors import ConfigError, told_by_system
from logagent.config.settings import Settings
from logagent.config.table import SETTINGS
from logagent.running.finding import Finding
from logagent.running.in_force import InForce, Lasting, Prepared, bounds, in_force, prepared
from logagent.running.kept_peers import PeersKept
from logagent.running.measuring import figures_of
from logagent.running.opening import Change, Openings
from logagent.web.current_app import CurrentApp
from logagent.web.rights import RightsWatch

FIXED = tuple(setting.name for setting in SETTINGS if setting.restart)
"""The settings that only a restart changes."""
COMMITTING = 10.0
"""Seconds in which what was made is put in force, though whoever asked for it has gone: it takes milliseconds, and
half of it would be neither the old state nor the new one."""

_log = logging.getLogger(__name__)

Again = Callable[[Mapping[str, Sequence[str]]], Settings]
"""Reads the settings anew from where they were given at the start; its argument overrides some, as flags do."""


class ReloadError(Exception):
    """Why nothing was changed, in a sentence for people."""


@dataclass(frozen=True, slots=True)
class Reloaded:
    """What a reload has changed.

    Attributes:
        changed: names of the settings that have another value now.
        restart: names of the settings whose new value takes a restart; the old one stays.
        rules: how many there are.
        certificate: whether the files of TLS hold something else now.
        ends: when the agent's own certificate ends, in seconds since the epoch; None: it has none.
        added: peers that it did not know before.
        removed: peers that it knew before.
        warnings: what is wrong all the same, for people.
    """

    changed: tuple[str, ...] = ()
    restart: tuple[str, ...] = ()
    rules: int = 0
    certificate: bool = False
    ends: float | None = None
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


async def _in_thread(function: Callable[[], Any]) -> Any:
    return await trio.to_thread.run_sync(function)


class Reloader:
    """What is in force, and the one way to change it.

    Args:
        first: what is in force at the start; its peers run already.
        lasting: what stays whatever the settings become.
        openings: the listeners.
        again: reads the settings anew; None: they stay what they are.
        kept: the connections to peers.
        nursery: in which what was in force before waits for the end of its last answer, and keys of an identity
            provider are fetched.
        stopping: set when the agent stops; then nothing changes any more.
        in_thread: calls what blocks.

    Attributes:
        app: gives each request to what is in force.
        now: what is in force.
        rights: looks after the rights of the answers under way.
    """

    def __init__(
        self,
        first: InForce,
        lasting: Lasting,
        openings: Openings,
        *,
        again: Again | None,
        kept: PeersKept,
        nursery: trio.Nursery,
        stopping: trio.Event,
        in_thread: Callable[[Callable[[], Any]], Awaitable[Any]] = _in_thread,
    ) -> None:
        self.now = first
        self.app = CurrentApp(first.app)
        self.rights = RightsWatch(lambda: lasting.answers.all, first.access, first.judge)
        self._lasting = lasting
        self._openings = openings
        self._again = again or (lambda fixed: first.settings)
        self._kept = kept
        self._nursery = nursery
        self._stopping = stopping
        self._in_thread = in_thread
        self._one_at_a_time = trio.Lock()
        lasting.observing.metrics.figures = lambda: figures_of(
            lasting.answers, lasting.threads, self.now.tls.ends, lasting.observing, self.now.discovery
        )
        fetch_keys(first.provider, None, nursery)
        self._finding = Finding(nursery, kept.set_found)
        self._finding.run(first.discovery)

    def refused_at_once(self, scope: Mapping[str, Any]) -> tuple[int, str] | None:
        """Return why a request is refused before anything is done for it; see `Access.refused_at_once`."""
        return self.now.access.refused_at_once(scope)

    async def reload(self) -> Reloaded:
        """Read everything anew and put it in force, for the questions that come from now on.

        While another reload is under way, it waits for that, and reads everything once more.

        Raises:
            ReloadError: when something is wrong; then nothing has changed.
        """
        metrics = self._lasting.observing.metrics
        async with self._one_at_a_time:
            with metrics.reloading():
                if self._stopping.is_set():
                    raise ReloadError("the agent is stopping")
                asked, made, change = await self._prepared()
                with trio.fail_after(COMMITTING) as whole:
                    whole.shield = True
                    return await self._put_in_force(asked, made, change)

    async def reload_and_tell(self) -> dict[str, Any]:
        """Reload, and say on standard error what came of it.

        Returns:
            The same as an object for JSON, for the command `reload`.
        """
        try:
            reloaded = await self.reload()
        except ReloadError as error:
            _log.error("not reloaded, and nothing is changed: %s", error)
            return {"error": str(error)}
        except Exception:
            _log.exception("not reloaded")
            return {"error": "internal error; the agent's own log says more"}
        phrases = told(reloaded)
        _log.warning("reloaded: %s", "; ".join([*phrases, *reloaded.warnings]))
        return {"told": phrases, "restart": list(reloaded.restart), "warnings": list(reloaded.warnings)}

    async def _prepared(self) -> tuple[Settings, Prepared, Change]:
        try:
            asked, made = await self._in_thread(self._read)
            return asked, made, self._openings.changed(made.settings, made.tls.server)
        except ConfigError as error:
            raise ReloadError(str(error)) from None
        except OSError as error:
            raise ReloadError(told_by_system(error)) from None

    def _read(self) -> tuple[Settings, Prepared]:
        """Return the settings that are asked for, and what is made of those that can be put in force."""
        asked = self._again({})
        now = self.now.settings
        fixed = {name: (_typed(getattr(now, name)),) for name in FIXED if getattr(now, name) != getattr(asked, name)}
        return asked, prepared(self._again(fixed) if fixed else asked, self.now)

    async def _put_in_force(self, asked: Settings, made: Prepared, change: Change) -> Reloaded:
        before = self.now
        drain = not before.tls.same_authority(made.tls)
        if change.taken:
            made = replace(made, settings=replace(made.settings, listen=before.settings.listen))
        try:
            addresses = self._openings.addresses_after(change, made.settings)
            now = in_force(made, self._lasting, addresses, before)
            if now.peers is not before.peers:
                await self._kept.keep(now.peers)
        except BaseException:
            change.give_up()
            raise
        await self._openings.commit(change, made.settings, made.tls.server, drain=drain)
        self.now = now
        if now.tls is not before.tls:
            self._kept.renew(now.tls.client)
        fetch_keys(now.provider, before.provider, self._nursery)
        self._lasting.answers.bound(**bounds(now.settings))
        self.rights.replace(now.access, now.judge)
        self._finding.run(now.discovery)
        self._lasting.observing.renew(now.settings)
        self._nursery.start_soon(_let_go_of, before, self.app.replace(now.app))
        restart = [name for name in FIXED if getattr(asked, name) != getattr(now.settings, name)]
        return _compared(before, now, (*restart, *(("listen",) if change.taken else ())), made.warnings)


async def _let_go_of(before: InForce, unused: trio.Event) -> None:
    """Close what only answers from before a reload still use, once they have ended."""
    await unused.wait()
    before.peers.let_go()


def _typed(value: object) -> str:
    return "" if value is None else str(value)


def _compared(before: InForce, now: InForce, restart: tuple[str, ...], warnings: tuple[str, ...]) -> Reloaded:
    old, new = before.settings, now.settings
    names = [each.name for each in fields(Settings)]
    return Reloaded(
        changed=tuple(name for name in names if not _same(getattr(old, name), getattr(new, name))),
        restart=restart,
        rules=len(new.rule),
        certificate=before.tls.contents != now.tls.contents,
        ends=next(iter(now.tls.ends.values()), None),
        added=tuple(sorted(set(new.known_agents) - set(old.known_agents))),
        removed=tuple(sorted(set(old.known_agents) - set(new.known_agents))),
        warnings=warnings,
    )


def _same(old: object, new: object) -> bool:
    """Return whether two values of a setting are the same; a zone that is read from a file is never equal to itself."""
    return old == new or (isinstance(old, tzinfo) and isinstance(new, tzinfo) and str(old) == str(new))


def told(reloaded: Reloaded) -> list[str]:
    """Return what a reload has changed, a phrase each."""
    ends = "" if reloaded.ends is None else f", until {datetime.fromtimestamp(reloaded.ends, UTC):%Y-%m-%dT%H:%M:%SZ}"
    parts = [
        ("changed", ", ".join(reloaded.changed)),
        ("rules", str(reloaded.rules) if "rule" in reloaded.changed else ""),
        ("peers added", ", ".join(reloaded.added)),
        ("peers removed", ", ".join(reloaded.removed)),
        ("certificates", f"others now{ends}" if reloaded.certificate else ""),
        ("takes a restart", ", ".join(reloaded.restart)),
    ]
    return [f"{about}: {said}" for about, said in parts if said] or ["nothing has changed"]
