"""Nothing that a client sends beside its proof gives it more: no parameter, no header, no target, no second of any."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from trio.testing import MockClock

from logagent.core.wire.caller import CALLER_HEADER
from testbed.all_routes import JSON, NDJSON
from testbed.cluster import Reply
from testbed.guarded import WEB, one_agent

WHO = "token:alice"
"""By the rules `by identity`, he is given `app.log` and its rotated file alone."""
ALL_FILES = "filename=**/*"
PARAMETERS = [
    *("hostname=web-1", "hostname=*", "hostname=web-1&hostname=db-2", "hostname=WEB-1", "hostname=%77eb-1"),
    *("filename=nginx/secret.log", "filename=log:**/*", "filename=srv:*", "filename=app.log&filename=pay/roll.log"),
    *("filename=", "filename=.", "filename=/", "filename=log:", "filename=log:/", "paths=true", "filename=**/*.log"),
    *("filename=/log/nginx/secret.log", "rotated=false", "rotated=true", "whole=true", "prefix=true", "unit=event"),
    *("who=token:bob", "caller=token:bob", "shows=cert:alice", "own=true", "scope=own", "access=allow", "what=logs"),
    *("since=2000-01-01T00:00:00Z", "back=9999d", "n_per_file=400", "any=true", "keyword=", "regex=.*", "host=db-2"),
    *("by=file", "step=1d", "context=100", "order=oldest", "max_bytes=1000000000", "timeout=100", "cursors=true"),
    *("_method=GET", "filename[]=nginx/secret.log", "FILENAME=nginx/secret.log", "filename=app.log%00nginx/secret.log"),
]
TRAVERSALS = [
    *("../log/nginx/secret.log", "nginx/../nginx/secret.log", "./nginx/secret.log", "nginx//secret.log"),
    *("nginx/./secret.log", "latest/../pay/roll.log", "app.log/../nginx/secret.log", "..%2fsrv%2fdb.log"),
    *("%2e%2e/srv/db.log", "%252e%252e/srv/db.log", "..\\srv\\db.log", "..%5csrv%5cdb.log", "nginx/secret.log/"),
    *(
        "nginx/secret.log%00",
        "nginx/secret.log%00.app.log",
        "NGINX/SECRET.LOG",
        "nginx/secret.log%20",
        "nginx/[s]ecret.log",
    ),
    *(
        "log:../srv/db.log",
        "log:srv:db.log",
        "srv:../log/pay/roll.log",
        "log:/pay/roll.log",
        "~/app.log",
        "nginx%2fsecret.log",
    ),
    *("latest/secret.log", "log:latest/*", "*/*", "?*/*", "**", "[a-z]*/*.log", "..", "../*", "../**/*", "app.log/**"),
    *(
        "%c0%ae%c0%ae/srv/db.log",
        "%ef%bc%8e%ef%bc%8e/srv/db.log",
        "logs/../../etc/passwd",
        "/proc/self/root/etc/passwd",
    ),
]
"""Among them names that are encoded twice, overlong, or of full width, and those of other roots and directories."""
HEADERS = [
    {"log_scope": "own"},
    {CALLER_HEADER.replace("-", "_"): 'who="token:bob", groups=("ops"), chain=("web-1")', "log_scope": "own"},
    {"log_asked_as": '"web-1";id="00000000000000000000000000000000"'},
    {"log_asked_as": '"db-2";id="00000000000000000000000000000000"'},
    *({name: value} for name in ("x_forwarded_for", "x_real_ip", "forwarded") for value in ("127.0.0.1", "for=::1")),
    *({name: "cert:alice"} for name in ("x_forwarded_user", "x_remote_user", "x_user", "remote_user", "from")),
    *({name: "/logs?filename=nginx/secret.log"} for name in ("x_original_url", "x_rewrite_url", "referer")),
    {"x_http_method_override": "GET", "x_forwarded_host": "db-2", "x_forwarded_proto": "https"},
    {"x_ssl_client_cert": "CN=alice", "x_ssl_client_verify": "SUCCESS", "ssl_client_s_dn": "CN=alice"},
    {"last_event_id": "zzwruXjaNco7DoAgDADQu3SupoXyvYphIRA1ITgZB8LdHYzLm97GyMaI015YYb9b"},
    {"accept": JSON}, {"accept": NDJSON}, {"accept": "text/event-stream"}, {"range": "bytes=0-"}, {"prefer": "x"},
    {"authorization": "Basic dG9rZW46Ym9i"}, {"cookie": "shows=cert:alice"}, {"te": "trailers"}, {"via": "1.1 web-1"},
]  # fmt: skip


def gives_nothing_away(reply: Reply, sent: str) -> None:
    """What is told, in whatever form, is of `app.log` alone."""
    assert set(re.findall(rb"web-1 (\S+:\S+) \d", reply.body)) <= {b"log:app.log", b"log:app.log.1"}, sent
    assert int(reply.trailers.get("log-lines") or 0) <= 3, sent
    told = json.loads(reply.body) if reply.headers["content-type"] == JSON and reply.status == 200 else {}
    assert {file["name"] for file in told.get("files", [])} <= {"app.log", "app.log.1"}, sent
    assert {hit.get("file", "app.log") for hit in told.get("hits", [])} <= {"app.log", "app.log.1"}, sent


@pytest.mark.parametrize("route", ["/logs", "/hits", "/files"])
async def test_no_parameter_gives_more(autojump_clock: MockClock, tmp_path: Path, route: str) -> None:
    async with one_agent(tmp_path, "by identity") as it:
        seen = await it.ask(ALL_FILES, route=route, shows=WHO)
        assert seen.status == (200 if route != "/hits" else seen.status)
        for parameter in PARAMETERS:
            for query in (f"{ALL_FILES}&{parameter}", f"{parameter}&{ALL_FILES}"):
                gives_nothing_away(await it.ask(query, route=route, shows=WHO), query)
            if route != "/files":
                gives_nothing_away(await it.ask(ALL_FILES, route=route, form=parameter, shows=WHO), parameter)
                gives_nothing_away(await it.ask(parameter, route=route, form=ALL_FILES, shows=WHO), parameter)


@pytest.mark.parametrize("route", ["/logs", "/files"])
async def test_no_spelling_of_a_name_leads_to_what_is_denied(
    autojump_clock: MockClock, tmp_path: Path, route: str
) -> None:
    async with one_agent(tmp_path, "by identity") as it:
        for name in TRAVERSALS:
            gives_nothing_away(await it.ask(f"filename={name}", route=route, shows=WHO), name)


@pytest.mark.parametrize("route", ["/logs", "/hits", "/files", "/hosts"])
async def test_no_header_gives_more_or_another_identity(autojump_clock: MockClock, tmp_path: Path, route: str) -> None:
    query = "" if route == "/hosts" else ALL_FILES
    async with one_agent(tmp_path, "by identity") as it:
        for headers in HEADERS:
            gives_nothing_away(await it.ask(query, route=route, shows=WHO, **headers), str(headers))
            nobody = await it.ask(query, route=route, shows="oidc:bob", **headers)
            assert nobody.status in (400, 403, 421), headers


HTML = "<script>alert(1)</script>"


@pytest.mark.parametrize("accept", ["text/html", "text/html,*/*;q=0.8", "text/plain", NDJSON, JSON, "*/*"])
@pytest.mark.parametrize("route", ["/logs", "/hits", "/files", "/hosts", "/healthz", "/nowhere", f"/{HTML}"])
async def test_no_answer_is_html_whatever_is_asked_or_logged(
    autojump_clock: MockClock, tmp_path: Path, route: str, accept: str
) -> None:
    async with one_agent(tmp_path, "allow all") as it:
        (tmp_path / WEB / "log" / "x.log").write_text(f"2026-11-23T10:00:00Z {HTML}\n")
        for query in ("filename=x.log", f"filename={HTML}", f"{HTML}=1", f"filename=x.log&hostname={HTML}"):
            reply = await it.ask(query, route=route, shows=WHO, accept=accept)
            kind = reply.headers["content-type"].partition(";")[0]
            assert kind in ("text/plain", JSON, NDJSON, "application/problem+json"), (query, kind)
            assert reply.headers["x-content-type-options"] == "nosniff", query
            assert not any("<script" in f"{name} {value}" for name, value in reply.headers.items())
