"""Who a verified token is about."""

from __future__ import annotations

from typing import Any

import pytest

from logagent.web.admission.claims import LONGEST_GROUP, LONGEST_SUBJECT, MOST_GROUPS, groups_of, subject_of
from logagent.web.admission.signed_tokens import BadSignedToken


@pytest.mark.parametrize(
    "subject",
    ["alice", "auth0|5f7c8ec7c33c6c004bbafe82", "repo:org/app:ref:refs/heads/main", "system:serviceaccount:a:b", "A B"],
)
def test_a_subject_is_taken_as_it_is(subject: str) -> None:
    assert subject_of({"sub": subject}) == subject


@pytest.mark.parametrize(
    "subject",
    ["", "a\nb", "a\x00", " a", "a ", "J\u00fcrgen", "\u202eecila", "a" * (LONGEST_SUBJECT + 1), 5, None, ["a"]],
)
def test_a_subject_that_could_pose_as_another_or_fits_no_header_is_refused(subject: Any) -> None:
    with pytest.raises(BadSignedToken, match="its subject"):
        subject_of({"sub": subject})


@pytest.mark.parametrize(
    ("claims", "path", "groups"),
    [
        ({"groups": ["a", "b", "a"]}, "groups", {"a", "b"}),
        ({"groups": "a"}, "groups", {"a"}),
        ({"groups": []}, "groups", set()),
        ({"groups": None}, "groups", set()),
        ({}, "groups", set()),
        ({"groups": ["a"]}, "", set()),
        ({"groups": ["/team/web", "J\u00fcrgens Gruppe"]}, "groups", {"/team/web", "J\u00fcrgens Gruppe"}),
        ({"realm_access": {"roles": ["a"]}}, "realm_access.roles", {"a"}),
        ({"realm_access": ["roles"]}, "realm_access.roles", set()),
        ({"realm_access": {}}, "realm_access.roles", set()),
        ({"https://example.org/groups": ["a"]}, "https://example.org/groups", {"a"}),
        ({"a.b": ["whole"], "a": {"b": ["parts"]}}, "a.b", {"whole"}),
    ],
)
def test_groups_are_a_list_or_a_text_wherever_the_claim_lies(
    claims: dict[str, Any], path: str, groups: set[str]
) -> None:
    assert groups_of(claims, path) == groups


@pytest.mark.parametrize(
    "groups",
    [5, True, {}, {"a": 1}, ["a", 5], [["a"]], [None], [""], "", ["a\n"], ["a" * (LONGEST_GROUP + 1)]],
)
def test_groups_that_cannot_be_told_are_refused(groups: Any) -> None:
    """A rule that denies something to a group would not hold if the group were left out."""
    with pytest.raises(BadSignedToken, match="its groups"):
        groups_of({"groups": groups}, "groups")


def test_more_groups_than_are_taken_are_refused() -> None:
    assert len(groups_of({"groups": [str(number) for number in range(MOST_GROUPS)]}, "groups")) == MOST_GROUPS
    with pytest.raises(BadSignedToken, match="501 groups; 500 at most"):
        groups_of({"groups": ["a"] * (MOST_GROUPS + 1)}, "groups")


def test_groups_that_a_provider_only_refers_to_are_refused() -> None:
    with pytest.raises(BadSignedToken, match="too many groups to name them"):
        groups_of({"_claim_names": {"groups": "src1"}}, "groups")
    assert groups_of({"_claim_names": {"other": "src1"}}, "groups") == frozenset()
