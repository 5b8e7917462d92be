"""What a look at each account comes to."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from batchreset.core.directory import FINDINGS, UserFacts, findings
from batchreset.core.outcome import Reason
from batchreset.core.survey import REFUSED_SHOWN, Looked, Tally

NAMES = frozenset({"break.glass@c.example"})

USERS = st.none() | st.builds(
    UserFacts,
    user_id=st.just("u"),
    user_principal_name=st.sampled_from(["a@c.example", "Break.Glass@C.example"]),
    state=st.sampled_from(["active", "inactive", ""]),
    domain_type=st.sampled_from(["none", "managed", "federated"]),
    last_sync=st.sampled_from(["", "2026-01-02T03:04:05Z"]),
)
ACCOUNTS = st.lists(st.tuples(st.sampled_from(["c1", "c2", "c3"]), USERS, st.booleans()), max_size=60).map(
    lambda some: [
        Looked(row=row, customer_tenant_id=customer, user_id=f"u{row}", user=user, privileged=privileged)
        for row, (customer, user, privileged) in enumerate(some, start=1)
    ]
)
PARTS = st.lists(st.sampled_from(["skip", "refuse", "shown"]), min_size=len(FINDINGS), max_size=len(FINDINGS))


@given(accounts=ACCOUNTS, parts=PARTS, chance=st.randoms(use_true_random=False))
def test_every_account_is_counted_and_left_out_or_refused_for_what_was_found_of_it(
    accounts: list[Looked], parts: list[str], chance: st.DataObject
) -> None:
    """In whatever order they are looked at."""
    skip = {finding for finding, part in zip(FINDINGS, parts, strict=True) if part == "skip"}
    refuse = {finding for finding, part in zip(FINDINGS, parts, strict=True) if part == "refuse"}
    tally = Tally(skip=skip, refuse=refuse, protected_names=NAMES)
    in_some_order = sorted(accounts, key=lambda _: chance.random())  # type: ignore[attr-defined]
    for looked in in_some_order:
        tally.saw(looked)

    assert tally.accounts == Counter(looked.customer_tenant_id for looked in accounts)
    assert tally.left == len(accounts) - len(tally.reasons)
    refused = []
    counted: Counter[tuple[str, Reason]] = Counter()
    for looked in accounts:
        found = findings(looked.user, privileged=looked.privileged)
        counted.update((looked.customer_tenant_id, one) for one in found)
        protected = looked.user is not None and looked.user.user_principal_name.casefold() in NAMES
        skipped = [one for one in found if one in skip]
        expected = Reason.PROTECTED if protected else skipped[0] if skipped else None
        assert tally.reasons.get(looked.row) is expected
        if not protected and refuse.intersection(found):
            refused.append(looked.row)
    assert counted == {(customer, one): n for customer, some in tally.found.items() for one, n in some.items()}
    findings_of = [(one.row, findings(one.user, privileged=one.privileged)) for one in in_some_order]
    assert [(one.row, one.reasons) for one in tally.noted] == [(row, some) for row, some in findings_of if some]
    assert tally.refused_count == len(refused)
    assert [one.row for one in tally.refused] == refused[:REFUSED_SHOWN]
    assert all(one.reasons and refuse.issuperset(one.reasons) for one in tally.refused)


def test_nothing_is_kept_of_an_account_with_nothing_about_it() -> None:
    tally = Tally(skip=set(FINDINGS), refuse=set(), protected_names=NAMES)
    for row in range(1000):
        user = UserFacts(user_id="u", user_principal_name="a@c.example")
        tally.saw(Looked(row=row, customer_tenant_id="c", user_id=f"u{row}", user=user, privileged=False))
    assert (tally.reasons, tally.found, tally.refused, tally.left) == ({}, {}, [], 1000)


def test_of_many_that_refuse_the_plan_the_first_twenty_rows_are_kept_and_all_counted() -> None:
    tally = Tally(skip=set(), refuse=set(FINDINGS))
    for row in reversed(range(1, 31)):
        tally.saw(Looked(row=row, customer_tenant_id="c", user_id=f"u{row}", user=None, privileged=False))

    assert [one.row for one in tally.refused] == list(range(1, 21))
    assert tally.refused_count == 30
