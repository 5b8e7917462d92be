"""What an earlier run learned."""

import math
import random

import pytest

from batchreset.core.pacing import Learned, LearnedLimit, Pacer, Ticket
from batchreset.core.pacing.limits.bucket import Bucket
from batchreset.core.pacing.limits.fixed import Fixed
from batchreset.core.pacing.limits.shape import Open, Shape
from batchreset.core.pacing.limits.sliding import Sliding


@pytest.mark.parametrize(
    ("shape", "limit", "window_seconds", "believed"),
    [
        ("window", 10, 60.0, Fixed),
        ("sliding", 10, 60.0, Sliding),
        ("bucket", 600, 60.0, Bucket),
        ("", 0, 0.0, Open),
        ("window", 0, 60.0, Open),
        ("window", 1, 60.0, Fixed),
        ("window", 1, 3600.0, Fixed),
        ("window", 1, 3600.5, Open),
        ("window", 10, 0.0, Open),
        ("bucket", 6, 60.0, Bucket),
        ("bucket", 5, 60.0, Open),
        ("window", 10, math.nan, Open),
        ("window", 10, 1e9, Open),
    ],
)
def test_a_run_begins_with_what_can_be_believed(
    shape: str, limit: int, window_seconds: float, believed: type[Shape]
) -> None:
    earlier = LearnedLimit(
        scope="partner", shape=shape, limit=limit, window_seconds=window_seconds, refused=0, waited_seconds=0.0
    )
    pacer = Pacer({"a": 1}, max_concurrency=1, random=random.Random(1), start_from=Learned(partner=earlier))

    assert type(pacer._scopes.partner.limit) is believed
    assert isinstance(pacer.take(5e5), Ticket)
