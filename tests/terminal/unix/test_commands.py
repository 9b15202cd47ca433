"""`grep`, `tail`, `cat` and `ls` asking an agent that is made up: several hosts, failures, files that grow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import pytest

from logagent.config.errors import ConfigError
from logagent.core.batch import Batch, LineFlag, Origin, Out
from logagent.core.hits.by_file import count_of
from logagent.core.outcome import Failure, HostOutcome, Outcome, Status, failed
from logagent.core.query import Match, Order, Query
from logagent.core.wire.listing import ListedFile, ListedLog, Listing
from logagent.peers.direct.coroutines import finished
from logagent.peers.direct.waiting import Late
from logagent.terminal import arguments
from logagent.terminal.progress import progress_on
from logagent.terminal.streams import write_all
from logagent.terminal.unix.commands import checked_command
from logagent.terminal.unix.reading import Reading
from logagent.terminal.unix_arguments import UnixArguments
from testbed.console import Console, typed

OK, COMPLETE = HostOutcome("one", Status.OK), Outcome()


@dataclass
class Agent:
    """Lists some logs, and answers each query with the batches of the logs that it names."""

    logs: Sequence[ListedLog]
    batches: Mapping[str, Sequence[Batch]]
    hosts: Sequence[HostOutcome] = (OK,)
    outcome: Outcome = COMPLETE
    asked: list[Query] = field(default_factory=list)

    async def list_files(self, query: Query, patience: float) -> Listing:
        return Listing(tuple(self.logs), tuple(self.hosts))

    async def pump(self, query: Query, out: Out) -> Outcome:
        self.asked.append(query)
        batches = [batch for name in query.files for batch in self.batches.get(name, ())]
        if query.form.by_file:
            batches = [count_of(batch.origins[0], batch.records) for batch in batches]
        for batch in batches:
            await out.send(batch)
        return Outcome(
            self.outcome.status, self.outcome.message, sum(batch.count for batch in batches), hosts=self.outcome.hosts
        )


def log(name: str, *generations: tuple[str, int], host: str = "one") -> ListedLog:
    """A log with the sizes of its generations, newest first."""
    files = generations or ((name, 100),)
    return ListedLog(host, name, tuple(ListedFile(file, size, 10**18) for file, size in files))


def lines(*texts: bytes, file: str, log: str = "", host: str = "one", offset: int = 0, flags: bytes = b"") -> Batch:
    offsets = [offset + sum(len(text) + 1 for text in texts[:place]) for place in range(len(texts))]
    body = b"".join(text + b"\n" for text in texts)
    return Batch(body, len(texts), None, offsets, (Origin(host, file, log=log or file),), flags=flags or None)


def run(agent: Agent, *argv: str) -> tuple[int, bytes, str]:
    """Exit code, output and messages of a command."""
    console = Console()
    command = checked_command(typed(UnixArguments, *argv), {})

    async def write(data: bytes) -> None:
        write_all(console.stdout, data)

    with progress_on(console.streams, {}) as progress:
        reading = Reading(agent, "http://agent", console.streams, progress, write)
        code = finished(command.run(reading, {}))
    return code, console.stdout.getvalue(), console.talk


TWO_HOSTS = Agent(
    [log("a.log"), log("a.log", host="two")],
    {"a.log": [lines(b"x", b"beside", file="a.log.1", log="a.log", flags=bytes([0, LineFlag.TRAILS])),
               lines(b"y", file="a.log", host="two")]},
    [OK, HostOutcome("two", Status.OK)],
)  # fmt: skip


def test_of_several_hosts_one_answer_is_asked_by_time() -> None:
    assert run(TWO_HOSTS, "grep", "x", "a.log") == (0, b"one a.log: x\none a.log- beside\ntwo a.log: y\n", "")
    assert [query.form.order for query in TWO_HOSTS.asked] == [Order.OLDEST]
    assert run(TWO_HOSTS, "grep", "-h", "x", "a.log")[1] == b"x\nbeside\ny\n"
    assert run(TWO_HOSTS, "grep", "-l", "x", "a.log")[1] == b"one a.log\ntwo a.log\n"
    assert run(TWO_HOSTS, "grep", "-c", "-m5", "x", "a.log")[1] == b"one a.log: 1\ntwo a.log: 1\n"
    assert [query.limits.n_per_file for query in TWO_HOSTS.asked[-2:]] == [1, 5]
    assert run(TWO_HOSTS, "cat", "a.log")[1] == b"one a.log.1: x\none a.log.1: beside\ntwo a.log: y\n"
    assert run(TWO_HOSTS, "tail", "-q", "a.log")[1] == b"y\nbeside\nx\n"
    assert run(TWO_HOSTS, "ls", "a.log")[1] == b"one:\na.log\n\ntwo:\na.log\n"
    shop = replace(TWO_HOSTS, logs=[log("a.log"), log("shop/b.log"), log("shop/b.log", host="two")])
    assert run(shop, "ls", "a.log", "shop")[1] == b"one:\na.log\n\none shop:\nb.log\n\ntwo shop:\nb.log\n"


def test_lines_of_several_hosts_have_no_numbers() -> None:
    for command in ("grep -n x a.log", "cat -n a.log"):
        with pytest.raises(ConfigError, match="-n: lines are numbered on one host"):
            run(TWO_HOSTS, *command.split())


def test_a_host_that_failed_makes_the_exit_code_two_but_its_lines_are_printed() -> None:
    down = HostOutcome("two", Status.UNAVAILABLE, "is down")
    failing = Outcome(Status.UNAVAILABLE, "is down", hosts=(OK, down))
    agent = Agent([log("a.log")], {"a.log": [lines(b"x", file="a.log")]}, [OK, down], failing)
    code, data, said = run(agent, "grep", "x", "a.log")
    assert (code, data) == (2, b"one a.log: x\n")
    assert "two: is down (UNAVAILABLE)" in said
    assert "partial answer" in said
    assert run(agent, "grep", "-q", "x", "a.log")[0] == 0
    assert run(agent, "grep", "-s", "x", "a.log")[2] == ""
    assert run(agent, "cat", "a.log")[0] == 3


@pytest.mark.parametrize("command", ["grep x a.log", "cat a.log", "tail a.log", "ls a.log"])
@pytest.mark.parametrize("error", [Failure(Status.UNAVAILABLE, "is down"), Late()])
def test_an_agent_that_lists_nothing_is_a_failure(command: str, error: Exception) -> None:
    class Silent(Agent):
        async def list_files(self, query: Query, patience: float) -> Listing:
            raise error

    code, data, said = run(Silent([], {}), *command.split())
    assert (code, data) == (2, b"")
    assert said.startswith("logagent: http://agent: ")


def test_what_is_no_text_is_asked_for_again_as_a_glob_meets_it() -> None:
    agent = Agent([log("a[1].log")], {}, outcome=Outcome(Status.DATA_LOSS, "is a program"))
    run(agent, "grep", "x", "*.log")
    assert [query.files for query in agent.asked] == [("a[1].log",), ("[a][[][1][]][.][l][o][g]",)]


def test_a_file_without_a_last_line_break_is_printed_without_one_also_amid_others() -> None:
    older, newer = lines(b"ab", b"cd", file="a.log.1", log="a.log"), lines(b"ef", file="a.log")
    agent = Agent([log("a.log", ("a.log", 2), ("a.log.1", 5))], {"a.log": [older, newer]})
    assert run(agent, "cat", "a.log")[1] == b"ab\ncdef"
    assert run(agent, "cat", "-n", "a.log")[1] == b"     1\tab\n     2\tcdef"
    assert run(agent, "cat", "a.log", "a.log")[1] == b"ab\ncdefab\ncdef"


def test_a_line_that_was_completed_after_the_listing_keeps_its_line_break() -> None:
    first, more = lines(b"ab", file="a.log"), lines(b"cd", file="a.log", offset=3)
    assert run(Agent([log("a.log", ("a.log", 2))], {"a.log": [first, more]}), "cat", "a.log")[1] == b"ab\ncd\n"


def test_lines_of_several_files_in_one_batch_are_told_apart() -> None:
    older, newer = (
        Origin("one", "a.log.1", log="a.log", fingerprint=1),
        Origin("one", "a.log", log="a.log", fingerprint=2),
    )
    both = Batch(b"ab\ncd\nef\n", 3, None, [0, 3, 0], (older, newer), [0, 0, 1])
    agent = Agent([log("a.log", ("a.log", 2), ("a.log.1", 5))], {"a.log": [both]})
    assert run(agent, "cat", "a.log")[1] == b"ab\ncdef"
    assert run(agent, "grep", "-n", "x", "a.log")[1] == b"1:ab\n2:cd\n3:ef\n"


def test_lines_are_numbered_up_to_the_last_that_matches() -> None:
    class Matching(Agent):
        async def pump(self, query: Query, out: Out) -> Outcome:
            chosen = ["every"] if query.match == Match() else ["some"]
            try:
                return await super().pump(replace(query, files=tuple(chosen)), out)
            except Failure as failure:
                return failed(failure)

    every = [lines(b"a", b"b", b"c", file="a.log"), lines(b"d", file="a.log", offset=6)]
    agent = Matching([log("a.log")], {"every": every, "some": [lines(b"b", file="a.log", offset=2)]})
    assert run(agent, "grep", "-n", "b", "a.log") == (0, b"2:b\n", "")
    assert run(TWO_HOSTS, "grep", "-q", "-n", "x", "a.log")[0] == 0


def test_tail_turns_lines_that_come_newest_first() -> None:
    newest = [lines(b"d", b"c", file="a.log"), lines(b"b", b"a", file="a.log.1", log="a.log")]
    assert run(Agent([log("a.log")], {"a.log": newest}), "tail", "a.log")[1] == b"a\nb\nc\nd\n"


def test_tail_from_a_line_on_leaves_out_those_before() -> None:
    parts = [lines(b"a", file="a.log"), lines(b"b", b"c", b"d", file="a.log", offset=2)]
    assert run(Agent([log("a.log")], {"a.log": parts}), "tail", "-n", "+3", "a.log")[1] == b"c\nd\n"


def test_names_that_a_shell_made_of_a_glob_are_told_of() -> None:
    agent = Agent([log("a.log")], {"a.log": [lines(b"x", file="a.log")]})
    assert "between quotes" not in run(agent, "grep", "x", "a.log", "b.log")[2]
    assert "between quotes" in run(agent, "grep", "x", "a.log", "b.log", "c.log")[2]
    assert run(agent, "grep", "-s", "x", "b.log", "c.log")[2] == ""


def test_names_of_other_machines_forge_no_lines() -> None:
    name = "a\nb.log"
    agent = Agent([log(name)], {name: [lines(b"x", file=name)]})
    assert run(agent, "grep", "-H", "x", name)[1] == b"a\\x0ab.log:x\n"
    assert run(agent, "ls", name)[1] == b"a\\x0ab.log\n"


def test_letters_of_every_command_have_a_place() -> None:
    for command in ("grep x y", "tail x", "cat x", "ls"):
        assert isinstance(arguments.parse(command.split()), UnixArguments)
