"""The table of the formats that count at a line's beginning, a row each; see `formats` for how to add one."""

from __future__ import annotations

import re

from logagent.core.times.formats import (
    AFTER_DATED,
    EPOCH_FRACTION,
    EPOCH_SECONDS,
    FRACTION,
    LONG_DATE,
    MONTH,
    PLAIN_CLOCK,
    SHORT_DATE,
    dated,
    epoch,
    latest,
    leading,
)
from logagent.core.times.wall_clock import WallClock
from logagent.core.units import SECOND

_TAI = 2**62 + 10
"""The TAI64 label of the epoch, for programs that know of no leap seconds but the ten of 1970."""

_EPOCH_END = rb"(?=[\s\],;|:)}\"\x1b]|\Z)"
_POINT = rb"(?:\.(?P<fraction>\d+))?+"
_DATE = rb"[\[(]?(?P<year>(?:19|20)\d\d)(?P<separator>[-./])(?P<month>\d\d)(?P=separator)(?P<day>\d\d)"
_MINUTE = rb"(?P<minute>[0-5]\d)"
_CLOCK = rb"(?P<hour>[ \d]\d):(?P<minute>[0-5]\d):(?P<second>[0-5]\d|60)(?!\d)"
_OFFSET = rb"[+-]\d\d(?::?\d\d)?(?!\d)"


def _scientific(found: re.Match[bytes], _: WallClock) -> int | None:
    return int(found["first"] + found["seconds"].ljust(9, b"0")) * SECOND


def _tai(found: re.Match[bytes], _: WallClock) -> int | None:
    nanoseconds = int(found["nanoseconds"] or b"0", 16)
    return (int(found["label"], 16) - _TAI) * SECOND + nanoseconds if nanoseconds < SECOND else None


def _utc(found: re.Match[bytes], wall_clock: WallClock) -> int | None:
    return wall_clock.instant(found, int(found["year"]), int(found["month"]), int(found["day"]), b"UTC")


