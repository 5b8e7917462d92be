"""Records that are kept on the disk while they are compared are those that were read, each once."""

import contextlib
import datetime as dt
import resource
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batchreset.adapters.ledger import RecordSpool
from batchreset.core.audit import AuditRecord, Recorded
from batchreset.errors import RunFolderError

NOON = dt.datetime(2026, 11, 21, 12, tzinfo=dt.UTC)
RECORDS = st.lists(
    st.builds(
        AuditRecord,
        customer_tenant_id=st.sampled_from("ab"),
        user_id=st.sampled_from(["", "u", "v"]),
        correlation_id=st.sampled_from(["", "x", "y"]),
        status=st.sampled_from(Recorded),
        at=st.sampled_from([None, NOON, NOON + dt.timedelta(milliseconds=1)]),
        by=st.sampled_from(["", "me", "\ud800"]),
        is_reset=st.booleans(),
    ),
    max_size=20,
)


@contextlib.contextmanager
def spooled(records: list[AuditRecord]) -> Iterator[RecordSpool]:
    with contextlib.closing(RecordSpool()) as spool:
        for record in records:
            spool.add([record])
        yield spool


@settings(max_examples=40)
@given(records=RECORDS, ids=st.sets(st.sampled_from(["x", "y", "z"])))
def test_it_gives_what_a_set_of_them_would(records: list[AuditRecord], ids: set[str]) -> None:
    with spooled(records) as spool:
        for customer in "ab":
            for user in "uv":
                found = list(spool.of(customer, user))
                own = {one for one in records if (one.customer_tenant_id, one.user_id) == (customer, user)}
                assert (set(found), len(found)) == (own, len(own))
        unnamed = {one for one in records if not one.user_id}
        taken = {one for one in unnamed if one.customer_tenant_id == "a" and one.correlation_id in ids}
        assert set(spool.take_unnamed("a", ids)) == taken
        assert spool.take_unnamed("a", ids) == []
        left = list(spool.unnamed())
        assert set(left) == {one for one in unnamed - taken if one.is_reset}
        assert left == sorted(
            left, key=lambda one: (one.customer_tenant_id, one.at or dt.datetime.min.replace(tzinfo=dt.UTC))
        )


def test_without_room_for_them_it_says_so_and_where() -> None:
    """Files of this process cannot grow beyond 20 bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    many = [
        AuditRecord(
            customer_tenant_id="a", user_id=f"u{number}", correlation_id="x" * 36, status=Recorded.OPEN, at=NOON
        )
        for number in range(2_000)
    ]
    resource.setrlimit(resource.RLIMIT_FSIZE, (20, hard))
    try:
        with (
            contextlib.closing(RecordSpool(memory_kib=8)) as spool,
            pytest.raises(RunFolderError, match="nothing was changed") as caught,
        ):
            spool.add(many)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "TMPDIR" in caught.value.next_step
