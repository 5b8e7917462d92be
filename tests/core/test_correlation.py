"""The correlation id of an exchange, told by the request id that was noted."""

import uuid

from hypothesis import given
from hypothesis import strategies as st

from batchreset.core.correlation import correlation_id


@given(request_id=st.text(), number=st.integers(min_value=0))
def test_is_a_name_based_uuid_of_the_noted_request_id(request_id: str, number: int) -> None:
    """Runs of earlier versions are compared with the service's records by it."""
    namespace = uuid.UUID("6f6a3a3c-52f6-4f0e-9c2b-0d3a6b1f7a55")
    text = request_id.encode("utf-8", "replace").decode()
    assert correlation_id(text, number) == str(uuid.uuid5(namespace, f"{text}/{number}"))
