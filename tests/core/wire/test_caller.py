"""For whom an agent asks, in a header and back."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logagent.core.access.caller import Caller, Proof
from logagent.core.wire.caller import LONGEST_TEXT, MOST_BYTES, BadCaller, CannotTell, from_header, to_header

ALICE = Caller(Proof.TOKEN, "alice", frozenset({"web", "ops"}), chain=("web-1", "web-2"))
NAMES = st.text(st.characters(exclude_categories=["C", "Zl", "Zp", "Zs"]), min_size=1, max_size=40)
CHAINS = st.lists(NAMES, min_size=1, max_size=4).map(tuple)


def test_its_form_is_a_dictionary_of_structured_fields() -> None:
    assert to_header(ALICE) == 'who="token:alice", groups=("ops" "web"), chain=("web-1" "web-2")'
    mail = Caller(Proof.CERT, "Zoë", aliases=frozenset({'z"\\@x'}), chain=("web-1",))
    assert to_header(mail) == 'who=%"cert:Zo%c3%ab", aliases=("z\\"\\\\@x"), chain=("web-1")'
    assert to_header(Caller(Proof.ANONYMOUS, chain=("web-1",))) == 'who="anonymous", chain=("web-1")'


@given(
    proof=st.sampled_from([proof for proof in Proof if proof is not Proof.ANONYMOUS]),
    name=NAMES,
    groups=st.frozensets(NAMES, max_size=4),
    aliases=st.frozensets(NAMES, max_size=3),
    chain=CHAINS,
)
def test_a_caller_is_read_back(
    proof: Proof, name: str, groups: frozenset[str], aliases: frozenset[str], chain: tuple[str, ...]
) -> None:
    caller = Caller(proof, name, groups, chain=chain, aliases=aliases)
    value = to_header(caller)
    assert value.isascii()
    assert from_header(value) == caller


@given(chain=CHAINS)
def test_nobody_is_read_back(chain: tuple[str, ...]) -> None:
    nobody = Caller(Proof.ANONYMOUS, chain=chain)
    assert from_header(to_header(nobody)) == nobody


def test_what_was_shown_and_how_long_it_counts_stays_here() -> None:
    told = to_header(Caller(Proof.TOKEN, "alice", until=17e8, chain=("web-1",), credential="0f" * 16))
    assert told == 'who="token:alice", chain=("web-1")'


@pytest.mark.parametrize(
    "caller",
    [
        Caller(Proof.OIDC, "x", frozenset(f"group-{number}" for number in range(1000)), chain=("web-1",)),
        Caller(Proof.OIDC, "x" * (LONGEST_TEXT + 1), chain=("web-1",)),
        Caller(Proof.UNIX, "a@web-1", frozenset({"a\nb"}), chain=("web-1",)),
        Caller(Proof.UNIX, "\udce9@web-1", chain=("web-1",)),
    ],
)
def test_who_does_not_fit_is_not_told_in_part(caller: Caller) -> None:
    with pytest.raises(CannotTell):
        to_header(caller)


def test_why_somebody_does_not_fit_is_said() -> None:
    groups = frozenset(f"group-{number}" for number in range(1000))
    with pytest.raises(CannotTell, match=f"with 1000 groups he takes [0-9]+ bytes, and {MOST_BYTES} is most"):
        to_header(Caller(Proof.OIDC, "x", groups, chain=("web-1",)))


@pytest.mark.parametrize("spaces", ["", " ", " \t "])
def test_spaces_and_order_do_not_matter(spaces: str) -> None:
    value = f'chain=( "web-1"  "web-2" ){spaces},{spaces}who="token:alice",groups=("web" "ops")'
    assert from_header(value) == ALICE


NO_CALLERS = [
    *("", " ", "who", 'who="token:alice"', 'chain=("web-1")', 'who="token:alice", chain=()', "token:alice", "*"),
    *(f'who={who}, chain=("w")' for who in ("token:a", '"token:a', '("token:a")', '("token:a" "token:b")', '""', "()")),
    *(f'who="{who}", chain=("w")' for who in ("alice", "token", "token:", ":alice", "tokens:a", "TOKEN:a", "*")),
    *(f'who="{who}", chain=("w")' for who in ("anonymous:", "anonymous:a", "group:a", "a\x7f", "token:a\n", "token:é")),
    'who="anonymous", groups=("a"), chain=("w")',
    'who="anonymous", aliases=("a"), chain=("w")',
    'who="token:a", chain="w"',
    'who="token:a", chain=("")',
    'who="token:a", chain=("w""v")',
    'who="token:a", chain=("w", "v")',
    'who="token:a", chain=(w)',
    'who="token:a", who="token:b", chain=("w")',
    'who="token:a", chain=("w"), chain=("v")',
    'who="token:a", chain=("w"), until=1',
    'who="token:a", chain=("w"), x="1"',
    f'who="token:a", chain=("w"), {"x" * 100}="1"',
    'who="token:a", chain=("w");q=1',
    'who="token:a";q=1, chain=("w")',
    'who="token:a", chain=("w"),',
    ' who="token:a", chain=("w")',
    'who="token:a", chain=("w") ',
    'who="token:a"; chain=("w")',
    'who="token:\\a", chain=("w")',
    'who=%"token:%C3%AB", chain=("w")',
    'who=%"token:%c3", chain=("w")',
    'who=%"token:%0a", chain=("w")',
    'who=%"token:%e2%80%a8", chain=("w")',
    'who="token:a", groups=(%"%00"), chain=("w")',
    f'who="token:{"a" * LONGEST_TEXT}", chain=("w")',
    f'who="token:a", groups=({" ".join(["x"] * MOST_BYTES)}), chain=("w")',
    f'who="token:a", groups=({" " * MOST_BYTES}), chain=("w")',
    f"chain=({' ' * (MOST_BYTES - 7)}",  # takes seconds where spaces are tried one by one
    f'chain=("w"{" " * (MOST_BYTES - 10)}',
]


@pytest.mark.parametrize("value", NO_CALLERS)
def test_what_tells_of_nobody_is_refused(value: str) -> None:
    with pytest.raises(BadCaller) as bad:
        from_header(value)
    assert len(str(bad.value)) < 100


@given(st.text(st.sampled_from('wh="%chain() ,\\:token0af'), max_size=80))
def test_nothing_but_a_caller_or_a_refusal_comes_of_any_text(text: str) -> None:
    with suppress(BadCaller):
        assert from_header(text).chain
