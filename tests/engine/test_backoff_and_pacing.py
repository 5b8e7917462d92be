"""A row that waits for its backoff holds up nobody else."""

import anyio
from engine_world import LIMITS, OK, UNAVAILABLE, Scene, Service, rows, scene, throttled

from batchreset.core.exchange import Answered, Exchange
from batchreset.core.outcome import Outcome, Reason
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


def test_a_refused_row_of_a_small_customer_goes_again_before_the_fresh_rows_of_a_large_one() -> None:
    """It would else wait for the end of the run, and be given up if it were refused once more there."""
    refused_once = {301}

    def script(row: PlannedRow, number: int) -> Exchange:
        return throttled(1) if row.row in refused_once and number == 1 else OK

    played = Scene(service=Service(script), rows=rows(300, 1), limits=LIMITS).play()

    [first, second] = [request.at_seconds for request in played.service.of(301)]
    assert second - first < 5.0
    assert max(request.at_seconds for request in played.service.requests) > second


def test_a_customer_that_is_refused_for_an_hour_is_given_up_and_no_other() -> None:
    def script(row: PlannedRow, number: int) -> Exchange:
        del number
        return throttled(60) if row.customer_tenant_id == "customer-1" else OK

    played = Scene(service=Service(script), rows=rows(5, 40), limits=LIMITS).play()

    assert played.counts == {Outcome.SUCCEEDED: 5, Outcome.FAILED: 40}
    assert {reason for _, reason in played.ledger.outcomes.values()} == {None, Reason.THROTTLED}
    assert 3600.0 <= played.took_seconds < 3600.0 + 40 * 75.0


def test_an_outage_is_an_event_when_it_begins_and_when_it_ends() -> None:
    def script(row: PlannedRow, number: int) -> Exchange:
        del row, number
        return UNAVAILABLE if anyio.current_time() < 40.0 else OK

    played = scene(script, 30).play()

    names = [(name, fields) for name, fields in played.log.events if name.startswith("pace.outage")]
    assert [name for name, _ in names] == ["pace.outage_began", "pace.outage_ended"]
    assert 20.0 < float(str(names[1][1]["lasted_seconds"])) < 60.0