LEADING = (
    # Seconds since the epoch, milli-, micro- and nanoseconds: journald's short-unix, Squid, Nagios
    leading("epoch", rb"(?:[\[(] ?)?" + EPOCH_SECONDS + EPOCH_FRACTION + _EPOCH_END, epoch),
    # Seconds since the epoch as zap prints them to terminals: 9.711861361234e+08
    leading(
        "scientific",
        rb"[\[(]?(?P<first>[1-3])\.(?P<seconds>\d{1,9})(?P<fraction>\d*)[Ee]\+?0?9" + _EPOCH_END,
        _scientific,
    ),
    # The Linux audit log, and the kernel's part of it: type=SYSCALL msg=audit(971186136.123:24287):
    leading(
        "audit",
        rb"(?:node=\S+ )?(?:\[ *\d+\.\d+\] )?(?:audit: )?type=\S+ (?:msg=)?audit\("
        + EPOCH_SECONDS
        + FRACTION
        + rb"(?=:)",
        epoch,
    ),
    # Blue Gene and Thunderbird: - 971186136 2000.10.10
    leading("bgl", rb"(?:-|[A-Z_]{3,16}) " + EPOCH_SECONDS + rb" \d{4}\.\d\d\.\d\d ", epoch),
    # The clusters of Los Alamos: 134681 node-246 unix.hw state_change.unavailable 971186136 1
    leading("hpc", rb"\d+ \S+ \S+ \S+ " + EPOCH_SECONDS + rb" \d ", epoch),
    # Flow logs of Amazon's VPC, whose first time is the flow's beginning
    leading("vpc_flow", rb"2 \d{12} eni-\w+ (?:\S+ ){7}" + EPOCH_SECONDS + rb" \d{10} ", epoch),
    # strace -f -ttt: 1234 971186136.123456 open(, [pid 1234] 971186136.123456 open(
    leading("strace", rb"(?:\[pid +\d+\]| *\d{1,7}) +" + EPOCH_SECONDS + rb"\.(?P<fraction>\d{6}) ", epoch),
    # ROS: [INFO] [971186136.123456789]:
    leading("ros", rb"\[ ?[A-Z]{4,5} ?\] \[" + EPOCH_SECONDS + rb"\.(?P<fraction>\d{1,9})(?:, [\d.]+)?\]", epoch),
    # MySQL's slow log: # Time: 2000-10-10T13:55:36.123456Z, # Time: 001010 13:55:36
    leading(
        "slow_log",
        rb"# Time: (?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)[T ]" + _CLOCK + FRACTION + AFTER_DATED,
        dated,
    ),
    leading("slow_log_old", b"# Time: " + SHORT_DATE + b" " + _CLOCK + FRACTION, dated),
    # MySQL's slow log, the histories of bash and zsh: SET timestamp=971186136;, #971186136, : 971186136:0;ls
    leading("set_timestamp", rb"SET timestamp=" + EPOCH_SECONDS + _POINT + b";", epoch),
    leading(
        "history",
        rb"(?:#\+?" + EPOCH_SECONDS + rb"\Z|: (?P<zsh>[1-3]\d{9}):\d+;)",
        lambda found, _: int(found["seconds"] or found["zsh"]) * SECOND,
    ),
    # daemontools, runit, s6, qmail, Dovecot: @4000000039e31f4d075bcd15
    leading("tai64n", rb"@(?P<label>40000000[0-9a-f]{8})(?P<nanoseconds>[0-9a-f]{8})?(?![0-9A-Za-z])", _tai),
    # HDFS: 001010 135536
    leading("hdfs", SHORT_DATE + b" " + PLAIN_CLOCK + rb"(?=\s|\Z)", dated),
    # ISO 8601's basic form, e2fsck: 20001010T135536Z, 20001010_135536:
    leading("basic", rb"\[?" + LONG_DATE + rb"[T _:.-]?" + PLAIN_CLOCK + FRACTION + AFTER_DATED, dated),
    # Zabbix: 7:20001010:135536.123
    leading("zabbix", rb" *\d+:" + LONG_DATE + b":" + PLAIN_CLOCK + rb"\.(?P<fraction>\d{3}) ", dated),
    # LXC, transcripts of PowerShell: lxc-start c1 20001010135536.123 ERROR, Start time: 20001010135536
    leading("lxc", rb" *lxc[\w-]* +(?:[\w.-]+ +)?" + LONG_DATE + PLAIN_CLOCK + rb"\.(?P<fraction>\d{3}) ", dated),
    leading("powershell", b"(?:Start|End) time: " + LONG_DATE + PLAIN_CLOCK, dated),
    # DB2, whose zone is in minutes: 2000-10-10-13.55.36.123456+120
    leading(
        "db2",
        rb"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)-(?P<hour>\d\d)\.(?P<minute>\d\d)\.(?P<second>[0-5]\d)(?!\d)"
        + FRACTION
        + rb"(?P<zone>[+-]\d{3}(?!\d))?",
        dated,
    ),
    # The Unreal Engine, which writes UTC: [2000.10.10-13.55.36:123]
    leading(
        "unreal",
        rb"\[(?P<year>\d{4})\.(?P<month>\d\d)\.(?P<day>\d\d)-(?P<hour>\d\d)\.(?P<minute>\d\d)\.(?P<second>[0-5]\d)"
        rb":(?P<fraction>\d{3})\]",
        _utc,
    ),
    # Clocks without colons: 2000-10-10_13-55-36, 2000.10.10-13h55m36, 2000-10-10 13.55.36
    leading(
        "no_colons",
        _DATE
        + rb"(?:[T _]|(?<!-\d\d)-)(?P<hour>[01]\d|2[0-3])(?:(?P<mark>[.-])|(?P<letter>h)|)"
        + _MINUTE
        + rb"(?(mark)(?P=mark)|(?(letter)m|))(?P<second>[0-5]\d)s?(?!\d|:\d)"
        + FRACTION
        + AFTER_DATED,
        dated,
    ),
    # Without zeros in front: 2000-10-1+3-55-36.123
    leading(
        "no_zeros",
        rb"(?P<year>(?:19|20)\d\d)-(?P<month>\d?\d)-(?P<day>\d?\d)\+(?P<hour>\d?\d)-(?P<minute>\d?\d)-(?P<second>\d?\d)"
        rb"(?!\d)" + FRACTION,
        dated,
    ),
    # ISO 8601's basic form without seconds: 20001010T1355Z
    leading(
        "basic_no_seconds",
        rb"\[?" + LONG_DATE + rb"T(?P<hour>[01]\d|2[0-3])" + _MINUTE + rb"(?P<zone>[Zz]|" + _OFFSET + rb")?(?![\w:])",
        dated,
    ),
    # Oracle: 10-OCT-00 01.55.36.123456 PM +02:00
    leading(
        "oracle",
        rb"\[?(?P<day>\d\d)-"
        + MONTH
        + rb"-(?P<year>\d\d(?:\d\d)?) (?P<hour>\d\d)\."
        + _MINUTE
        + rb"\.(?P<second>[0-5]\d)(?:\.(?P<fraction>\d++))?+"
        + AFTER_DATED,
        dated,
    ),
    # No seconds: 2000-10-10T13:55Z, [2000-10-10 13:55], pacman's log
    leading(
        "no_seconds",
        _DATE
        + rb"(?:(?P<t>[Tt])|[ _])(?P<hour>[01]\d|2[0-3]):"
        + _MINUTE
        + rb"(?: ?(?P<half>[AP]M|[ap]m)(?!\w))?(?P<zone>(?(t)(?:[Zz]|"
        + _OFFSET
        + rb")| (?:UTC|GMT|"
        + _OFFSET
        + rb")(?!\w)))?"
        rb"(?!\w|[.:-]\d)",
        dated,
    ),
    # Fortinet, Sophos: date=2000-10-10 time=13:55:36 devname="fw" tz="+0200"
    leading(
        "date_and_time",
        rb"(?:<\d{1,3}>)?(?:device(?:_name)?=\"[^\"]*\" )?date=\"?(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)\"?"
        rb"[ ,]+time=\"?"
        rb"(?P<hour>\d\d):(?P<minute>\d\d):(?P<second>[0-5]\d)(?!\d)"
        + FRACTION
        + rb"\"?(?:[^\n]*?[ ,]tz=\"?(?P<zone>[+-]\d\d:?\d\d))?",
        dated,
    ),
    # ArcSight's CEF: CEF:0|Vendor|Product|1|2|3|4|rt=971186136123 src=10.0.0.1
    leading(
        "cef",
        rb"CEF:\d\|[^\n]{0,900}?[ |](?:rt|end|start)=" + EPOCH_SECONDS + EPOCH_FRACTION + rb"(?=\s|\Z)",
        epoch,
    ),
    leading(
        "cef_utc",
        rb"(?:CEF:)?\d\|[^\n]{0,900}?utcTime="
        rb"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)T" + _CLOCK + FRACTION + b"(?P<zone>Z)",
        dated,
    ),
    # Events of Windows: <Event xmlns="..."><System><TimeCreated SystemTime="2000-10-10T13:55:36.1234567Z"/>
    leading(
        "windows_event",
        rb"(?:- )?<Event [^\n]{0,900}?SystemTime=[\"']"
        rb"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)T" + _CLOCK + FRACTION + b"(?P<zone>Z)",
        dated,
    ),
    # log4j's XMLLayout: <log4j:event logger="..." timestamp="971186136123" level="INFO">
    leading(
        "log4j_event",
        rb"<(?:log4j:event|Event) [^\n>]{0,900}?(?:timestamp|timeMillis)=\"" + EPOCH_SECONDS + EPOCH_FRACTION + rb"\"",
        epoch,
    ),
    # OpenTelemetry's files, whose lines may hold many records: {"resourceLogs":[...{"timeUnixNano":"971186136123456789"
    leading(
        "otlp",
        rb"\{\"resource(?:Logs|Spans|Metrics)\":[^\n]{0,900}?(?:t|startT)imeUnixNano\":\"?"
        + EPOCH_SECONDS
        + EPOCH_FRACTION
        + b'"?',
        epoch,
    ),
    # Chromium: [1010/135536.123456:ERROR:file.cc(12)]
    leading("chromium", rb"\[(?:\d+:\d+:)?(?P<month>\d\d)(?P<day>\d\d)/" + PLAIN_CLOCK + FRACTION + b":", latest),
)
"""The formats at a line's beginning, of which the first that matches counts; epoch times come first."""

