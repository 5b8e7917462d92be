"""The names of the columns."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchreset.core.columns import (
    CUSTOMER,
    DECISION_RESET,
    DECISION_SKIP,
    FORCE,
    HANDOVER,
    INPUT_KNOWN,
    INPUT_REQUIRED,
    PLAN,
    RESULTS,
    ROSTER,
    USER,
    fold,
)

WORDS = {
    CUSTOMER: ["customer", "tenant", "id"],
    USER: ["user", "id"],
    FORCE: ["force", "change", "password"],
}


def test_the_results_columns_are_the_documented_ones_in_their_order() -> None:
    assert ", ".join(RESULTS) == (
        "row, customer-tenant-id, user-id, forceChangePassword, outcome, reason, http_status, error_code, "
        "error_description, ms_correlation_id, ms_request_id, attempts, first_sent_at, completed_at, advice"
    )


def test_the_hand_over_columns_are_the_documented_ones_in_their_order() -> None:
    assert ", ".join(HANDOVER) == "customer-tenant-id, user-id, password, certainty, outcome, completed_at"


def test_the_columns_of_a_list_of_users_are_the_documented_ones_in_their_order() -> None:
    assert ", ".join(ROSTER) == (
        "customer-tenant-id, user-id, forceChangePassword, userPrincipalName, displayName, state, userDomainType, "
        "lastDirectorySyncTime"
    )


def test_the_plan_has_the_rows_own_columns_and_what_was_decided() -> None:
    assert ", ".join(PLAN) == "row, customer-tenant-id, user-id, forceChangePassword, decision, reason"
    assert (DECISION_RESET, DECISION_SKIP) == ("reset", "skip")
    assert set(INPUT_KNOWN) < set(PLAN)
    assert set(INPUT_REQUIRED) == set(INPUT_KNOWN) - {FORCE}


@pytest.mark.parametrize(
    "header",
    [
        pytest.param("Customer Tenant ID", id="words"),
        pytest.param("customerTenantId", id="camel-case"),
        pytest.param("CUSTOMER__TENANT - ID", id="upper-case"),
        pytest.param("\ufeff customer-tenant-id ", id="byte-order-mark"),
        pytest.param(" \ufeffcustomertenantid", id="byte-order-mark-after-a-blank"),
    ],
)
def test_a_header_is_known_however_it_is_written(header: str) -> None:
    assert fold(header) == fold(CUSTOMER) == "customertenantid"


@given(
    column=st.sampled_from(sorted(WORDS)),
    gaps=st.lists(st.text("-_ \t\u00a0", max_size=3), min_size=4, max_size=4),
    marks=st.sampled_from(["", "\ufeff"]),
    upper=st.lists(st.booleans(), min_size=40, max_size=40),
)
def test_case_separators_and_marks_do_not_matter(column: str, gaps: list[str], marks: str, upper: list[bool]) -> None:
    parts = [part for pair in zip(gaps, [*WORDS[column], ""], strict=False) for part in pair]
    letters = zip("".join(parts), upper, strict=False)
    written = "".join(letter.upper() if is_upper else letter for letter, is_upper in letters)

    assert fold(marks + written) == fold(column)


def test_different_columns_stay_different() -> None:
    assert len({fold(name) for name in (*RESULTS, *HANDOVER, "user", "userPrincipalName")}) == len(
        {*RESULTS, *HANDOVER, "user", "userPrincipalName"}
    )


@pytest.mark.parametrize(
    ("one", "other"), [("user-id", "userid2"), ("user.id", "user-id"), ("X-User", "user"), ("userX", "user")]
)
def test_other_characters_are_not_dropped(one: str, other: str) -> None:
    assert fold(one) != fold(other)
