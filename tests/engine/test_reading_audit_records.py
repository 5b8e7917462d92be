"""Reading the service's own records: as every other list, and what is said when they cannot be read."""

import datetime as dt

import pytest
from directory_world import Directory, Scene, script_of
from engine_world import FORBIDDEN, NO_MFA, NOT_FOUND, UNAVAILABLE, throttled

from batchreset.core.audit import AuditQuery, AuditRecord, Recorded
from batchreset.core.exchange import Exchange
from batchreset.engine.reading import list_audit_records
from batchreset.errors import BatchresetError, DirectoryError, MfaRequiredError

DAY = dt.date(2026, 11, 21)


def query(customer: str, days: int = 0) -> AuditQuery:
    return AuditQuery(customer_tenant_id=customer, start=DAY + dt.timedelta(days=days), end=DAY)


def record(name: str) -> AuditRecord:
    return AuditRecord(customer_tenant_id="c", user_id="u", correlation_id=name, status=Recorded.OPEN, at=None)


def read(scene: Scene, *queries: AuditQuery) -> list[str]:
    seen: list[str] = []
    scene.read(
        lambda reader: list_audit_records(
            reader, queries, lambda page: seen.extend(record.correlation_id for record in page)
        )
    )
    return seen


def test_all_pages_of_all_queries_are_read_and_what_is_about_something_else_is_left_out() -> None:
    pages: dict[str, list[list[AuditRecord | None]]] = {
        "c": [[record("a"), None], [None], [record("b")]],
        "d": [[]],
        "": [[record("x")]],
    }
    scene = Scene(Directory(records_of=pages, script=script_of(throttled(2.0), UNAVAILABLE, what="audit")))
    assert sorted(read(scene, query("c"), query("d"), query("c", -3), query(""))) == ["a", "a", "b", "b", "x"]
    asked = {(get.customer, get.continuation) for get in scene.directory.gets}
    assert asked == {("c", None), ("c", "page-1"), ("c", "page-2"), ("d", None), ("", None)}


@pytest.mark.parametrize(
    ("exchange", "customer", "kind", "said"),
    [
        (FORBIDDEN, "c", DirectoryError, r"the audit records of customer c may not be read .*nothing was compared"),
        (FORBIDDEN, "", DirectoryError, r"the partner's audit records may not be read"),
        (NOT_FOUND, "c", DirectoryError, r"audit records of customer c could not be read \(HTTP 404\)"),
        (UNAVAILABLE, "c", DirectoryError, r"audit records of customer c could not be read \(HTTP 503"),
        ("it is not JSON", "c", DirectoryError, r"cannot be understood: it is not JSON"),
        (NO_MFA, "c", MfaRequiredError, r"multi-factor authentication"),
    ],
)
def test_what_cannot_be_read_ends_it_and_says_whose_it_was(
    exchange: Exchange | str, customer: str, kind: type[BatchresetError], said: str
) -> None:
    scene = Scene(Directory(records_of={customer: [[]]}, script=lambda _get, _number: exchange))
    with pytest.raises(kind, match=said) as caught:
        read(scene, query(customer))
    assert "leave" not in caught.value.next_step


def test_pages_that_never_end_are_an_error() -> None:
    pages: list[list[AuditRecord | None]] = [[record("a")] for _ in range(9)]
    scene = Scene(Directory(records_of={"c": pages}, continuation_of=lambda page: f"page-{page % 3}"))
    with pytest.raises(DirectoryError, match="asks for a page again that it has given") as caught:
        read(scene, query("c"))
    assert "leave" not in caught.value.next_step
