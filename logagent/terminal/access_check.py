"""The command `access check`: tells what is most likely a mistake in rules, and which hosts have other ones."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from logagent.core.access.rule_faults import KnownFacts, faults
from logagent.core.access.rules import NO_RULES, Rules
from logagent.core.escapes import in_line
from logagent.core.outcome import Failure
from logagent.peers.direct.documents import health_document_from
from logagent.peers.direct.waiting import Late, Lost, SpeaksHttp1
from logagent.peers.direct.wires import Secure
from logagent.ssh_address import is_ssh
from logagent.terminal.streams import Streams
from logagent.terminal.verdicts import FAILED, FOUND, NOTHING

AT_A_TIME = 16
"""Hosts that are asked at a time, so that some that are down hold nobody up for long."""


class AskedHosts(NamedTuple):
    """What is looked at.

    Attributes:
        rules: of this host's settings.
        file: of the settings; empty: there is none.
        own: the URL of this host's agent; empty: it is not known.
        peers: URLs by name.
        secure: speaks TLS with agents; None: that is not possible.
        timeout: seconds to wait for each host.
    """

    rules: Rules
    file: str
    own: str
    peers: Mapping[str, str]
    secure: Secure | None
    timeout: float


class HostRules(NamedTuple):
    """What one host says of its rules.

    Attributes:
        digest: of them; `NO_RULES`: it has none; empty: it says nothing of them.
        version: of its program; empty if it is not known.
        fault: why it could not be asked; empty: it could.
    """

    digest: str = ""
    version: str = ""
    fault: str = ""


Ask = Callable[[str, Secure | None, float], HostRules]
"""Asks one agent, by its URL, for so many seconds."""


def check(asked: AskedHosts, known: KnownFacts, streams: Streams, ask: Ask | None = None) -> int:
    """Print what is found, a line each, and return the exit code: whether all is well and could be looked at."""
    if not asked.rules:
        where = f"{asked.file} has no [[rule]]" if asked.file else "there is no file of settings"
        streams.print(f"no rules are in force on {known.host}: {where}\n")
    found = [*faults(asked.rules, known)]
    hosts = {known.host: asked.own, **{name: url for name, url in asked.peers.items() if name != known.host}}
    answers = _answers({name: url for name, url in hosts.items() if url}, asked, ask or rules_of_agent)
    found += _disagreeing(asked, known.host, answers)
    missed = [f"{name} could not be asked: {one.fault}" for name, one in answers.items() if one.fault]
    missed += [] if answers else [f"{known.host} could not be asked: `listen` names no port, and there are no peers"]
    streams.print("".join(f"{in_line(line)}\n" for line in (*found, *missed)))
    if not found and not missed:
        streams.print(f"{_counted(asked.rules)}, the same on {', '.join(answers)}; nothing is wrong\n")
    return NOTHING if found else FAILED if missed else FOUND


def _answers(urls: Mapping[str, str], asked: AskedHosts, ask: Ask) -> dict[str, HostRules]:
    def answer(url: str) -> HostRules:
        return ask(url, asked.secure if url.startswith("https:") else None, asked.timeout)

    with ThreadPoolExecutor(AT_A_TIME) as threads:
        return dict(zip(urls, threads.map(answer, urls.values()), strict=True))


def _disagreeing(asked: AskedHosts, own: str, answers: Mapping[str, HostRules]) -> Iterable[str]:
    wanted = asked.rules.digest
    for name, one in answers.items():
        if one.fault or one.digest == wanted:
            continue
        if not one.digest:
            of = f" ({one.version})" if one.version else ""
            yield f"{name}: its agent is too old to have rules{of}: upgrade it"
            continue
        has = f"{name}: has no rules" if one.digest == NO_RULES else f"{name}: has other rules than {own}"
        if name == own:
            has = f"{name}: its agent has {'no' if one.digest == NO_RULES else 'other'} rules in force"
            has += f"; its settings now say {_counted(asked.rules)}: `logagent reload` has it read them"
        yield has


def _counted(rules: Rules) -> str:
    count = len(rules.rules)
    return f"{count} rule{'' if count == 1 else 's'}" if count else "no rules"


def rules_of_agent(url: str, secure: Secure | None, timeout: float) -> HostRules:
    """Ask an agent for the digest of its rules, which it tells everybody; blocks."""
    if is_ssh(url):
        return HostRules(fault="ssh starts an agent there that has no rules: it reads what the login may read")
    try:
        stream, body = health_document_from(url, secure, time.monotonic() + timeout)
    except Lost as error:
        return HostRules(fault=str(error))
    except Failure as error:
        return HostRules(fault=error.message)
    except Late:
        return HostRules(fault=f"no answer within {timeout:g} s")
    except SpeaksHttp1:
        return HostRules(fault="it speaks no HTTP/2")
    if stream.status_code != 200:
        return HostRules(fault=f"it answers {stream.status_code}")
    return read_health(body)


def read_health(body: bytes) -> HostRules:
    """Read what an agent says in `/healthz`."""
    try:
        document = json.loads(body)
    except ValueError:
        document = None
    if not isinstance(document, dict) or document.get("status") != "ok":
        return HostRules(fault="what it answers is not an agent's")
    texts = [text if isinstance(text := document.get(name), str) else "" for name in ("rules", "version")]
    return HostRules(*texts)
