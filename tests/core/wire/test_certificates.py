"""What people are told of certificates."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from logagent.authority import certs
from logagent.core.wire.certificate_faults import alert_in, why_refused_here, why_refused_there
from logagent.core.wire.certificates import (
    EXPIRES_SOON,
    Certificate,
    described,
    ending,
    listed,
    moment,
    read_certificates,
    revoked_in,
)
from testbed.made_certificates import make
from testbed.revocation_lists import crl

NOW = 1_796_000_000.0
DAY = 86400.0
WEB = Certificate("web-1", "CA", ("web-1", "10.0.0.2"), NOW - DAY, NOW + DAY)
AUTHORITY = Certificate("CA", "CA", (), NOW - DAY, NOW + DAY)


@pytest.mark.parametrize("encoded", [b"", b"garbage", b"0\x03\x02\x01\x00", b"-----BEGIN CERTIFICATE-----\nAA"])
def test_what_is_no_certificate_gives_none(encoded: bytes) -> None:
    assert read_certificates(encoded) == ()


def test_a_certificate_is_described() -> None:
    assert described(WEB) == f"web-1 (for web-1 and 10.0.0.2, issued by CA, until {moment(NOW + DAY)})"
    assert described(AUTHORITY) == f"CA (issued by CA, until {moment(NOW + DAY)})"


@pytest.mark.parametrize(
    ("names", "text"),
    [([], "no name"), (["a"], "a"), (["a", "b", "c"], "a, b and c"), (list("abcdefgh"), "a, b, c, d, e and 3 more")],
)
def test_names_are_listed(names: list[str], text: str) -> None:
    assert listed(names) == text


def test_only_an_end_that_is_near_is_told() -> None:
    assert ending("a.pem", NOW + EXPIRES_SOON + 1, NOW) == ""
    assert ending("a.pem", NOW + EXPIRES_SOON, NOW) == f"a.pem until {moment(NOW + EXPIRES_SOON)}"
    assert ending("a.pem", NOW, NOW) == f"a.pem ended {moment(NOW)}"


def here(code: int, shown: Certificate | None = WEB, *authorities: Certificate, now: float = NOW) -> str:
    return why_refused_here(code, "so says OpenSSL", shown, authorities=authorities, name="web-9", now=now)


def test_an_authority_that_ended_is_told_before_what_it_signed() -> None:
    assert f"the authority CA ended on {moment(NOW + DAY)}; `logagent certs init`" in here(
        10, WEB, AUTHORITY, now=NOW + 2 * DAY
    )


@pytest.mark.parametrize("code", [9, 10, 18, 19, 20, 62, 64, 26])
def test_what_is_not_known_is_not_told(code: int) -> None:
    told = here(code, None)
    assert told.startswith("its certificate is refused: ")
    assert "None" not in told


def test_another_authority_of_the_same_name_is_told() -> None:
    assert "it is issued by another CA than the one that is trusted" in here(20, WEB, AUTHORITY)


def test_each_authority_that_is_trusted_is_told() -> None:
    others = [Certificate(name, name, (), 0, NOW) for name in ("one", "two")]
    assert "it is not issued by one, and no chain" in here(20, WEB, others[0])
    told = here(20, WEB, *others)
    assert "issued by no authority that is trusted here, and no chain of certificates leads to one: one and two" in told


def test_an_authority_that_ended_and_is_another_is_not_told() -> None:
    assert "authority" not in here(10, WEB, Certificate("one", "one", (), 0, 1), now=NOW + 2 * DAY)


def test_other_faults_are_told_in_the_words_of_openssl() -> None:
    assert here(27).endswith(" is refused: so says OpenSSL")


def test_a_certificate_for_another_purpose_is_told_what_would_be_one() -> None:
    assert here(26).endswith("do not let it serve as a host's; `logagent certs host` makes one that does")


def test_a_name_that_is_no_host_is_not_put_into_a_command() -> None:
    assert "certs host NAME DIR --overwrite" in here(10, Certificate("a; rm -rf /", "CA", (), 0, 1))
    person = Certificate("alice@example.org", "CA", (), 0, 1, of_person=True)
    assert "`logagent certs client alice@example.org DIR --overwrite`" in here(10, person)


@pytest.mark.parametrize(
    ("words", "alert"),
    [
        ("[SSL: TLSV1_ALERT_UNKNOWN_CA] tlsv1 alert unknown ca (_ssl.c:2580)", "unknown ca"),
        (
            "[SSL: X] ssl/tls alert certificate expired (_ssl.c:2580)",
            "certificate expired",
        ),
        (
            "[SSL: X] tlsv13 alert certificate required (_ssl.c:2580)",
            "certificate required",
        ),
        ("[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1006)", ""),
    ],
)
def test_an_alert_is_found_in_the_words_of_openssl(words: str, alert: str) -> None:
    assert alert_in(words) == alert


def there(alert: str, shown: Certificate | None = WEB, now: float = NOW) -> str:
    return why_refused_there(alert, shown, now)


def test_clocks_that_differ_are_told() -> None:
    assert there("certificate expired").endswith(
        ": it ended, by the clock of that side; `logagent certs host web-1 DIR --overwrite` makes a new one"
    )
    assert "by the clock" not in there("certificate expired", now=NOW + 2 * DAY)


def test_a_certificate_that_was_required_and_not_shown_is_told() -> None:
    for alert in ("certificate required", "handshake failure"):
        assert there(alert, None).startswith("requires a certificate, and none was shown to it")


def test_alerts_that_are_about_no_certificate_are_told_as_they_are() -> None:
    assert there("protocol version") == "ended the TLS handshake: protocol version"


def test_a_list_that_cannot_be_used_says_nothing_good_of_any_certificate(tmp_path: Path) -> None:
    certs.init(tmp_path, now=datetime.now(UTC))
    made, authority = make(tmp_path, tmp_path / "made"), (tmp_path / "ca.pem").read_bytes()
    assert revoked_in(crl(tmp_path), authority, made.der) == ""
    assert revoked_in(crl(tmp_path, made.der), authority, made.der) == "it was revoked by its authority"
    assert revoked_in(b"garbage", authority, made.der).startswith("it cannot be known whether it was revoked, since ")
