"""What must hold after a run, as a table, and what else there is to tell of it."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Iterator, Sequence

from soaking import agreeing, standing
from soaking.account import Ending
from soaking.running import PRIMARY, STEADY, Soak

SHOWN = 30
"""Faults that are printed."""
MOST_INCOMPLETE = 0.25
"""Part of the answers that may be incomplete: of fewer complete ones the checks would say little."""
ENDED_BY_BUDGETS = frozenset({"budgets", "follow", "at rest"})
"""Kinds of questions that are to end incomplete."""
HEAD = ["what", "begin", "end", "bound", "holds", "why"]


def rows(soak: Soak) -> Iterator[tuple[bool, list[str]]]:
    """All that must hold, with its figures."""
    begin, end = soak.rounds[0], soak.rounds[-1]
    for host in soak.hosts:
        yield from standing.compared(host.name, begin[host.name], end[host.name], host.starts == 1)
    account = soak.account
    verdicts = account.verdicts(without=ENDED_BY_BUDGETS)
    whole = verdicts[0] / max(1, verdicts.total())
    broken = sum(asked.ending is Ending.BROKEN and asked.kind != "strict" for asked in account.asked)
    bugs = sum("Traceback" in host.talk for host in soak.hosts)
    exits = sum((host.exits for host in soak.hosts), start=Counter[int]())
    yield _row("faults of answers", f"{account.lines_checked:,} lines checked", len(account.faults), 0)
    yield _row("answers broken by the agent", "", broken, 0)
    yield _row("agents that told of a bug", "", bugs, 0)
    yield from _agreement(soak)
    yield _row("ends with another code than 0 and SIGKILL's", "", exits.total() - exits[0] - exits[-signal.SIGKILL], 0)
    least = 1 - MOST_INCOMPLETE
    yield whole >= least, ["complete answers", "", f"{whole:.1%}", f"at least {least:.0%}", _yes(whole >= least), ""]


def _agreement(soak: Soak) -> Iterator[tuple[bool, list[str]]]:
    """Whether own logs and metrics agree with what was asked; where they do not, that is told among the faults."""
    own = {host.name: soak.own_log(host) for host in soak.hosts}
    primary, peer = own[PRIMARY], own[STEADY]
    compared = {
        f"requests that {PRIMARY}'s log tells otherwise": (
            f"{soak.account.questions:,} asked",
            agreeing.log_and_account(primary, soak.account),
        ),
        f"metrics of {PRIMARY} that its log tells otherwise": (
            f"{sum(map(len, primary.ends.values())):,} ends told",
            agreeing.metrics_and_log(soak.metrics, primary),
        ),
        f"complete answers of which {STEADY} does not tell": (
            f"{len(primary.asked):,} asked of several",
            agreeing.peer_and_primary(primary, STEADY, peer),
        ),
    }
    for what, (begin, found) in compared.items():
        faults = list(found)
        soak.account.faults.extend(faults)
        yield _row(what, begin, len(faults), 0)
    yield _row("tracebacks in own logs", "", sum(log.bugs for log in own.values()), 0)


def _row(what: str, begin: str, count: int, most: int) -> tuple[bool, list[str]]:
    return count <= most, [what, begin, f"{count:,}", f"at most {most:,}", _yes(count <= most), ""]


def _yes(holds: bool) -> str:
    return "yes" if holds else "**no**"


def table(lines: Sequence[Sequence[str]]) -> str:
    """The rows as Markdown."""
    widths = [max(map(len, column)) for column in zip(HEAD, *lines, strict=True)]
    made = ["| " + " | ".join(map(str.ljust, line, widths)) + " |" for line in (HEAD, *lines)]
    made.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(made)


def details(soak: Soak) -> Iterator[str]:
    """What the table does not say."""
    yield from soak.account.by_kind()
    yield ", ".join(f"{count} {what}" for what, count in sorted(soak.account.disturbances.items()))
    yield f"verdicts: {dict(sorted(soak.account.verdicts().items()))}"
    for host in soak.hosts:
        sizes = ", ".join(f"{taken[host.name].rss / 1e6:.1f}" for taken in soak.rounds)
        yield f"{host.name}: RSS at rest {sizes} MB; {host.starts} starts, exits {dict(host.exits)}"
        yield f"{host.name}: more of {standing.grown(soak.rounds[0][host.name], soak.rounds[-1][host.name])}"
    yield from soak.account.faults[:SHOWN]
