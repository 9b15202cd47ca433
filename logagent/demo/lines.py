"""The made-up lines of a web shop's host: what each of its logs says, with some trouble to look for.

The time of a line is given; everything else is drawn.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime

Teller = Callable[[datetime], str]
"""Gives the lines that a log has of one moment, each with its line break."""

_PATHS = ("/", "/basket", "/checkout", "/search?q=teapot", "/product/17", "/product/42", "/static/shop.css")
_AGENTS = ("Mozilla/5.0 (X11; Linux x86_64)", "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4)", "curl/8.7.1")
_PROGRAMS = (
    "cron[811]: (root) CMD (run-parts /etc/cron.hourly)",
    "systemd[1]: Started session-3.scope.",
    "dhclient[402]: bound to 10.1.0.9 -- renewal in 1743 seconds.",
    "kernel: eth0: link becomes ready",
)
_ALTERNATIVES = (
    ("editor", "/usr/bin/vim.basic"),
    ("pager", "/usr/bin/less"),
    ("awk", "/usr/bin/mawk"),
    ("java", "/usr/lib/jvm/java-17-openjdk-amd64/bin/java"),
    ("nc", "/bin/nc.openbsd"),
)
_LOGINS = (
    "Accepted publickey for deploy from 10.1.0.9 port 51514 ssh2",
    "Failed password for root from 203.0.113.7 port 40022 ssh2",
    "Failed password for invalid user admin from 203.0.113.7 port 40023 ssh2",
)
_UPSTREAM = (
    "upstream timed out (110: Connection timed out) while reading response header from upstream",
    "connect() failed (111: Connection refused) while connecting to upstream",
)
_REFUSED = """\
Traceback (most recent call last):
  File "/srv/api/orders.py", line 41, in load
    with pool.connection() as connection:
psycopg.OperationalError: connection to server at "db-2", port 5432 failed: Connection refused
"""
_TRACE = """\
Traceback (most recent call last):
  File "/srv/shop/checkout.py", line 88, in pay
    receipt = gateway.charge(order)
  File "/srv/shop/gateway.py", line 31, in charge
    raise GatewayTimeout(self.name)
shop.gateway.GatewayTimeout: cardworks
"""


class MadeUpLines:
    """Draws the lines of one host's logs.

    Args:
        chance: what is drawn from.
        name: of the host.

    Attributes:
        tellers: each log's file, how likely it has lines of a moment, and what gives them.
    """

    def __init__(self, chance: random.Random, name: str) -> None:
        self._random = chance
        self._name = name
        self.tellers: list[tuple[str, float, Teller]] = [
            ("nginx/access.log", 0.9, self._access),
            ("nginx/error.log", 0.05, self._error),
            ("shop/app.log", 0.5, self._shop),
            ("app.log", 0.4, self._app),
            ("syslog", 0.2, self._syslog),
            ("auth.log", 0.1, self._auth),
            ("kern.log", 0.03, self._kernel),
            ("alternatives.log", 0.05, self._alternatives),
        ]

    def _access(self, now: datetime) -> str:
        chance = self._random
        client = f"10.1.{chance.randrange(8)}.{chance.randrange(1, 255)}"
        status = chance.choices((200, 304, 404, 502), (90, 6, 3, 1))[0]
        asked = f'"GET {chance.choice(_PATHS)} HTTP/2.0" {status} {chance.randrange(200, 60_000)}'
        return f'{client} - - [{now:%d/%b/%Y:%H:%M:%S %z}] {asked} "-" "{chance.choice(_AGENTS)}"\n'

    def _shop(self, now: datetime) -> str:
        chance = self._random
        stamp = now.isoformat(timespec="milliseconds")
        order = chance.randrange(10_000, 99_999)
        if chance.random() < 0.03:
            return f"{stamp} ERROR checkout order={order} payment failed\n{_TRACE}"
        return f"{stamp} INFO checkout order={order} paid in {chance.randrange(40, 900)} ms\n"

    def _syslog(self, now: datetime) -> str:
        return self._in_syslog(now, self._random.choice(_PROGRAMS))

    def _in_syslog(self, now: datetime, message: str) -> str:
        return f"{now:%b} {now.day:2} {now:%H:%M:%S} {self._name} {message}\n"

    def _alternatives(self, now: datetime) -> str:
        link, path = self._random.choice(_ALTERNATIVES)
        begin = f"update-alternatives {now:%Y-%m-%d %H:%M:%S}:"
        return (
            f"{begin} run with --quiet --install /usr/bin/{link} {link} {path} 50\n"
            f"{begin} link group {link} updated to point to {path}\n"
        )

    def _error(self, now: datetime) -> str:
        chance = self._random
        what, asked = chance.choice(_UPSTREAM), chance.choice(_PATHS)
        return f'{now:%Y/%m/%d %H:%M:%S} [error] 611#611: *{chance.randrange(1, 9000)} {what}, request: "GET {asked}"\n'

    def _app(self, now: datetime) -> str:
        """An API's own log, in UTC: requests, checks of its health, and a database that refuses some."""
        chance = self._random
        stamp = f"{now.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{chance.randrange(1000):03}Z"
        drawn = chance.random()
        if drawn < 0.3:
            return f"{stamp} INFO healthcheck status=200\n"
        order = chance.randrange(10_000, 99_999)
        if drawn < 0.9:
            return f"{stamp} INFO order={order} status=200 in {chance.randrange(3, 90)} ms\n"
        return f"{stamp} ERROR order={order} status=503 db-2: connection refused\n{_REFUSED}"

    def _auth(self, now: datetime) -> str:
        return self._in_syslog(now, f"sshd[{self._random.randrange(900, 9000)}]: {self._random.choice(_LOGINS)}")

    def _kernel(self, now: datetime) -> str:
        pid = self._random.randrange(900, 9000)
        return self._in_syslog(now, f"kernel: oom-kill: Out of memory: Killed process {pid} (java)")
