"""Spans in which all requests meet the same, in time that is handed in."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from simulator_client import CUSTOMER, USER, body, calling, headers

from batchreset.simulator.faults.kinds import Fault
from batchreset.simulator.faults.outages import Outage, Outages, read_outage
from batchreset.simulator.options import SimulatorOptions
from batchreset.simulator.protocol import Call, Route
from batchreset.simulator.replies import Deliver, Hang, Lose, Refuse, Reply, ended
from batchreset.simulator.service import PartnerCenter
from batchreset.simulator.state import ServiceState

AT = dt.datetime(2026, 11, 21, 8, 40, tzinfo=dt.UTC)


def service(*outages: str, **options: float) -> PartnerCenter:
    return PartnerCenter(SimulatorOptions(outages=outages, **options), ServiceState(), base_url="https://simulator")  # type: ignore[arg-type]


def call(*, read: bool = False) -> Call:
    path = f"/v1/customers/{CUSTOMER}/users/{USER}"
    sent = {name.lower(): value for name, value in headers().items()}
    if read:
        return Call(route=Route.USER, method="GET", target=path, customer=CUSTOMER, user=USER, headers=sent)
    return Call(route=Route.USERS, method="PATCH", target=path, customer=CUSTOMER, user=USER, headers=sent, body=body())


def asked(center: PartnerCenter, *moments: float) -> list[Reply]:
    return [center.handle(call(), now_seconds=moment, at=AT) for moment in moments]


def met(center: PartnerCenter, *moments: float) -> list[str]:
    return [ended(reply) for reply in asked(center, *moments)]


@pytest.mark.parametrize(
    ("text", "outage"),
    [
        (
            "refused after 500 requests for 600 seconds",
            Outage(meets=Fault.REFUSED, after_requests=500, lasts_seconds=600),
        ),
        (
            " 503  after 30.5 seconds for 1 request ",
            Outage(meets=Fault.ERROR, status=503, after_seconds=30.5, lasts_requests=1),
        ),
        (
            "hang-applied after 0 seconds for 1 second",
            Outage(meets=Fault.HANG_APPLIED, after_seconds=0, lasts_seconds=1),
        ),
    ],
)
def test_an_outage_is_told_in_plain_words(text: str, outage: Outage) -> None:
    assert read_outage(text) == outage


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("down for ten minutes", "is not of the form"),
        ("refused after 5 for 600 seconds", "is not of the form"),
        ("refused after -5 requests for 600 seconds", "is not of the form"),
        pytest.param(
            f"503 after {'9' * 5000} requests for 600 seconds", "is not of the form", id="a number without end"
        ),
        pytest.param(f"503 after 5 requests for {'9' * 400} seconds", "is not of the form", id="a time without end"),
        ("snow after 5 requests for 600 seconds", "snow is neither a status"),
        ("200 after 5 requests for 600 seconds", "200 is neither a status"),
        ("hang after 1.5 requests for 1 second", "1.5 is no number of requests"),
        ("hang after 1 request for 2.5 requests", "2.5 is no number of requests"),
        ("hang after 1 request for 0 seconds", "lasts for nothing"),
        ("refused after 5 requests for 5 requests", "must be in seconds"),
    ],
)
def test_what_is_no_outage_is_told(text: str, why: str) -> None:
    found = read_outage(text)
    assert isinstance(found, str)
    assert why in found


@given(after=st.integers(0, 20), lasts=st.integers(1, 20), requests=st.integers(0, 50))
def test_an_outage_told_in_requests_takes_exactly_these(after: int, lasts: int, requests: int) -> None:
    found = read_outage(f"hang after {after} requests for {lasts} requests")
    assert isinstance(found, Outage)
    outages = Outages([found], crash_seconds=1)
    taken = [number for number in range(requests) if outages.meets(float(number))]
    assert taken == list(range(after, min(after + lasts, max(after, requests))))


@given(
    after=st.integers(0, 50),
    lasts=st.integers(1, 50),
    moments=st.lists(st.integers(0, 120), min_size=1).map(sorted),
)
def test_an_outage_told_in_seconds_takes_whoever_comes_between_and_is_counted_from_the_first_request(
    after: int, lasts: int, moments: list[int]
) -> None:
    found = read_outage(f"refused after {after} seconds for {lasts} seconds")
    assert isinstance(found, Outage)
    outages = Outages([found], crash_seconds=1)
    first = moments[0]
    for moment in moments:
        inside = after <= moment - first < after + lasts
        assert (outages.meets(1000.0 + moment) is not None) == inside
        assert outages.refuses(1000.0 + moment) == inside


def test_a_server_goes_down_under_the_request_that_is_one_too_many_and_refuses_until_its_time_is_over() -> None:
    center = service("refused after 2 requests for 600 seconds")
    replies = asked(center, 10, 11, 12, 12.5, 600, 611.9, 612)
    assert replies[2] == Lose(reset=True, after_seconds=0)
    assert [type(reply) for reply in replies] == [Deliver, Deliver, Lose, Refuse, Refuse, Refuse, Deliver]
    assert [center.outages.refuses(moment) for moment in (611.9, 612)] == [True, False]
    assert len(center.state.applied) == 3


def test_several_outages_come_one_after_the_other() -> None:
    center = service(
        "503 after 1 request for 2 requests", "hang after 5 seconds for 1 second", "lost after 5 requests for 1 request"
    )
    assert met(center, 0, 1, 2, 3, 5, 5.9, 6, 7) == ["200", "503", "503", "200", "hang", "hang", "lost", "200"]


def test_an_outage_befalls_reads_and_comes_before_every_limit() -> None:
    center = service("502 after 1 request for 3 requests", partner_limit=1)
    assert met(center, 0) == ["200"]
    replies = [center.handle(call(read=True), now_seconds=1, at=AT) for _ in range(4)]
    assert [ended(reply) for reply in replies] == ["502", "502", "502", "429"]


def test_an_outage_that_applies_does_the_work_and_is_replayed_afterwards() -> None:
    center = service("hang-applied after 0 requests for 1 request")
    same = call()
    assert isinstance(center.handle(same, now_seconds=0, at=AT), Hang)
    again = Call(
        **{
            **{name: getattr(same, name) for name in same.__slots__},
            "headers": {**same.headers, "ms-correlationid": USER},
        }
    )
    assert ended(center.handle(again, now_seconds=1, at=AT)) == "200"
    assert (len(center.state.applied), center.state.replayed) == (1, 1)


def test_what_befalls_an_account_after_an_outage_is_what_would_have_befallen_it_without_one() -> None:
    mixed = {"error_share": 0.3, "lost_share": 0.3, "seed": 3}
    undisturbed = met(service(**mixed), *range(20))
    disturbed = met(service("418 after 5 requests for 7 requests", **mixed), *range(27))
    assert disturbed[5:12] == ["418"] * 7
    assert disturbed[:5] + disturbed[12:] == undisturbed


def test_a_crash_takes_the_service_down_for_its_time_and_applies_nothing() -> None:
    center = service(refused_share=1, refused_seconds=2)
    assert [type(reply) for reply in asked(center, 0, 0.5, 1.9, 2.0, 2.1)] == [Lose, Refuse, Refuse, Lose, Refuse]
    assert center.state.applied == []


def test_what_is_refused_is_not_seen_and_so_has_broken_no_rule() -> None:
    center = service("refused after 1 seconds for 5 seconds")
    same = call()
    asked(center, 0)
    assert isinstance(center.handle(same, now_seconds=2, at=AT), Refuse)
    assert ended(center.handle(same, now_seconds=7, at=AT)) == "200"
    assert center.state.protocol_errors == []


def test_over_sockets_an_outage_is_the_same() -> None:
    with calling(SimulatorOptions(outages=("503 after 1 request for 2 requests",))) as caller:
        answers = [caller.reset(), caller.reset(), caller.get(f"/v1/customers/{CUSTOMER}"), caller.reset()]
        assert [answer.status_code for answer in answers] == [200, 503, 503, 200]
        assert caller.report()["passwords_applied"] == 2
