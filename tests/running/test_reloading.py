"""What an agent was started with is read anew: new questions get the new state, and no answer is dropped."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from logagent.config.errors import ConfigError
from logagent.core.outcome import Failure, Status
from logagent.core.wire.verdict import from_trailers
from logagent.peers.client.http_client import chunks, trailers
from logagent.running import in_force as state
from logagent.running.reloading import ReloadError, told
from testbed.provider import ADDRESS, AUDIENCE, ISSUER, Provider
from testbed.reloadable import reloadable as agent


@pytest.fixture
def roots(tmp_path: Path) -> tuple[Path, Path]:
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "app.log").write_text(f"2026-11-29T10:00:00Z {name}\n")
    return tmp_path / "old", tmp_path / "new"


async def test_new_questions_get_the_new_state_and_a_follow_goes_on_with_the_old(
    autojump_clock: MockClock, roots: tuple[Path, Path]
) -> None:
    old, new = roots
    async with agent(old) as it, it.client() as client:
        async with client.stream("GET", "/logs?filename=app.log&follow=true&n=1") as response:
            body = chunks(response)
            assert b"old" in await body.__anext__()
            it.set(root=(new,))
            assert told(await it.reloader.reload()) == ["changed: root"]
            assert "new" in (await it.text("/logs?filename=app.log"))[1]
            async with client.stream("GET", "/logs?filename=app.log&follow=true&n=1") as other:
                assert b"new" in await chunks(other).__anext__()
            with (old / "app.log").open("a") as log:
                log.write("2026-11-29T10:00:01Z later\n")
            while b"later" not in await body.__anext__():
                pass


async def test_labels_are_read_anew(autojump_clock: MockClock, roots: tuple[Path, Path]) -> None:
    async with agent(roots[0], label={"role": "web"}) as it, it.client() as client:
        assert (await client.get("/healthz")).headers["log-labels"] == '"role=web"'
        it.set(label={"role": "db", "zone": "a"})
        assert told(await it.reloader.reload()) == ["changed: label"]
        assert (await client.get("/healthz")).headers["log-labels"] == '"role=db", "zone=a"'
        assert "old" in (await it.text("/logs?filename=app.log&hostname=zone=a"))[1]
        assert (await it.text("/logs?filename=app.log&hostname=role=web"))[0] == 404


async def test_a_file_that_cannot_be_used_changes_nothing(autojump_clock: MockClock, roots: tuple[Path, Path]) -> None:
    async with agent(roots[0]) as it:
        before = it.reloader.now
        for it.wrong in (ConfigError("logagent.toml: root", "x is not a directory"), OSError(errno.EIO, "broken")):
            with pytest.raises(ReloadError, match=r"root: x is not a directory|broken"):
                await it.reloader.reload()
        assert it.reloader.now is before
        assert "old" in (await it.text("/logs?filename=app.log"))[1]


async def test_what_takes_a_restart_is_named_and_stays(autojump_clock: MockClock, roots: tuple[Path, Path]) -> None:
    async with agent(roots[0]) as it:
        it.set(name="db-2", disk_threads=7, patience=1.0)
        reloaded = await it.reloader.reload()
        assert (reloaded.changed, reloaded.restart) == (("patience",), ("name", "disk_threads"))
        assert (it.reloader.now.settings.name, it.reloader.now.settings.disk_threads) == ("web-1", 2)


async def test_what_does_not_change_is_kept(autojump_clock: MockClock, roots: tuple[Path, Path]) -> None:
    async with agent(roots[0]) as it:
        before = it.reloader.now
        it.set(max_answers=1, known_as=("logs.example",))
        assert told(await it.reloader.reload()) == ["changed: known_as, max_answers"]
        now = it.reloader.now
        assert now.logs is before.logs
        assert now.peers is before.peers
        assert now.tls is before.tls
        assert told(await it.reloader.reload()) == ["nothing has changed"]


async def test_connections_to_former_peers_close_once_their_last_answer_has_ended(
    autojump_clock: MockClock, roots: tuple[Path, Path]
) -> None:
    async with agent(roots[0], peer={"db-2": "http://db-2"}) as it, it.client() as client:
        async with client.stream("GET", "/logs?filename=app.log&follow=true&hostname=web-1"):
            before = it.reloader.now.peers
            it.set(peer={"db-3": "http://db-3"})
            reloaded = await it.reloader.reload()
            assert (reloaded.added, reloaded.removed) == (("db-3",), ("db-2",))
            await trio.sleep(1)
            assert not before.is_closed
        await trio.sleep(1)
        assert before.is_closed
        assert not it.reloader.now.peers.is_closed


async def test_a_hundred_reloads_while_questions_are_answered_lose_nothing(
    autojump_clock: MockClock, roots: tuple[Path, Path]
) -> None:
    failed: list[Any] = []
    async with agent(roots[0]) as it, it.client() as client, trio.open_nursery() as nursery:
        await it.text("/healthz")
        await trio.sleep(1)
        before = trio.lowlevel.current_statistics().tasks_living
        done = trio.Event()

        async def ask(n: int) -> None:
            while not done.is_set():
                async with client.stream(
                    "GET", f"/logs?filename=*.log&hostname=web-1&keyword={['old', 'new'][n % 2]}"
                ) as response:
                    lines = [line async for line in response.aiter_lines()]
                    verdict = from_trailers(trailers(response))
                    if response.status_code != 200 or not verdict.complete or len(lines) > 1:
                        failed.append((response.status_code, lines, verdict))

        for n in range(4):
            nursery.start_soon(ask, n)
        for count in range(100):
            it.set(root=(roots[count % 2],), peer={f"p{count % 3}": "http://p"}, max_answers=100 + count)
            async with trio.open_nursery() as both:
                both.start_soon(it.reloader.reload)
                both.start_soon(it.reloader.reload)
        done.set()
        await trio.sleep(10)
        await client.aclose()
        await trio.sleep(60)
        assert trio.lowlevel.current_statistics().tasks_living <= before, "what reloads have begun has ended"
    assert failed == []


async def test_an_agent_that_stops_reloads_nothing(autojump_clock: MockClock, roots: tuple[Path, Path]) -> None:
    async with agent(roots[0]) as it:
        it.stopping.set()
        with pytest.raises(ReloadError, match="is stopping"):
            await it.reloader.reload()


async def test_tokens_that_cannot_be_read_change_nothing(
    autojump_clock: MockClock, roots: tuple[Path, Path], tmp_path: Path
) -> None:
    tokens = tmp_path / "tokens"
    tokens.write_text("no tokens at all")
    async with agent(roots[0]) as it:
        it.set(tokens=tokens, patience=1.0)
        with pytest.raises(ReloadError, match=r"^tokens: .*tokens"):
            await it.reloader.reload()
        assert it.reloader.now.settings.patience == 5.0


OIDC: dict[str, Any] = {"oidc_issuer": ISSUER, "oidc_audience": (AUDIENCE,), "oidc_keys": ADDRESS}


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Provider:
    """What answers instead of the server at the address of the settings."""
    made = Provider()
    monkeypatch.setattr(state, "fetch_json", lambda url, *, ca: made.fetch())
    return made


async def test_keys_of_an_identity_provider_are_kept_whatever_else_changes(
    autojump_clock: MockClock, roots: tuple[Path, Path], provider: Provider
) -> None:
    async with agent(roots[0], **OIDC) as it:
        before = it.reloader.now.provider
        assert before is not None
        await before.keys.known()
        it.set(patience=7.0)
        await it.reloader.reload()
        assert it.reloader.now.provider is before
        provider.published = Failure(Status.UNAVAILABLE, "down")
        it.set(oidc_audience=("other",))
        await it.reloader.reload()
        after = it.reloader.now.provider
        assert after is not None
        assert after is not before
        assert await after.keys.known() == await before.keys.known(), "though the provider is down"


async def test_a_provider_that_is_not_in_force_any_more_is_left_alone(
    autojump_clock: MockClock, roots: tuple[Path, Path], provider: Provider
) -> None:
    async with agent(roots[0], **OIDC) as it:
        before = it.reloader.now.provider
        assert before is not None
        await before.keys.known()
        it.set(oidc_issuer="", oidc_audience=(), oidc_keys="")
        assert told(await it.reloader.reload()) == ["changed: oidc_issuer, oidc_audience, oidc_keys"]
        assert it.reloader.now.provider is None
        await trio.sleep(10_000)
        assert len(provider.fetches) == 1


async def test_authorities_of_a_provider_that_cannot_be_used_change_nothing(
    autojump_clock: MockClock, roots: tuple[Path, Path], provider: Provider
) -> None:
    async with agent(roots[0], **OIDC) as it:
        before = it.reloader.now
        it.set(oidc_ca=roots[0] / "app.log")
        with pytest.raises(ReloadError, match=r"oidc_ca: .*app\.log holds no certificate in PEM"):
            await it.reloader.reload()
        assert it.reloader.now is before


async def test_the_own_log_takes_other_settings_and_one_that_nobody_can_ask_for_is_told(
    autojump_clock: MockClock, roots: tuple[Path, Path]
) -> None:
    async with agent(roots[0]) as it:
        it.set(log_directory=roots[1], log_level={"logagent": 10})
        reloaded = await it.reloader.reload()
        assert reloaded.changed == ("log_directory", "log_level")
        assert [warning.partition(",")[0] for warning in reloaded.warnings] == [
            f"log_directory: {roots[1]} lies below no root"
        ]
        assert [target.name for target in it.lasting.observing.own_log.targets] == [
            str(roots[1] / "web-1.log"),
            "standard error",
        ]
