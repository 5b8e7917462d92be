"""Answers that faults spoil: over bare TLS sockets comes what the service decided about, whatever it is."""

import dataclasses
import datetime as dt
import gzip
import json
import time
import zlib
from dataclasses import dataclass

import h11
import pytest
from simulator_client import CUSTOMER, Caller, body, calling, connected, headers, raw_reset

from batchreset.simulator.answers import Answer
from batchreset.simulator.faults.kinds import ErrorBody, Fault
from batchreset.simulator.options import SimulatorOptions
from batchreset.simulator.protocol import Call, Route
from batchreset.simulator.replies import CutShort, Deliver, Drip, Flood, Followed, Misdeclared, Reply, Verbatim
from batchreset.simulator.service import PartnerCenter
from batchreset.simulator.state import ServiceState

AT = dt.datetime(2026, 11, 21, 8, 40, tzinfo=dt.UTC)
USERS = [f"{number:08d}-0000-4000-8000-000000000000" for number in range(24)]
HUGE_BYTES = 3 << 20


def spoiling(fault: Fault, **others: object) -> SimulatorOptions:
    options = SimulatorOptions(bom_share=0, huge_bytes=HUGE_BYTES, drip_seconds=0.05)
    return dataclasses.replace(options, **{fault.value: 1.0, **others})  # type: ignore[arg-type]


def decided(options: SimulatorOptions, *, users: list[str] = USERS, ids: dict[str, str] | None = None) -> list[Reply]:
    """In memory, for each user's first request."""
    center = PartnerCenter(options, ServiceState(), base_url="https://simulator")
    return [center.handle(call(user, ids or headers()), now_seconds=0, at=AT) for user in users]


def call(user: str, sent: dict[str, str]) -> Call:
    return Call(
        route=Route.RESET_PASSWORD,
        method="PATCH",
        target=f"/v1/customers/{CUSTOMER}/users/{user}/resetpassword",
        customer=CUSTOMER,
        user=user,
        headers={name.lower(): value for name, value in sent.items()},
        body=body(),
    )


def answer_of(reply: Reply) -> Answer:
    assert isinstance(reply, Deliver | Verbatim | Flood | Followed | CutShort | Misdeclared | Drip)
    return reply.answer


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What a strict client makes of the bytes of one connection; `whole` if the body was as long as declared."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes
    whole: bool


def seen(received: bytes) -> Seen:
    client = h11.Connection(h11.CLIENT)
    client.send(h11.Request(method="PATCH", target="/", headers=[("Host", "localhost"), ("Content-Length", "0")]))
    client.send(h11.EndOfMessage())
    client.receive_data(received)
    client.receive_data(b"")
    response, content, whole = h11.Response(status_code=599, headers=[]), bytearray(), True
    while True:
        try:
            event = client.next_event()
        except h11.RemoteProtocolError:
            whole = False
            break
        if isinstance(event, h11.Response):
            response = event
        elif isinstance(event, h11.Data):
            content += event.data
        elif isinstance(event, h11.EndOfMessage):
            break
    named = [(name.decode(), value.decode("latin-1")) for name, value in response.headers]
    return Seen(status=response.status_code, headers=named, body=bytes(content), whole=whole)


def exchanged(caller: Caller, user: str, sent: dict[str, str] | None = None) -> tuple[bytes, Seen]:
    """One reset over a connection of its own, as bytes and as a client sees it."""
    with connected(caller.simulator) as connection:
        connection.send(raw_reset(user=user, changes={**(sent or {}), "Connection": "close"}))
        received, _ = connection.receive_to_end()
    return received, seen(received)


