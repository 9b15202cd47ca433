"""Times: lines that state them, and the nanoseconds that they mean."""

from __future__ import annotations

import datetime
import zoneinfo

from hypothesis import strategies as st

from logagent.core.times.stamper import Stamper

UTC = datetime.UTC
BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")
NEW_YORK = zoneinfo.ZoneInfo("America/New_York")
ZONES = [UTC, BERLIN, NEW_YORK, zoneinfo.ZoneInfo("Australia/Lord_Howe"), zoneinfo.ZoneInfo("Asia/Kathmandu")]
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = datetime.timedelta(microseconds=1)


def ns(text: str, more: int = 0) -> int:
    """Nanoseconds since the epoch of an ISO time (UTC unless it says otherwise), and some more."""
    moment = datetime.datetime.fromisoformat(text)
    return instant(moment if moment.tzinfo else moment.replace(tzinfo=UTC)) + more


def instant(moment: datetime.datetime) -> int:
    """Nanoseconds since the epoch of a moment with a zone."""
    return (moment - EPOCH) // MICROSECOND * 1000


MODIFIED = ns("2024-06-15 12:00:00")
"""When the file was last written to, where a test does not say."""


def stamp(line: bytes, zone: datetime.tzinfo = UTC, modified: int = MODIFIED) -> int | None:
    """The time of a line that comes alone."""
    return Stamper(zone, modified).stamp(line)


wall_times = st.datetimes(timezones=st.sampled_from(ZONES), allow_imaginary=False).map(
    lambda moment: moment.replace(fold=0, microsecond=0)
)
"""Moments in these zones, of whole seconds; of an hour that comes twice, the first."""

