"""An agent's own certificates: whether others will take them, and until when they are valid."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from logagent.authority.client_certs import client
from logagent.config.tls_files import TlsFiles
from logagent.own_certificates import certificate_ends, why_others_refuse
from testbed.certificates import LIVES, Pki, make_pki

DAY = 86400


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return make_pki(tmp_path_factory.mktemp("tls") / "ours")


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return make_pki(tmp_path_factory.mktemp("tls") / "theirs")


@pytest.mark.parametrize("host", ["good", "soon"])
def test_certificate_that_holds_is_taken(ours: Pki, host: str) -> None:
    assert why_others_refuse(TlsFiles(ours.ca, *ours.pair(host)), time.time()) == ""


@pytest.mark.parametrize(("host", "why"), [("ended", "it ended on"), ("future", "it begins on")])
def test_certificate_that_does_not_hold_now_is_told_with_its_file(ours: Pki, host: str, why: str) -> None:
    told = why_others_refuse(TlsFiles(ours.ca, *ours.pair(host)), time.time())
    assert told.startswith(f"{ours.pair(host)[0]}: its certificate {host} (for ")
    assert why in told


def test_certificate_of_another_authority_is_told(ours: Pki, theirs: Pki) -> None:
    assert "it is not issued by logagent CA" in why_others_refuse(TlsFiles(theirs.ca, *ours.pair("good")), time.time())


def test_nothing_is_told_without_a_certificate_or_an_authority(ours: Pki) -> None:
    assert why_others_refuse(TlsFiles(), 0) == ""
    assert why_others_refuse(TlsFiles(ours.ca), 0) == ""
    assert why_others_refuse(TlsFiles(None, *ours.pair("ended")), 0) == ""


def test_ends_of_an_agents_certificate_and_its_authority(ours: Pki) -> None:
    ends = certificate_ends(TlsFiles(ours.ca, *ours.pair("soon")))
    assert list(ends) == ["soon.pem", "ca.pem"]
    assert ends["soon.pem"] == pytest.approx(time.time() + sum(LIVES["soon"]) * DAY, abs=DAY)
    assert certificate_ends(TlsFiles()) == {}


def test_among_several_authorities_its_own_counts(ours: Pki, theirs: Pki, tmp_path: Path) -> None:
    both = tmp_path / "ca.pem"
    both.write_bytes(theirs.ca.read_bytes() + ours.ca.read_bytes())
    assert (
        certificate_ends(TlsFiles(both, *ours.pair("good")))["ca.pem"] == certificate_ends(TlsFiles(ours.ca))["ca.pem"]
    )


def test_of_a_chain_the_first_to_end_counts(ours: Pki, tmp_path: Path) -> None:
    chain = tmp_path / "chain.pem"
    chain.write_bytes(ours.pair("good")[0].read_bytes() + ours.pair("soon")[0].read_bytes())
    ends = certificate_ends(TlsFiles(None, chain, ours.pair("good")[1]))["chain.pem"]
    assert ends == certificate_ends(TlsFiles(None, *ours.pair("soon")))["soon.pem"]


def test_a_persons_certificate_is_told_to_be_none_of_a_host(ours: Pki) -> None:
    client("alice", ours.directory, now=datetime.now(UTC))
    told = why_others_refuse(TlsFiles(ours.ca, *ours.pair("alice")), time.time())
    assert told.endswith("its purposes do not let it serve as a host's; `logagent certs host` makes one that does")
