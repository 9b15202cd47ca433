"""The table of the formats around a clock `hh:mm:ss`, a row each; see `formats` for how to add one."""

from __future__ import annotations

import re

from logagent.core.times.formats import (
    CLOCK,
    DAY_OF_YEAR,
    LONG_DATE,
    MONTH,
    SHORT_DATE,
    YEAR,
    Format,
    Instant,
    clocked,
    dated,
    dated_or_latest,
    latest,
    numbered,
    weekly,
    worded,
)
from logagent.core.times.months import MONTH_NAME
from logagent.core.times.wall_clock import WallClock, full_year

REACH = 48
"""Bytes before a landmark in which a worded format may begin."""

_WEEKDAY = rb"(?i:Mon|Tue|Wed|Thu|Fri|Sat|Sun) "
_ISO_DATE = YEAR + rb"-(?P<month>\d\d?)-(?P<day>\d\d?)(?:[Tt\t ,]|  |, | - |\"[,;\t ]\")"
_JOINED_DATE = rb"(?<![\w.-])(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)[_;|.-]"
_COMMON_DATE = rb"(?<!\d)(?P<day>\d\d)/" + MONTH + rb"\.?/(?P<year>\d{4})[: ]"
_SLASHED_DATE = YEAR + rb"(?P<separator>[/.\\])(?P<month>\d\d?)(?P=separator)(?P<day>\d\d?)(?:[T\t _:,-]|  | - )"
_COMPACT_DATE = YEAR + rb"(?P<month>\d\d)(?P<day>\d\d)[T _-]"
_MONTH_DAY = MONTH + rb" (?P<day>[ \d]\d|\d)"
_MONTH_DAY_YEAR = MONTH + rb"(?P<separator>[ /-])(?P<day>[ \d]\d|\d),?(?P=separator)(?P<year>\d{4}|(?<=-)\d\d(?= )),? "
_DAY_MONTH_YEAR = (
    rb"(?<!\d)(?P<day>\d?\d)(?P<separator>[ -]?)" + MONTH + rb"(?P=separator)"
    rb"(?P<year>\d{4}|(?<=[ -])\d\d)(?: |::?)"
)  # fmt: skip
_WEEK_DATE = YEAR + rb"-?W(?P<week>[0-5]\d)-?(?P<weekday>[1-7])[T ]"
_YEAR_MONTH_DAY = YEAR + rb"(?P<separator>[ /-])" + MONTH + rb"(?P=separator)(?P<day>[ \d]\d) "
_US_DATE = rb"(?P<month>\d\d)/(?P<day>\d\d)/(?P<year>\d{4})"


def _utc(found: re.Match[bytes], wall_clock: WallClock) -> int | None:
    return wall_clock.instant(found, full_year(found["year"]), int(found["month"]), int(found["day"]), b"UTC")


def _of_one_program(name: str, date: bytes, behind: bytes, instant: Instant, *leads: int) -> Format:
    """Make a format of which the text `behind` the clock shows that it is that of a certain program."""
    return Format(name, re.compile(date + CLOCK + b"(?=(?P<settled>" + behind + b"))"), instant, leads)


