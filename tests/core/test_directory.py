"""What of a user matters before a reset."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchreset.core.directory import FINDINGS, UserFacts, findings
from batchreset.core.outcome import Outcome, Reason, advice

USER = "0f8fad5b-d9cb-469f-a165-70867728950e"


def user(**changes: str) -> UserFacts:
    return UserFacts(user_id=USER, user_principal_name="a@b", **changes)


@pytest.mark.parametrize(
    ("facts", "found"),
    [
        (user(), ()),
        (user(state="active", domain_type="managed"), ()),
        (user(state="inactive"), (Reason.DELETED,)),
        (user(state="Inactive"), (Reason.DELETED,)),
        (user(state="active", soft_deletion="2026-01-02T03:04:05Z"), (Reason.DELETED,)),
        (user(state="frozen"), ()),
        (user(domain_type="Federated"), (Reason.FEDERATED,)),
        (user(last_sync="2026-01-02T03:04:05Z"), (Reason.SYNCED,)),
        (user(state="inactive", domain_type="federated", last_sync="x"), FINDINGS[1:4]),
        (None, (Reason.NOT_FOUND,)),
    ],
)
def test_each_finding_holds_for_what_the_documentation_says(facts: UserFacts | None, found: tuple[Reason, ...]) -> None:
    assert findings(facts, privileged=False) == found


def test_who_holds_a_role_is_privileged_and_who_is_not_there_is_nothing_else() -> None:
    assert findings(user(last_sync="x"), privileged=True) == (Reason.SYNCED, Reason.PRIVILEGED)
    assert findings(None, privileged=True) == (Reason.NOT_FOUND,)


@given(state=st.text(), domain_type=st.text(), last_sync=st.text(), privileged=st.booleans())
def test_findings_come_in_their_order_each_once(
    state: str, domain_type: str, last_sync: str, *, privileged: bool
) -> None:
    found = findings(user(state=state, domain_type=domain_type, last_sync=last_sync), privileged=privileged)
    assert all(FINDINGS.index(one) < FINDINGS.index(two) for one, two in itertools.pairwise(found))


@pytest.mark.parametrize("reason", FINDINGS)
def test_every_finding_has_advice_for_a_row_that_is_left_out(reason: Reason) -> None:
    assert advice(Outcome.SKIPPED, reason).endswith(".")