_AFTER_FOUR_DIGITS = (
    rb"\d{4}(?:\d|[T _:.-]\d{6}|T\d{4})",  # epoch, basic, basic_no_seconds
    rb"\d\d \d{6}",  # hdfs
    rb"/\d{6}",  # chromium
    rb"[-./]\d\d[-./]\d\d[Tt _+-]\d\d(?:[.h-]?\d\d|:\d\d(?!:?\d))",  # db2, unreal, no_colons, no_seconds
    rb"-\d\d?-\d\d?\+\d",  # no_zeros
)
_AFTER_ONE_DIGIT = (
    rb"\d{3}(?:" + b"|".join(_AFTER_FOUR_DIGITS) + b")",
    rb"\.\d{1,40}[Ee]",  # scientific
    rb"\d-[A-Za-z]{3}-\d{2,4} \d\d\.",  # oracle
)
_AFTER_DIGITS = (
    rb" ++\d{10}\.\d{6} ",  # strace
    rb" \S++ \S++ \S++ \d{10} \d ",  # hpc
    rb" \d{12} eni-",  # vpc_flow
    rb":\d{8}:\d{6}\.",  # zabbix
    rb"\|[^|]+\|",  # cef_utc
)
_AT_OTHERS = (
    rb" ++\d++(?:" + b"|".join(_AFTER_DIGITS) + b")",
    rb"[\[(] ?\d(?:" + b"|".join(_AFTER_ONE_DIGIT) + b")",
    rb"\[\d+:\d+:\d{4}/",  # chromium
    rb"\[pid ++\d++\] ++\d{10}\.",  # strace
    rb"\[ ?[A-Z]{4,5} ?\] \[\d{10}\.",  # ros
    rb"\[ *+\d++\.\d++\] audit: ",  # audit
    rb"- \d{10}",  # bgl
    rb"[A-Z_][A-Z_]{2,15} \d{10}",  # bgl
    rb"audit: type=",  # audit
    rb"node=\S+ ",  # audit
    rb"type=\S+ ",  # audit
    rb"@40000000",  # tai64n
    rb"# Time: \d",  # slow_log, slow_log_old
    rb"SET timestamp=",  # set_timestamp
    rb"#\+?\d{10}\Z",  # history
    rb": \d{10}:\d",  # history
    rb"CEF:\d\|",  # cef, cef_utc
    rb"(?:- )?<Event ",  # windows_event, log4j_event
    rb"<log4j:event ",  # log4j_event
    rb"\{\"resource[LSM]",  # otlp
    rb"lxc",  # lxc
    rb" ++lxc",  # lxc
    rb"[SE](?:tart|nd) time: \d{14}",  # powershell
    rb"date=\"?\d{4}-",  # date_and_time
    rb"<\d{1,3}>date=\"?\d{4}-",  # date_and_time
    rb"device(?:_name)?=\"[^\"]*\" date=",  # date_and_time
)
LEADING_HINTS = (
    rb"\d(?:" + b"|".join(_AFTER_ONE_DIGIT) + rb"|\d*+(?:" + b"|".join(_AFTER_DIGITS) + b"))",
    rb"(?![\d\t])(?:" + b"|".join(_AT_OTHERS) + b")",
)
"""Patterns of which one holds at the beginning of every line in which a leading format counts, and of few others. They
are tried on every line, so each begins with a character or a set, and those for digits share their beginning."""
