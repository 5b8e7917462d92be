"""What a look at the accounts of a plan leaves out, refuses and tells."""

from collections import Counter

import pytest
from service_to_read import CUSTOMERS, Service, people, service, user_id

from batchreset.core.outcome import Reason
from batchreset.errors import DirectoryError, PlanRefusedError
from batchreset.simulator.directory import DirectoryUser, DomainType, UserState
from batchreset.wiring.online import Survey, survey

SYNCED_AT = "2026-01-02T03:04:05Z"
DELETED = DirectoryUser(
    customer=CUSTOMERS[0], user=user_id(2), state=UserState.INACTIVE, domain_type=DomainType.FEDERATED
)
FEDERATED = DirectoryUser(
    customer=CUSTOMERS[0], user=user_id(3), domain_type=DomainType.FEDERATED, roles=("Global Reader",)
)
SYNCED = DirectoryUser(customer=CUSTOMERS[1], user=user_id(4), last_directory_sync_time=SYNCED_AT)
PRIVILEGED = DirectoryUser(
    customer=CUSTOMERS[1], user=user_id(5), roles=("Global Administrator", "User Administrator"),
    last_directory_sync_time=SYNCED_AT,
)  # fmt: skip
BREAK_GLASS = DirectoryUser(
    customer=CUSTOMERS[1], user=user_id(6), user_principal_name="Break.Glass@C.example", roles=("Global Administrator",)
)
MISSING = (7, CUSTOMERS[1], user_id(7))
EVERYBODY = (*people(0, 1), DELETED, FEDERATED, SYNCED, PRIVILEGED, BREAK_GLASS)
ROWS = [*((int(user.user[-2:], 16), user.customer, user.user) for user in EVERYBODY), MISSING]
ONLINE = {"pace": {"max_concurrency": 8}}


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def looked_at(made: Service, names: frozenset[str] = frozenset()) -> Survey:
    return survey(iter([ROWS[:4], [], ROWS[4:]]), made.settings, around=made.around, protected_names=names)


def test_by_default_federated_and_deleted_ones_are_left_out_and_all_findings_are_counted() -> None:
    """Each account costs two requests; who is not there or deleted one."""
    with service(*EVERYBODY, settings=ONLINE) as made:
        found = looked_at(made)
        assert made.requests == 7 * 2 - 2
        assert {exchange.method for exchange in made.simulator.state.exchanges} == {"GET"}
    assert found.reasons == {2: Reason.DELETED, 3: Reason.FEDERATED}
    assert found.accounts == {CUSTOMERS[0]: 3, CUSTOMERS[1]: 4}
    assert found.findings == {
        CUSTOMERS[0]: Counter({Reason.FEDERATED: 2, Reason.DELETED: 1, Reason.PRIVILEGED: 1}),
        CUSTOMERS[1]: Counter({Reason.SYNCED: 2, Reason.PRIVILEGED: 2, Reason.NOT_FOUND: 1}),
    }
    assert found.facts() == {
        "accounts": 7,
        "noted": 6,
        "found": {"not_found": 1, "deleted": 1, "federated": 2, "synced": 2, "privileged": 3},
        "left_out": {"deleted": 1, "federated": 1},
    }


def test_protected_names_are_left_out_whatever_their_case_and_refuse_nothing() -> None:
    safety = {"skip": (), "refuse": ("deleted",)}
    rows = [ROWS[0], ROWS[5]]
    with service(*EVERYBODY, settings={**ONLINE, "safety": safety}) as made:
        names = frozenset({"break.glass@c.example"})
        found = survey([rows], made.settings, around=made.around, protected_names=names)
    assert found.reasons == {6: Reason.PROTECTED}


def test_a_finding_to_refuse_refuses_the_plan_with_each_account_that_has_it() -> None:
    """Also one that would be left out for something else, and only those."""
    safety = {"skip": ("federated",), "refuse": ("privileged", "not_found")}
    with service(*EVERYBODY, settings={**ONLINE, "safety": safety}) as made, pytest.raises(PlanRefusedError) as caught:
        looked_at(made, frozenset({"break.glass@c.example"}))
    assert caught.value.what.startswith("3 of 7 accounts")
    assert caught.value.details == (
        f"row 3: privileged: {CUSTOMERS[0]} / {user_id(3)}",
        f"row 5: privileged: {CUSTOMERS[1]} / {user_id(5)}",
        f"row 7: not_found: {CUSTOMERS[1]} / {user_id(7)}",
    )


def test_a_plan_of_which_nothing_is_left_is_refused() -> None:
    with service(*EVERYBODY, settings=ONLINE) as made, pytest.raises(PlanRefusedError, match="1 deleted, 1 federated"):
        survey([ROWS[1:3]], made.settings, around=made.around)


def test_a_customer_that_may_not_be_read_refuses_the_plan() -> None:
    forbidden = frozenset({CUSTOMERS[1]})
    with service(*EVERYBODY, forbidden_customers=forbidden) as made, pytest.raises(DirectoryError) as caught:
        looked_at(made)
    text = "\n".join(caught.value.lines())
    assert CUSTOMERS[1] in text
    assert "what this plan would reset cannot be told" in text


def test_the_table_has_customers_with_findings_first_and_sums_the_rest() -> None:
    none: Counter[Reason] = Counter()
    found = Survey(
        reasons={},
        accounts=dict.fromkeys(CUSTOMERS[:23], 1000) | {CUSTOMERS[30]: 2},
        findings={
            CUSTOMERS[30]: Counter({Reason.SYNCED: 2}),
            CUSTOMERS[3]: Counter({Reason.DELETED: 1}),
            CUSTOMERS[9]: none,
        },
    )
    lines = found.table_lines()
    assert len(lines) == 21
    assert lines[0].split() == ["customer", "accounts", "deleted", "federated", "synced", "privileged", "not_found"]
    assert lines[1].split() == [f"{CUSTOMERS[30][:13]}…", "2", "·", "·", "2", "·", "·"]
    assert lines[2].split() == [f"{CUSTOMERS[3][:13]}…", "1,000", "1", "·", "·", "·", "·"]
    assert lines[-1].split() == ["and", "5", "more", "5,000", "·", "·", "·", "·", "·"]
    assert max(map(len, lines)) <= 80


def test_a_table_of_twenty_customers_shows_each() -> None:
    lines = Survey(reasons={}, accounts=dict.fromkeys(CUSTOMERS[:20], 1), findings={}).table_lines()
    assert len(lines) == 21
    assert all("more" not in line for line in lines)
