"""The kinds of questions, and how often each is asked."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Awaitable, Callable
from itertools import accumulate

import httpx

from logagent.core.outcome import Status
from soaking import checking, leaving
from soaking.asking import RECORDS, TEXT, Answer, Client
from soaking.writing import COPIED, LIVE, STATIC, STEPS, word

Kind = Callable[[Client], Awaitable[None]]


async def last_lines(client: Client) -> None:
    log = client.chance.choice((STATIC, LIVE, COPIED))
    n = client.chance.choice((1, 20, 100))
    accept = client.chance.choice((TEXT, RECORDS))
    wanted = client.common.wanted(log, n=n)
    await client.lines(wanted, {"filename": log, "hostname": client.common.primary, "n": n}, {"accept": accept})


async def words(client: Client) -> None:
    step, log = client.chance.choice(STEPS), client.chance.choice((STATIC, LIVE, COPIED))
    parameters = {"filename": log, "hostname": client.common.primary, "n": 5, "keyword": word(step)}
    await client.lines(client.common.wanted(log, n=5, step=step), parameters, {"accept": TEXT})


async def compressed(client: Client) -> None:
    parameters = {"filename": STATIC, "hostname": client.common.primary, "n": 500}
    headers = {"accept-encoding": client.chance.choice(("gzip", "zstd"))}
    got = await client.lines(client.common.wanted(STATIC, n=500), parameters, headers)
    if got is not None:
        coding = got[0].response.headers.get("content-encoding")
        if coding != headers["accept-encoding"]:
            client.fault(got[0].asked, f"it is encoded as {coding}")


async def merged(client: Client) -> None:
    log, order = client.chance.choice((STATIC, LIVE, COPIED)), client.chance.choice(("newest", "oldest"))
    n, accept = client.chance.choice((20, 100)), client.chance.choice((TEXT, RECORDS))
    wanted = client.common.wanted(log, merged=True, n=n, oldest=order == "oldest")
    await client.lines(wanted, {"filename": log, "n": n, "order": order}, {"accept": accept})


async def scan(client: Client) -> None:
    merged = client.chance.random() < 0.3
    wanted = client.common.wanted(STATIC, merged=merged, step=1000)
    which = {} if merged else {"hostname": client.common.primary}
    await client.lines(wanted, {"filename": STATIC, "keyword": word(1000), **which})


async def expression(client: Client) -> None:
    parameters = {"filename": LIVE, "hostname": client.common.primary, "regex": r"seq=\d+0 .*every10\."}
    await client.lines(client.common.wanted(LIVE, step=10), parameters)


async def whole_logs(client: Client) -> None:
    merged, log = client.chance.random() < 0.2, client.chance.choice((LIVE, COPIED))
    which = {} if merged else {"hostname": client.common.primary}
    accept = client.chance.choice((TEXT, RECORDS))
    await client.lines(client.common.wanted(log, merged=merged), {"filename": log, **which}, {"accept": accept})


async def pages(client: Client) -> None:
    """An answer in pages, which the cursors connect, while the log is rotated."""
    log, merged = client.chance.choice((STATIC, LIVE, COPIED)), client.chance.random() < 0.3
    parameters = {"filename": log, "n": 200} | ({} if merged else {"hostname": client.common.primary})
    got = await client.lines(client.common.wanted(log, merged=merged, n=200), parameters)
    for _ in range(client.chance.randrange(1, 5)):
        if got is None or got[0].verdict is None or not got[0].verdict.complete or not got[0].verdict.cursor:
            return
        answer = await client.ask("/logs", parameters | {"cursor": got[0].verdict.cursor})
        if not client.check_status(answer, 200):
            return
        try:
            came = checking.read(answer.lines, log)
        except ValueError as error:
            client.fault(answer.asked, str(error))
            return
        hosts = client.common.hosts
        is_copied = any(checking.copied(host, log, got[0].before, answer.after) for host in hosts)
        if answer.verdict is not None and answer.verdict.status is not Status.DATA_LOSS and not is_copied:
            for fault in checking.continuing(got[1], came, 1):
                client.fault(answer.asked, fault)
        got = (answer, checking.Came(got[1].numbers | came.numbers, came.times))


async def posted(client: Client) -> None:
    """More words than fit into a URL, of which any is enough."""
    strangers = [f"nowhere{number:05d}" for number in range(client.chance.choice((5, 2000)))]
    form = {"filename": STATIC, "hostname": client.common.primary, "any": "true", "keyword": [word(1000), *strangers]}
    await client.lines(client.common.wanted(STATIC, step=1000), {}, method="POST", data=form)


async def contexts(client: Client) -> None:
    parameters = {"filename": STATIC, "hostname": client.common.primary, "keyword": word(1000), "n": 3, "context": 2}
    answer = await client.ask("/logs", parameters, {"accept": RECORDS})
    if client.check_status(answer, 200):
        end = client.common.logs.extents()[client.common.primary, STATIC].end
        middles = [end - 1000 * number for number in (1, 2, 3)]
        expected = [number for middle in middles for number in range(middle + 2, middle - 3, -1)]
        came = checking.read(answer.lines, STATIC).numbers[client.common.primary]
        if came != expected:
            client.fault(answer.asked, f"context is {came}, not {expected}")


async def hits(client: Client) -> None:
    log, merged, step = client.chance.choice((STATIC, LIVE)), client.chance.random() < 0.3, client.chance.choice(STEPS)
    parameters = {"filename": log, "keyword": word(step)} | ({} if merged else {"hostname": client.common.primary})
    if client.chance.random() < 0.3:
        parameters["by"] = "file"
    answer = await client.ask("/hits", parameters)
    if not client.check_status(answer, 200):
        return
    counts: Counter[str] = Counter()
    for hit in answer.response.json()["hits"]:
        counts[hit["host"]] += hit["count"]
    if answer.verdict is not None and answer.verdict.complete:
        wanted = client.common.wanted(log, merged=merged, step=step)
        for fault in checking.counted(counts, wanted, answer.before, answer.after):
            client.fault(answer.asked, fault)


async def files(client: Client) -> None:
    answer = await client.ask("/files", {})
    if client.check_status(answer, 200):
        document = answer.response.json()
        listed = {(file["host"], file["name"]) for file in document["files"]}
        hosts = client.common.hosts - client.common.hosts_if
        missing = {(host, log) for host in hosts for log in (STATIC, LIVE, COPIED)} - listed
        if document["complete"] and missing:
            client.fault(answer.asked, f"it lacks {sorted(missing)[:5]}")


async def hosts(client: Client) -> None:
    answer = await client.ask("/hosts", {})
    if client.check_status(answer, 200):
        named = {host["name"] for host in answer.response.json()["hosts"]}
        if not client.common.hosts - client.common.hosts_if <= named <= client.common.hosts:
            client.fault(answer.asked, f"it names {sorted(named)}")


async def health(client: Client) -> None:
    client.check_status(await client.ask(client.chance.choice(("/healthz", "/readyz")), {}), 200)


async def heads(client: Client) -> None:
    answer = await client.ask("/logs", {"filename": LIVE, "n": 1}, method="HEAD")
    if client.check_status(answer, 200) and answer.response.content:
        client.fault(answer.asked, "the answer to HEAD has a body")


async def http1(client: Client) -> None:
    """Another client, over HTTP/1.1, as records, since there are no trailers."""
    parameters = {"filename": LIVE, "hostname": client.common.primary, "n": 20}
    async with httpx.AsyncClient(base_url=client.common.url, trust_env=False, timeout=None) as http:
        await client.lines(client.common.wanted(LIVE, n=20), parameters, {"accept": RECORDS}, http=http)


async def budgets(client: Client) -> None:
    """Budgets that are run into: the answer says so, and what came is right."""
    few = {"max_bytes": 5000} if client.chance.random() < 0.5 else {"timeout": "1ms"}
    answer = await client.ask("/logs", {"filename": STATIC, **few})
    if client.check_status(answer, 200) and answer.verdict is not None:
        client.check(answer, client.common.wanted(STATIC, merged=True))
        expected = Status.RESOURCE_EXHAUSTED if "max_bytes" in few else Status.DEADLINE_EXCEEDED
        if answer.verdict.status not in (expected, Status.UNAVAILABLE):
            client.fault(answer.asked, f"{few} ends in {answer.verdict.status.name}: {answer.verdict.message}")


async def strict(client: Client) -> None:
    """An incomplete answer ends in a reset; a complete one does not."""
    try:
        await client.lines(
            client.common.wanted(LIVE, merged=True, n=20), {"filename": LIVE, "n": 20}, {"prefer": "handling=strict"}
        )
    except httpx.RemoteProtocolError:
        client.common.account.disturbances["strict answers reset"] += 1


MISTAKES: tuple[tuple[int, str, str, dict[str, object], dict[str, str], dict[str, str]], ...] = (
    (400, "GET", "/logs", {"filename": LIVE, "n": "many"}, {}, {}),
    (400, "GET", "/logs", {"filename": LIVE, "what": "1"}, {}, {}),
    (400, "GET", "/logs", {"filename": LIVE, "regex": "("}, {}, {}),
    (400, "GET", "/hits", {"filename": LIVE, "n": "1"}, {}, {}),
    (400, "GET", "/hosts", {"filename": LIVE}, {}, {}),
    (403, "GET", "/logs", {"filename": LIVE}, {"origin": "http://elsewhere.example"}, {}),
    (404, "GET", "/logs", {"filename": "missing.log"}, {}, {}),
    (404, "GET", "/hits", {"filename": "missing.log", "hostname": "primary"}, {}, {}),
    (404, "GET", "/nowhere", {}, {}, {}),
    (405, "DELETE", "/logs", {"filename": LIVE}, {}, {}),
    (406, "GET", "/logs", {"filename": LIVE}, {"accept": "image/png"}, {}),
    (405, "POST", "/files", {}, {}, {"filename": LIVE}),
    (413, "GET", "/files", {}, {}, {"filename": LIVE}),
    (415, "POST", "/logs", {}, {"content-type": "text/csv"}, {"filename": LIVE}),
    (421, "GET", "/files", {}, {"host": "elsewhere.example"}, {}),
)
"""What is refused: the status, method, path, parameters, headers, and form."""


async def mistakes(client: Client) -> None:
    """A question that is refused, with a document that says so."""
    expected, method, path, parameters, headers, form = client.chance.choice(MISTAKES)
    answer = await client.ask(path, parameters, headers, method=method, **({"data": form} if form else {}))
    if answer.asked.status == 200 and answer.verdict is not None and not answer.verdict.complete:
        return  # a missing file is a 404 only where no host failed
    if client.check_status(answer, expected):
        _check_problem(client, answer)


def _check_problem(client: Client, answer: Answer) -> None:
    problem = json.loads(answer.response.content)
    if (problem["status"], problem["trace_id"]) != (answer.asked.status, answer.asked.trace):
        client.fault(answer.asked, f"its document says {problem}")


KINDS: dict[Kind, int] = {
    last_lines: 370,
    words: 120,
    compressed: 50,
    merged: 80,
    scan: 20,
    expression: 10,
    whole_logs: 8,
    pages: 15,
    posted: 15,
    contexts: 15,
    hits: 50,
    files: 15,
    hosts: 10,
    health: 80,
    heads: 5,
    http1: 20,
    budgets: 15,
    strict: 10,
    mistakes: 60,
    leaving.soon: 40,
    leaving.after_some: 25,
    leaving.closing: 6,
    leaving.resetting: 10,
    leaving.stopping_to_read: 4,
    leaving.nonsense: 10,
}
"""How often each is asked, of a thousand or so."""
_KINDS, _WEIGHTS = list(KINDS), list(accumulate(KINDS.values()))


async def ask_one(client: Client) -> None:
    """Ask a question of any kind."""
    kind = client.chance.choices(_KINDS, cum_weights=_WEIGHTS)[0]
    client.kind = kind.__name__
    await kind(client)
