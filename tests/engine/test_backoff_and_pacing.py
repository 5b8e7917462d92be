"""A row that waits for its backoff holds up nobody else."""

import anyio
from engine_world import LIMITS, OK, UNAVAILABLE, Scene, Service, rows, scene, throttled

from batchreset.core.exchange import Answered, Exchange
from batchreset.core.rows import PlannedRow

BUSY = Answered(status=503, retry_after_seconds=25.0)


class OpensWithA503:
    """Ten requests, then 429 until half a minute is over; the first one after that finds the service busy."""

    def __init__(self) -> None:
        self.seen = 0
        self.busy = False

    def __call__(self, row: PlannedRow, number: int) -> Exchange:
        del row, number
        self.seen += 1
        if anyio.current_time() < 30.0:
            return OK if self.seen <= 10 else throttled(30)
        if not self.busy:
            self.busy = True
            return BUSY
        return OK


def test_when_the_row_that_goes_first_after_a_pause_must_back_off_another_one_goes() -> None:
    played = Scene(service=Service(OpensWithA503()), rows=rows(20), limits=LIMITS).play()

    busy = next(attempt for attempt in played.ledger.attempts if attempt.http_status == 503)
    ends = sorted(request.at_seconds for request in played.service.requests if request.row != busy.row)
    backed_off = [request.at_seconds for request in played.service.of(busy.row)]
    assert ends[-1] < 40.0
    assert backed_off[-1] >= 55.0
    assert played.progress.done == 20


def test_all_rows_in_backoff_are_no_end_of_the_run() -> None:
    failing_twice = scene(lambda _row, number: UNAVAILABLE if number <= 2 else OK, 3).play()

    assert [ending.attempts for ending in failing_twice.ledger.endings] == [3, 3, 3]