def expected(reply: Reply) -> tuple[bytes, bool]:
    """The body that arrives, and whether all of it is there."""
    content = answer_of(reply).body
    match reply:
        case Flood():
            return b"".join(reply.pieces()), True
        case CutShort():
            return content[: len(content) // 2], False
        case Misdeclared(content_length=length):
            return content[:length], length <= len(content)
        case _:
            return content, True


ANSWERING = [fault for fault in Fault if not {"lost", "hang", "refused"} & set(fault.word.split("-"))]


@pytest.mark.parametrize("fault", ANSWERING, ids=lambda fault: fault.word)
def test_over_sockets_comes_what_was_decided_in_memory(fault: Fault) -> None:
    users = USERS[:2] if fault in {Fault.HUGE, Fault.HUGE_ERROR, Fault.DRIP} else USERS[:10]
    with calling(spoiling(fault)) as caller:
        for user in users:
            ids = headers()
            (reply,) = decided(spoiling(fault), users=[user], ids=ids)
            _, found = exchanged(caller, user, ids)
            answer, (content, whole) = answer_of(reply), expected(reply)
            assert (found.status, found.body, found.whole) == (answer.status, content, whole)
            wanted = [(name.lower(), value) for name, value in answer.headers if name != "Location"]
            assert [header for header in wanted if header not in found.headers] == []
        assert len(caller.state.applied) == (len(users) if fault.applies else 0)
        assert [exchange.fault for exchange in caller.state.exchanges] == [fault.word] * len(users)


def test_each_server_error_comes_with_each_body() -> None:
    answers = [answer_of(reply) for reply in decided(spoiling(Fault.ERROR), users=USERS * 12)]
    kinds = {b"{": ErrorBody.JSON, b"<": ErrorBody.HTML, b"": ErrorBody.EMPTY}
    assert len({(answer.status, kinds[answer.body[:1]]) for answer in answers}) == 5 * 3


def test_of_server_errors_only_the_chosen_ones_come_and_say_how_long_to_wait() -> None:
    options = spoiling(
        Fault.ERROR,
        error_statuses=frozenset({502, 599}),
        error_bodies=frozenset({ErrorBody.HTML}),
        error_retry_after_seconds=7.0,
    )
    answers = [answer_of(reply) for reply in decided(options)]
    assert {(answer.status, answer.body[:12], dict(answer.headers)["Retry-After"]) for answer in answers} == {
        (502, b"<html><body>", "7"),
        (599, b"<html><body>", "7"),
    }


@pytest.mark.parametrize(
    ("fault", "more"), [(Fault.TOO_LONG, True), (Fault.TOO_SHORT, False)], ids=["too long", "too short"]
)
def test_a_wrong_length_is_on_the_wire_with_the_whole_body(fault: Fault, *, more: bool) -> None:
    with calling(spoiling(fault)) as caller:
        head, _, content = exchanged(caller, USERS[0])[0].partition(b"\r\n\r\n")
    declared = int(head.partition(b"Content-Length: ")[2].split()[0])
    assert json.loads(content)["id"] == USERS[0]
    assert (declared > len(content)) is more
    assert declared != len(content)


def test_a_dripping_answer_takes_its_time_and_comes_in_many_pieces() -> None:
    with calling(spoiling(Fault.DRIP, drip_seconds=0.2)) as caller, connected(caller.simulator) as connection:
        before = time.monotonic()
        connection.send(raw_reset(changes={"Connection": "close"}))
        pieces = [connection.receive()]
        while piece := connection.receive():
            pieces.append(piece)
        assert time.monotonic() - before > 0.15
        assert len(pieces) > 4
        assert caller.report()["by_status"] == {"drip": 1}


def test_who_has_no_time_for_a_dripping_answer_leaves_in_its_middle_and_it_was_applied() -> None:
    with calling(spoiling(Fault.DRIP, drip_seconds=3600)) as caller:
        with connected(caller.simulator) as connection:
            connection.send(raw_reset())
            connection.give_up_after(0.1)
            with pytest.raises(TimeoutError):
                connection.receive_to_end()
        assert caller.report()["accounts_changed"] == 1


@pytest.mark.parametrize("later_seconds", [0, 0.03], ids=["at once", "a little later"])
def test_a_leftover_stands_where_the_next_answer_is_looked_for_and_the_connection_is_kept(later_seconds: float) -> None:
    options, ids = spoiling(Fault.LEFTOVER), headers()
    replies = {user: decided(options, users=[user], ids=ids)[0] for user in USERS}
    user, reply = next((user, reply) for user, reply in replies.items() if followed(reply)[1] == later_seconds)
    leftover, _ = followed(reply)
    with calling(options) as caller, connected(caller.simulator) as connection:
        connection.send(raw_reset(user=user, changes={**ids}))
        received = b""
        while not received.endswith(leftover):
            received += connection.receive()
        right = received.removesuffix(leftover)
        assert (seen(right).status, seen(right).body) == (200, answer_of(reply).body)
        assert seen(leftover).whole
        connection.send(raw_reset(user=OTHER_USER))
        assert connection.receive().startswith(b"HTTP/1.1 200 ")
        assert [exchange.user for exchange in caller.state.exchanges] == [user, OTHER_USER]


OTHER_USER = "88888888-cccc-4ccc-8ccc-999999999999"


def followed(reply: Reply) -> tuple[bytes, float]:
    """The leftover, and when it comes."""
    assert isinstance(reply, Followed)
    return reply.leftover, reply.later_seconds


def test_leftovers_say_yes_no_and_not_yet_with_ids_that_are_nobodys() -> None:
    replies = [followed(reply) for reply in decided(spoiling(Fault.LEFTOVER), users=USERS * 6)]
    found = [seen(leftover) for leftover, _ in replies]
    named = [{value for name, value in answer.headers if name in ID_HEADERS} for answer in found]
    kinds = {(answer.status, len(own), later) for answer, own, (_, later) in zip(found, named, replies, strict=True)}
    assert kinds == {(status, 2, later) for status in (200, 403, 404, 429) for later in (0, 0.03)}
    assert len(set.union(*named)) == sum(map(len, named))
    assert all(answer.whole for answer in found)


ID_HEADERS = {"ms-requestid", "ms-correlationid"}


def test_a_packed_answer_can_be_unpacked_and_a_broken_one_cannot() -> None:
    for reply in decided(spoiling(Fault.GZIP)):
        assert json.loads(gzip.decompress(answer_of(reply).body))["passwordProfile"]
    broken = {answer_of(reply).body for reply in decided(spoiling(Fault.GZIP_BROKEN))}
    assert len({content[:4] for content in broken}) == 2
    for content in broken:
        with pytest.raises((EOFError, gzip.BadGzipFile, zlib.error)):
            gzip.decompress(content)


def test_a_bomb_is_small_and_unpacks_a_thousandfold() -> None:
    (reply,) = decided(spoiling(Fault.GZIP_BOMB, huge_bytes=HUGE_BYTES + 5), users=USERS[:1])
    packed = answer_of(reply).body
    assert len(packed) < HUGE_BYTES / 500
    assert len(gzip.decompress(packed)) == HUGE_BYTES + 5


def test_wrong_json_is_of_every_kind_and_never_the_documented_one() -> None:
    bodies = {answer_of(reply).body for reply in decided(spoiling(Fault.WRONG_JSON), users=USERS * 3)}
    assert len(bodies) == 9
    assert not [content for content in bodies if documented(content)]


def documented(content: bytes) -> bool:
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        return False
    return isinstance(document, dict) and isinstance(document.get("passwordProfile"), dict)


def test_a_success_without_content_has_no_length_and_a_refusal_keeps_its_status() -> None:
    with calling(spoiling(Fault.NO_CONTENT)) as caller:
        received, found = exchanged(caller, USERS[0])
        assert (found.status, found.body) == (204, b"")
        assert b"content-length" not in received.lower()
    (refused,) = decided(spoiling(Fault.NO_CONTENT, missing_users=frozenset(USERS[:1])), users=USERS[:1])
    assert (answer_of(refused).status, answer_of(refused).body) == (404, b"")


def test_a_huge_success_is_still_json() -> None:
    with calling(spoiling(Fault.HUGE)) as caller:
        _, found = exchanged(caller, USERS[0])
    assert len(found.body) == HUGE_BYTES
    assert json.loads(found.body)["id"] == USERS[0]


def test_who_leaves_in_the_middle_of_a_huge_answer_does_no_harm() -> None:
    with calling(spoiling(Fault.HUGE, huge_bytes=64 << 20)) as caller:
        with connected(caller.simulator) as connection:
            connection.send(raw_reset())
            assert connection.receive()
        assert caller.report()["by_status"] == {"200": 1}


def test_a_body_that_is_longer_than_huge_stays_whole() -> None:
    with calling(spoiling(Fault.HUGE, huge_bytes=1)) as caller:
        assert json.loads(exchanged(caller, USERS[0])[1].body)["id"] == USERS[0]


ODD = {
    "interim responses": b"HTTP/1.1 103 Early Hints\r\n",
    "no reason phrase": b"HTTP/1.1 200\r\n",
    "lower case": b"\r\ncontent-length:",
    "a folded header": b",\r\n  cache-iad-2",
    "strange values": b"Retry-After: soon",
}


def test_heads_are_odd_in_every_way() -> None:
    heads = {reply.head for reply in decided(spoiling(Fault.ODD_HEAD)) if isinstance(reply, Verbatim)}
    assert [name for name, mark in ODD.items() if not any(mark in head for head in heads)] == []
    assert max(head.count(b"MS-CorrelationId: ") for head in heads) == 2


def test_a_redirect_leads_to_where_nothing_is_and_who_follows_is_found_out() -> None:
    with calling(spoiling(Fault.REDIRECT)) as caller:
        _, found = exchanged(caller, USERS[0])
        location = dict(found.headers)["location"]
        assert found.status == 307
        assert location.startswith(f"{caller.simulator.base_url}/moved/v1/customers/{CUSTOMER}/")
        assert caller.send("PATCH", location, content=body()).status_code == 404
        assert "is not served" in caller.state.protocol_errors[0]
        assert caller.state.applied == []


def test_a_firewalls_403_is_not_the_services() -> None:
    (reply,) = decided(spoiling(Fault.BLOCKED), users=USERS[:1])
    assert answer_of(reply).status == 403
    assert b"Your support ID is" in answer_of(reply).body
    assert not [name for name, _ in answer_of(reply).headers if name.startswith("MS-")]


def test_with_a_share_for_each_every_fault_comes_and_again_with_the_same_seed() -> None:
    shares = {fault.value: 1 / len(Fault) for fault in Fault if fault is not Fault.REFUSED}
    options = dataclasses.replace(SimulatorOptions(huge_bytes=9), **shares)  # type: ignore[arg-type]
    first, second = (decided_in(options, [*USERS, *reversed(USERS)] * 6) for _ in range(2))
    assert first == second
    assert set(first) == {*(Fault(name).word for name in shares), None}


def decided_in(options: SimulatorOptions, users: list[str]) -> list[str | None]:
    state = ServiceState()
    center = PartnerCenter(options, state, base_url="https://simulator")
    for user in users:
        center.handle(call(user, headers()), now_seconds=0, at=AT)
    return [exchange.fault for exchange in state.exchanges]


def test_users_are_missing_or_forbidden_by_themselves_and_not_by_the_request() -> None:
    options = SimulatorOptions(missing_share=0.3, forbidden_share=0.3, bom_share=0, seed=4)
    with calling(options) as caller:
        rounds = [[caller.reset(user).status_code for user in USERS] for _ in range(2)]
        assert rounds[0] == rounds[1]
        assert set(rounds[0]) == {200, 403, 404}
        read = {caller.get(f"/v1/customers/{CUSTOMER}/users/{user}").status_code for user in USERS}
        assert read == {200, 404}
