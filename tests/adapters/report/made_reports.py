"""A report with everything in it, made by hand; what a claim speaks of is changed with `dataclasses.replace`."""

import datetime as dt

from batchreset.adapters.report.charts import Charts
from batchreset.core.outcome import Outcome, Reason
from batchreset.core.reporting.report import Limit, Report, Stopped, Throughput, Traffic
from batchreset.core.reporting.rows import Counted, Customer, ShownRow, groups_for_a_person
from batchreset.core.reporting.senders import SentBy
from batchreset.core.reporting.traffic import Kind, Session, bars, histogram, latencies

NOON = dt.datetime(2026, 11, 21, 12, tzinfo=dt.UTC)
CUSTOMER = "c0000000-0000-0000-0000-000000000001"
PARTNERS = Limit(scope="partner", requests=600, window_seconds=60.0, refused=4, waited_seconds=12.5)
CUSTOMERS = Limit(scope=CUSTOMER, requests=60, window_seconds=60.0, refused=2, waited_seconds=70.0)
ANSWERS = {(Kind.DONE, 80): 90, (Kind.DONE, 450): 9, (Kind.THROTTLED, 12): 4, (Kind.REFUSED, 100): 3}


def no_charts(_report: Report) -> Charts:
    return Charts(whole=None, slowest=None, answers=None)


ROW = ShownRow(
    row=7, customer=CUSTOMER, customer_name="Contoso", user="a5000000-0000-0000-0000-000000000007",
    who="ada@contoso.example", http_status=404, error_code="60002", error_description="not there",
    correlation_id="0cd270d0-1961-4e1f-89e6-81c014c6cd13", attempts=1,
)  # fmt: skip


def report(
    *shown: ShownRow, name: str = "Contoso", stopped: Stopped | None = None, senders: tuple[SentBy, ...] = ()
) -> Report:
    rows = shown or (ROW,)
    counted = Counted(
        endings={
            (Outcome.SUCCEEDED, None): 99,
            (Outcome.FAILED, Reason.NOT_FOUND): len(rows) + 2,
            (Outcome.SKIPPED, Reason.PROTECTED): 1,
        },
        attempts={0: 1, 1: 95, 2: 4, 7: 2, 99: 1},
        customers=(
            Customer(tenant_id=CUSTOMER, name=name, outcomes=dict.fromkeys(Outcome, 1), attempts=104),
            Customer(tenant_id="", name="", outcomes=dict.fromkeys(Outcome, 0), attempts=0),
        ),
        customer_count=30,
        others=Customer(tenant_id="", name="", outcomes=dict.fromkeys(Outcome, 2), attempts=5),
        shown={(Outcome.FAILED, Reason.NOT_FOUND): rows},
    )
    sessions = tuple(
        Session(
            number=number, began_at=1_790_000_000_000 + number, ended_at=None if number == 1 else 1_790_000_090_000,
            stop_reason=None, exchanges=50, throttled=2, first_sent_at=1, last_ended_at=20_000,
        )
        for number in (1, 2)
    )  # fmt: skip
    drawn, begins = bars(sessions, {(1, 0, Kind.DONE): 40, (1, 3, Kind.THROTTLED): 4, (2, 0, Kind.UNCLEAR): 6}, width=5)
    groups = groups_for_a_person(counted)
    return Report(
        run_id="incident-7",
        state="stopped" if stopped else "finished",
        written_at=NOON,
        exit_code=4 if stopped else 3,
        headline="99 of 102 accounts were reset; 3 failed.",
        stopped=stopped,
        to_reset=102,
        settled=102,
        under_way=0,
        counted=counted,
        groups=groups,
        listing={(group.outcome, group.reason or ""): f"grep ',{group.outcome}'" for group in groups},
        by_customer="awk results.csv",
        traffic=Traffic(
            kinds=dict.fromkeys(Kind, 3),
            sessions=sessions,
            senders=senders,
            whole=Throughput(limit=PARTNERS, bar_seconds=5, bars=drawn, begins=begins),
            slowest=Throughput(limit=CUSTOMERS, bar_seconds=5, bars=drawn, begins=begins),
            latencies=latencies(ANSWERS),
            histogram=histogram(ANSWERS),
            limits=(PARTNERS, CUSTOMERS),
            limits_known=True,
            limits_left_out=3,
        ),
        settings=(("Service", "https://api.partnercenter.microsoft.com"),),
        facts=(("Run", "incident-7"), ("Input SHA-256", "00b0" * 16)),
        files=(("results.csv", "one line an input row"),),
        hand_over="batchreset handover runs/incident-7 --identity KEY",
        carry_on="",
        watch="",
        discarded=False,
    )
