"""Every limit that the program reports is recognised by what is said of it, from where it is said."""

from __future__ import annotations

import errno
import re
from pathlib import Path

import pytest

from logagent.core.hits.steps import too_many_buckets
from logagent.core.notes import Note, NoteKind
from logagent.core.outcome import Failure, HostOutcome, Outcome, Status, failed
from logagent.disk.archives import memory
from logagent.disk.catalog.found_files import Budget
from logagent.disk.catalog.left_out import LeftOut
from logagent.disk.files.beneath import failure_of
from logagent.telemetry.hook import Asking, Story
from logagent.telemetry.metrics.limits import LIMITS, OTHER, limits_in, limits_of
from logagent.web.uploads import too_large

PACKAGE = Path(memory.__file__).parents[2]


def said_by_the_budget() -> Failure:
    with pytest.raises(Failure) as caught:
        Budget(1, "the glob").spend(1, 100)
    return caught.value


def said_by_a_decoder(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(memory, "WINDOWS", memory.Memory(10))
    with pytest.raises(memory.NoMemory) as caught, memory.windowed(20):
        pass
    return str(caught.value)


def test_limits_are_recognised_by_the_very_words_that_report_them(monkeypatch: pytest.MonkeyPatch) -> None:
    assert limits_in(failed(said_by_the_budget())) == {"max_walk"}
    assert limits_in(failed(LeftOut(count=9, limit=3).failure())) == {"max_files"}
    assert limits_in(failed(too_many_buckets(1_000_000, 10**18))) == {"buckets"}
    decoder = f"app.log.xz: not decompressed after 0 bytes: {said_by_a_decoder(monkeypatch)}"
    assert limits_in(Outcome(Status.RESOURCE_EXHAUSTED, decoder)) == {"decoder_memory"}
    assert limits_of(Story(status=413, reason=too_large().detail)) == {"question"}


@pytest.mark.parametrize(
    ("module", "said", "limit"),
    [
        ("fanout/gather.py", "timeout={query.limits.timeout:g} s reached", "timeout"),
        ("fanout/follow.py", "timeout={self._query.limits.timeout:g} s reached", "timeout"),
        ("peers/resumed.py", "timeout={self._query.limits.timeout:g} s reached", "timeout"),
        ("local_listing.py", "logs were not looked into in time; ask again for them", "timeout"),
        ("fanout/feed.py", "{self.silence(patience)} and was left behind", "patience"),
        ("peers/listing.py", "no answer within {patience:g} s", "patience"),
        ("fanout/gather.py", "max_bytes={self._query.limits.max_bytes} reached", "max_bytes"),
        ("fanout/delivery.py", "max_bytes={self._max_bytes} reached", "max_bytes"),
        ("disk/search/session.py", "max_bytes={setup.query.limits.max_bytes} reached", "max_bytes"),
        ("disk/search/session.py", "{lines} longer than {setup.options.max_line} bytes were cut", "max_line"),
        ("disk/catalog/name_lookup.py", "too many files beside {listed(names)}", "max_walk"),
        ("disk/catalog/logs.py", "generations, more than {MAX_GENERATIONS}", "generations"),
        ("disk/files/beneath.py", "more than {MAX_DEPTH} directories deep", "directory_depth"),
        ("disk/files/beneath.py", "too many open files", "open_files"),
        ("disk/files/beneath.py", "out of memory", "memory"),
        ("disk/search/source.py", "the system gave no memory to read it", "memory"),
        ("disk/archives/layer.py", "the system gave no memory for {}", "memory"),
        ("disk/archives/layer.py", "needs a window of {facts.window_size} bytes", "decoder_memory"),
        ("disk/archives/layer.py", "{self._window} bytes of memory, which is the limit", "decoder_memory"),
        ("core/matching/regex.py", "a line is too long for a pattern", "line_for_pattern"),
        ("peers/listing_answers.py", "lists more than {MAX_LISTING} bytes", "listing"),
        ("peers/answers.py", "the question is larger than {MAX_FORM} bytes", "question"),
        ("peers/answers.py", "too many logs to continue exactly", "positions"),
        ("peers/roll.py", "is not asked, since it cannot be told", "caller"),
        ("asked_hosts.py", "agents have passed the question on, and {MAX_DEPTH} is most", "tree_depth"),
    ],
)  # fmt: skip
def test_the_words_stand_where_the_limit_is_reported(module: str, said: str, limit: str) -> None:
    assert said in (PACKAGE / module).read_text("utf-8")
    filled = "".join(part.rpartition("}")[2] if "}" in part else part for part in said.replace("{", "7{").split("{"))
    assert limits_in(Outcome(Status.RESOURCE_EXHAUSTED, f"app.log: {filled}")) == {limit}


@pytest.mark.parametrize(
    ("module", "said", "status", "limit"),
    [
        ("web/app.py", "too many {kind} are under way", 503, "answers"),
        ("web/app.py", "too many {kind} are under way", 503, "follows"),
        ("web/uploads.py", "too many bodies are being read at the same time", 503, "uploads"),
        ("web/uploads.py", "the body did not come within {SECONDS:g} s", 408, "upload_time"),
    ],
)
def test_refusals_at_a_limit_are_recognised_too(module: str, said: str, status: int, limit: str) -> None:
    assert said in (PACKAGE / module).read_text("utf-8")
    reason = said.replace("{kind}", limit).replace("{SECONDS:g}", "10")
    assert limits_of(Story(status=status, reason=reason)) == {limit}
    assert limits_of(Story(status=404, reason=reason)) == set()


@pytest.mark.parametrize(
    ("kind", "limit"),
    [(NoteKind.UNREAD, "max_files"), (NoteKind.CURSOR, "cursor"), (NoteKind.RECORD_CURSORS, "cursor")],
)
def test_notes_tell_of_limits_too(kind: NoteKind, limit: str) -> None:
    assert limits_in(Outcome(notes=(Note(kind, (), 3),))) == {limit}


def test_other_notes_and_complete_answers_tell_of_none() -> None:
    assert limits_in(Outcome(notes=(Note(NoteKind.TIMES, ("app.log",), 1),))) == set()
    assert limits_in(Outcome(hosts=(HostOutcome("web0", Status.OK, "timeout=5 s reached"),))) == set()


def test_those_of_several_hosts_count_once_each() -> None:
    parts = [
        HostOutcome("web0", Status.RESOURCE_EXHAUSTED, "max_bytes=7 reached; glob too wide: more than max_walk=1"),
        HostOutcome("web1", Status.RESOURCE_EXHAUSTED, "max_bytes=7 reached"),
        HostOutcome("web2", Status.DATA_LOSS, "damaged after 3 bytes"),
    ]
    assert limits_in(Outcome(Status.RESOURCE_EXHAUSTED, "web0: ...", hosts=tuple(parts))) == {"max_bytes", "max_walk"}


def test_one_that_is_not_known_is_another() -> None:
    assert limits_in(Outcome(Status.RESOURCE_EXHAUSTED, "more moons than stars")) == {OTHER}
    assert limits_in(Outcome(Status.UNAVAILABLE, "connection refused")) == set()


def test_being_left_behind_is_one() -> None:
    asking = Asking("web1")
    asking.left = "sent nothing for 5 s and was left behind"
    assert limits_of(Story(outcome=Outcome(), askings={"web1": asking})) == {"patience"}


def test_every_status_of_a_limit_in_the_program_is_looked_at_here() -> None:
    """Who reports a limit in another module has to name it here, and among the limits."""
    reporting = {
        module.relative_to(PACKAGE).as_posix()
        for module in PACKAGE.rglob("*.py")
        if re.search(r"Status\.RESOURCE_EXHAUSTED,\s", module.read_text("utf-8")) and "telemetry" not in module.parts
    }
    known = {
        "asked_hosts.py", "core/hits/steps.py", "core/matching/regex.py", "core/outcome.py", "disk/archives/layer.py",
        "disk/catalog/found_files.py", "disk/catalog/left_out.py", "disk/catalog/logs.py",
        "disk/catalog/name_lookup.py", "disk/files/beneath.py", "disk/search/session.py", "disk/search/source.py",
        "fanout/delivery.py", "fanout/gather.py", "fanout/last_words.py", "peers/answers.py",
        "peers/listing_answers.py", "peers/roll.py",
    }  # fmt: skip
    quotes_others = {"terminal/verdicts.py", "fanout/followed_host.py", "disk/following/new_logs.py"}
    of_commands = {"disk/catalog/streams.py"}  # which count nothing
    assert reporting - known - quotes_others - of_commands == set()
    assert len(LIMITS) == len(set(LIMITS))


def test_the_system_says_of_itself_what_it_lacks() -> None:
    assert limits_in(failed(failure_of(OSError(errno.EMFILE, "too many"), "app.log"))) == {"open_files"}
    assert limits_in(failed(failure_of(OSError(errno.ENOMEM, "none"), "app.log"))) == {"memory"}