CLOCKED = (
    # runit's svlogd -tt, which writes UTC: 2000-10-10_13:55:36.12345
    _of_one_program("svlogd", YEAR + rb"-(?P<month>\d\d)-(?P<day>\d\d)_", rb"(?<=\.\d{5})(?:\Z|[^\d.,:])", _utc, 13),
    # RFC 3339, ISO 8601, log4j, Python's logging, PostgreSQL, MySQL, Docker's CRI: 2000-10-10T13:55:36.123456+02:00
    clocked("iso", _ISO_DATE, dated, 10, 11, 12, 13, 14, 15),
    # runit's svlogd, and those that take the day apart from the hour: 2000-10-10_13:55:36, 2000-10-10-13:55:36
    clocked("iso_joined", _JOINED_DATE, dated, 13),
    # Common log format, HAProxy's, Django's: 10/Oct/2000:13:55:36 -0700
    clocked("common", _COMMON_DATE, dated, 11, 12, 13, 14, 15, 16),
    # C's asctime, date(1), Apache's error log, git: Tue Oct 10 13:55:36.123456 2000 +0200
    clocked("ctime", _WEEKDAY + _MONTH_DAY + rb"[ \t]", dated_or_latest, 12, 13, 14),
    # RFC 3164, Cisco IOS, H3C, libdnf: Oct 10 13:55:36, Oct 10 13:55:36.123 UTC:, Oct 10 13:55:36:123 2000, Oct-10
    clocked("syslog", MONTH + rb"(?P<separator>[ /-])(?P<day>[ \d]\d|\d),?[ \t]", dated_or_latest, 7, 8, 9, 10, 11),
    # Monit up to 5.7: [PDT Oct 10 13:55:36]
    Format(
        "zone_month_day",
        re.compile(rb"(?<=\[)(?P<zone>[A-Z]{3,4}) " + _MONTH_DAY + b" " + CLOCK + rb"(?=(?P<settled>\]))"),
        latest,
        (13, 14),
    ),
    # Cisco IOS, JavaScript's Date, java.util.logging, MikroTik, ASSP: Oct 10 2000 13:55:36 GMT+0200, Oct-10-00
    clocked("month_day_year", _MONTH_DAY_YEAR, dated, 11, 12, 13, 14, 15, 16),
    # nginx's error log, Go's log, Samba, Redis before 2.8, Gin: 2000/10/10 13:55:36, 2000/10/10 - 13:55:36
    clocked("slashed", _SLASHED_DATE, dated, 10, 11, 12, 13, 14, 15),
    # Sophos UTM, DirectAdmin: 2000:10:10-13:55:36
    clocked("colons", YEAR + rb":(?P<month>\d\d):(?P<day>\d\d)[T -]", dated, 13),
    # Ordinal dates: 2000-284T13:55:36, 2000.284 13:55:36, 2000:284:13:55:36
    clocked("day_of_year", YEAR + rb"[-./:]" + DAY_OF_YEAR + rb"[T :/-]", numbered, 8, 11),
    # ISO 8601's dates of weeks: 2000-W41-2T13:55:36
    clocked("week_date", _WEEK_DATE, weekly, 11, 13),
    # glog and klog, with their --log_year_in_prefix: I1010 13:55:36.123456
    clocked("glog", rb"(?<!\w)[IWEF](?P<month>\d\d)(?P<day>\d\d) ", latest, 8),
    clocked("glog_year", rb"(?<!\w)[IWEF]" + LONG_DATE + b" ", dated, 12),
    # CockroachDB, which writes UTC: I001010 13:55:36.123456
    clocked("cockroach", rb"(?<!\w)[IWEF]" + SHORT_DATE + b" ", _utc, 10),
    # RFC 5322, Redis, PHP, BIND, Tomcat, Oracle, RabbitMQ: 10 Oct 2000 13:55:36, 10-Oct-00 13:55:36, 10Oct2000
    clocked("day_month_year", _DAY_MONTH_YEAR, dated, 9, 10, 11, 12, 13, 14, 15),
    # Redis 2.8, date(1) in Britain: 10 Oct 13:55:36.123
    clocked("day_month", rb"(?<!\d)(?P<day>\d?\d) " + MONTH + b" ", dated_or_latest, 7, 8, 9, 10),
    # Cisco ASA, Boost.Log: 2000 Oct 10 13:55:36, 2000-Oct-10 13:55:36
    clocked("year_month_day", _YEAR_MONTH_DAY, dated, 13, 14, 15),
    # German and Swiss: 10.10.2000 13:55:36
    clocked(
        "dotted", rb"(?<![\d.])(?P<day>\d?\d)\.(?P<month>\d?\d)\.(?P<year>\d{4})(?: |, )", dated, 10, 11, 12, 13, 14
    ),
    # ISO 8601 with a basic date: 20001010-13:55:36:123
    clocked("compact", _COMPACT_DATE, dated, 10, 11),
    # MySQL up to 5.6: 001010 13:55:36, 001010  3:55:36
    clocked("mysql", rb"\A" + SHORT_DATE + b" ", dated, 8, 9),
    # Spark, known by the level behind it: 00/10/10 13:55:36 INFO
    _of_one_program(
        "spark",
        rb"\A\[?(?P<year>\d\d)/(?P<month>\d\d)/(?P<day>\d\d) ",
        rb" (?:TRACE|DEBUG|INFO|WARN|ERROR|FATAL) ",
        dated,
        11,
        12,
    ),
    # Suricata's alerts, and Snort's: 10/10/2000-13:55:36.123456  [**], 10/10-13:55:36.123456  [**]
    _of_one_program("suricata", rb"\A" + _US_DATE + b"-", rb"(?<=\.\d{6})  \[", dated, 13),
    _of_one_program("snort", rb"\A(?P<month>\d\d)/(?P<day>\d\d)-", rb"(?<=\.\d{6})  \[", latest, 8),
    # Suricata's own log: 10/11/2000 -- 13:55:36 - <Notice>
    _of_one_program(
        "suricata_log", rb"(?<!\d)(?P<day>\d\d)/(?P<month>\d\d)/(?P<year>\d{4}) -- ", rb" - [<(]", dated, 16
    ),
    # Half-Life and its successors: L 10/11/2000 - 13:55:36:
    _of_one_program("half_life", rb"(?<=L )" + _US_DATE + b" - ", b": ", dated, 15),
    # Go-Ethereum: INFO [10-10|13:55:36.123]
    clocked("geth", rb"(?<=\[)(?P<month>\d\d)-(?P<day>\d\d)\|", latest, 8),
    # Android's logcat: 10-10 13:55:36.123
    clocked("android", rb"\A(?P<month>\d\d)-(?P<day>\d\d) ", latest, 8),
    # Proxifier: [10.10 13:55:36]
    clocked("month_day", rb"\A\[(?P<month>\d\d)\.(?P<day>\d\d) ", latest, 9),
)
"""The formats around a clock; where several match at one place, the first counts."""