SAMPLES = {
    "iso": (b"2000-10-10T13:55:36.123456789+02:00 web-1 started", ns("2000-10-10 11:55:36.123456", 789)),
    "common": (b'10.0.0.1 - ann [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.0" 200 23', ns("2000-10-10 20:55:36")),
    "ctime": (b"[Tue Oct 10 13:55:36.25 2000] [notice] ready", ns("2000-10-10 13:55:36.25")),
    "syslog": (b"<13>Nov  3 04:05:06 web-1 app[1]: ready", ns("2023-11-03 04:05:06")),
    "month_day_year": (b"*Oct 10 2000 13:55:36.123: %SYS-5-CONFIG_I: ready", ns("2000-10-10 13:55:36.123")),
    "slashed": (b"2000/10/10 13:55:36 [error] 7#7: *1 open() failed", ns("2000-10-10 13:55:36")),
    "glog": (b"I1123 10:11:12.123456       7 main.go:12] ready", ns("2023-11-23 10:11:12.123456")),
    "glog_year": (b"E20001010 13:55:36.123456     7 main.cc:12] ready", ns("2000-10-10 13:55:36.123456")),
    "cockroach": (b"I001010 13:55:36.123456 7 server/node.go:1  ready", ns("2000-10-10 13:55:36.123456")),
    "day_month_year": (b"7:M 10 Oct 2000 13:55:36.123 * Ready", ns("2000-10-10 13:55:36.123")),
    "day_month": (b"[7] 10 Oct 13:55:36.123 * Ready", ns("2023-10-10 13:55:36.123")),
    "year_month_day": (b"2000 Oct 10 13:55:36.123 CET: %FWSM: ready", ns("2000-10-10 12:55:36.123")),
    "dotted": (b"10.11.2000 13:55:36,5 bereit", ns("2000-11-10 13:55:36.5")),
    "compact": (b"20001010-13:55:36:123|Step|ready", ns("2000-10-10 13:55:36.123")),
    "mysql": (b"001010  3:55:36 [Note] ready", ns("2000-10-10 03:55:36")),
    "spark": (b"00/10/11 13:55:36 INFO Executor: ready", ns("2000-10-11 13:55:36")),
    "android": (b"03-17 16:13:38.811  1702  2395 D WindowManager: ready", ns("2024-03-17 16:13:38.811")),
    "month_day": (b"[03.17 16:13:38] app - proxy open", ns("2024-03-17 16:13:38")),
    "epoch": (b"1732356672.123456 web-1 app[1]: ready", ns("2024-11-23 10:11:12.123456")),
    "scientific": (b"1.7323566721234567e+09\tINFO\tready", ns("2024-11-23 10:11:12.123456", 700)),
    "audit": (b"type=SYSCALL msg=audit(1732356672.123:24287): arch=c000003e", ns("2024-11-23 10:11:12.123")),
    "bgl": (b"- 1732356672 2024.11.23 R02 2024-11-23-10.11.12.675872 R02 RAS", ns("2024-11-23 10:11:12")),
    "hdfs": (b"001010 135536 148 INFO dfs.DataNode: ready", ns("2000-10-10 13:55:36")),
    "basic": (b"20001010T135536.5+0200 ready", ns("2000-10-10 11:55:36.5")),
    "db2": (b"2000-10-10-13.55.36.123456+120 I1A2 LEVEL: Event", ns("2000-10-10 11:55:36.123456")),
    "svlogd": (b"2000-10-10_13:55:36.12345 ready", ns("2000-10-10 13:55:36.12345")),
    "iso_joined": (b"2000-10-10-13:55:36 ready", ns("2000-10-10 13:55:36")),
    "colons": (b"2000:10:10-13:55:36 utm httpproxy[7]: ready", ns("2000-10-10 13:55:36")),
    "day_of_year": (b"2000-284T13:55:36.5Z ready", ns("2000-10-10 13:55:36.5")),
    "suricata": (b"10/11/2000-13:55:36.123456  [**] [1:1:1] ready", ns("2000-10-11 13:55:36.123456")),
    "snort": (b"03/17-13:55:36.123456  [**] [1:1:1] ready", ns("2024-03-17 13:55:36.123456")),
    "suricata_log": (b"10/11/2000 -- 13:55:36 - <Notice> - ready", ns("2000-11-10 13:55:36")),
    "half_life": (b'L 10/11/2000 - 13:55:36: "Ann<1><>" entered', ns("2000-10-11 13:55:36")),
    "geth": (b"INFO [03-17|13:55:36.123] ready", ns("2024-03-17 13:55:36.123")),
    "zone_month_day": (b"[PDT Oct 10 13:55:36] error    : ready", ns("2023-10-10 20:55:36")),
    "week_date": (b"2000-W41-2T13:55:36.5Z ready", ns("2000-10-10 13:55:36.5")),
    "day_word": ("3. Mär 13:55:36 bereit".encode(), ns("2024-03-03 13:55:36")),
    "day_word_year": ("3. März 2000 13:55:36 bereit".encode(), ns("2000-03-03 13:55:36")),
    "word_day": (b"October 3 13:55:36 ready", ns("2023-10-03 13:55:36")),
    "word_day_year": (b"October 3rd, 2000 at 1:55:36 PM ready", ns("2000-10-03 13:55:36")),
    "date_time_pairs": (b"level=info date='2000-10-10' time='13:55:36' msg=ready", ns("2000-10-10 13:55:36")),
    "cjk": ("2000年10月3日 13:55:36 ok".encode(), ns("2000-10-03 13:55:36")),
    "hpc": (b"134681 node-246 unix.hw state_change.unavailable 1732356672 1 down", ns("2024-11-23 10:11:12")),
    "vpc_flow": (
        b"2 123456789010 eni-1235b8ca 10.0.0.1 10.0.0.2 20641 22 6 20 4249 1732356672 1732356732 ACCEPT OK",
        ns("2024-11-23 10:11:12"),
    ),
    "strace": (b"[pid  1234] 1732356672.123456 openat(AT_FDCWD) = 3", ns("2024-11-23 10:11:12.123456")),
    "ros": (b"[ WARN] [1732356672.123456789]: ready", ns("2024-11-23 10:11:12.123456", 789)),
    "slow_log": (b"# Time: 2000-10-10T13:55:36.123456Z", ns("2000-10-10 13:55:36.123456")),
    "slow_log_old": (b"# Time: 001010  3:55:36", ns("2000-10-10 03:55:36")),
    "set_timestamp": (b"SET timestamp=1732356672.5;", ns("2024-11-23 10:11:12.5")),
    "history": (b": 1732356672:0;ls -l", ns("2024-11-23 10:11:12")),
    "tai64n": (b"@4000000039e31fdb075bcd15 ready", ns("2000-10-10 13:55:29.123456", 789)),
    "zabbix": (b"   7:20001010:135536.123 server #0 started", ns("2000-10-10 13:55:36.123")),
    "lxc": (b"lxc-start web 20001010135536.123 ERROR    start - ready", ns("2000-10-10 13:55:36.123")),
    "powershell": (b"Start time: 20001010135536", ns("2000-10-10 13:55:36")),
    "unreal": (b"[2000.10.10-13.55.36:123][  0]LogInit: ready", ns("2000-10-10 13:55:36.123")),
    "no_colons": (b"2000-10-10_13-55-36 ready", ns("2000-10-10 13:55:36")),
    "oracle": (b"10-OCT-00 01.55.36.123456 PM +02:00 ready", ns("2000-10-10 11:55:36.123456")),
    "no_seconds": (b"[2000-10-10 13:55] [ALPM] installed x", ns("2000-10-10 13:55:00")),
    "date_and_time": (
        b'date=2000-10-10 time=13:55:36 devname="fw" logid="1" tz="+0200"',
        ns("2000-10-10 11:55:36"),
    ),
    "no_zeros": (b"2000-10-1+3-5-6.789 [error] ready", ns("2000-10-01 03:05:06.789")),
    "basic_no_seconds": (b"20001010T1355+0200 ready", ns("2000-10-10 11:55:00")),
    "cef": (b"CEF:0|V|P|1|2|N|3|src=10.0.0.1 rt=1732356672123 act=x", ns("2024-11-23 10:11:12.123")),
    "cef_utc": (b"CEF:0|V|P|1|2|N|3|UNIFIutcTime=2000-10-10T13:55:36.5Z msg=x", ns("2000-10-10 13:55:36.5")),
    "windows_event": (
        b"<Event xmlns='x'><System><TimeCreated SystemTime='2000-10-10T13:55:36.1234567Z'/></System></Event>",
        ns("2000-10-10 13:55:36.123456", 700),
    ),
    "log4j_event": (
        b'<log4j:event logger="x" timestamp="1732356672123" level="INFO" thread="main">',
        ns("2024-11-23 10:11:12.123"),
    ),
    "otlp": (
        b'{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"timeUnixNano":"1732356672123456789","body":{}}]}]}]}',
        ns("2024-11-23 10:11:12.123456", 789),
    ),
    "chromium": (b"[0317/161338.811000:ERROR:file.cc(12)] ready", ns("2024-03-17 16:13:38.811")),
}
"""For each format, by its name, a line with such a time, and its nanoseconds since the epoch."""