_NAMED_MONTH = b"(?P<month>" + MONTH_NAME + rb")\.?"
_BETWEEN = rb"(?:,| at| um| \xc3\xa0| a las| alle| om| kl\.?| \xc3\xa0s| o| @)? "
_DAY_WORD = rb"(?<![\w.])(?P<day>\d?\d)(?:\.|er|\xc2\xba|(?:st|nd|rd|th)\b)?[ /-](?:de )?" + _NAMED_MONTH
_WORD_DAY = rb"(?<![\w\x80-\xff])" + _NAMED_MONTH + rb" (?P<day>[ \d]?\d)(?:\.|(?:st|nd|rd|th)\b)?"
_YEAR_BEHIND = rb",?[ /-](?:de )?(?P<year>\d{4})(?!\d)"

WORDED = (
    # 3. September 2000 13:55:36, 3 septembre 2000 à 13:55:36, 3 de septiembre de 2000 13:55:36, 02/févr./2000:13:55:36
    worded("day_word_year", _DAY_WORD + _YEAR_BEHIND + b"(?:" + _BETWEEN + b"|:)", dated),
    # 3. Mär 13:55:36, 3 okt 13:55:36
    worded("day_word", _DAY_WORD + _BETWEEN, dated_or_latest),
    # September 3rd, 2000 at 1:55:36 PM
    worded("word_day_year", _WORD_DAY + _YEAR_BEHIND + _BETWEEN, dated),
    # September 3 13:55:36, Okt  3 13:55:36
    worded("word_day", _WORD_DAY + rb"(?:" + _BETWEEN + rb"|\t)", dated_or_latest),
    # Chinese and Japanese: 2000年10月10日 13:55:36
    worded(
        "cjk",
        YEAR + rb"\xe5\xb9\xb4(?P<month>\d?\d)\xe6\x9c\x88(?P<day>\d?\d)\xe6\x97\xa5 ?",
        dated,
    ),
    # Fields of a date and a clock: date="2000-10-10" time="13:55:36", d=2000-10-10 t=13:55:36, also members of JSON
    worded(
        "date_time_pairs",
        rb"(?<!\d)(?P<year>\d{4})(?P<separator>[-/])(?P<month>\d\d)(?P=separator)(?P<day>\d\d)[\"']?[ ,;|\t]{1,2}[\"']?"
        rb"(?i:t|time)[\"']?[=:] ?[\"']?",
        dated,
    ),
)
"""The formats whose dates may be longer than a lead; where several match, the first counts."""
