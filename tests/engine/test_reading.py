"""Reading the directory: every GET until it is clear, within the limits; all of it, or the error that ended it."""

import contextlib
import dataclasses
import itertools
from collections.abc import Iterator
from functools import partial
from typing import Any

import anyio
import pytest
from directory_world import LIMITS, Directory, Get, Scene, accounts, facts, ids_of, script_of
from engine_world import (
    CLOSED,
    FORBIDDEN,
    NO_MFA,
    NOT_FOUND,
    OK,
    REFUSED,
    TIMEOUT,
    UNAUTHORIZED,
    UNAVAILABLE,
    WEAK,
    Tokens,
    throttled,
)
from kept_log import Log
from limited_service import ideal_seconds

from batchreset.core.directory import UserFacts
from batchreset.core.exchange import Exchange, NotSent, NotSentKind
from batchreset.core.outcome import Reason
from batchreset.core.secret import Secret
from batchreset.core.stop import stop_for
from batchreset.core.survey import Looked
from batchreset.engine.ports import ReadingWorld
from batchreset.engine.reading import Reader, find_by_name, list_customers, list_users, survey_accounts
from batchreset.engine.reading.backlog import TAKEN_UP, Backlog
from batchreset.engine.reading.lists import pages_of
from batchreset.engine.reading.reader import ReadLimits
from batchreset.engine.reading.refusals import Subject
from batchreset.engine.reading.visit import Visit
from batchreset.engine.stopping import RunStoppedError, StopSwitch
from batchreset.errors import (
    BatchresetError,
    DirectoryError,
    MfaRequiredError,
    RunFolderError,
    ServiceUnreachableError,
    SignInError,
)
from batchreset.simulator.limits import Limits, Rule

SEVERAL = accounts(5, 3)


def surveyed(scene: Scene, rows: list[tuple[int, str, str]] | None = None) -> dict[int, tuple[UserFacts | None, bool]]:
    """What was seen of each row."""
    seen: dict[int, tuple[UserFacts | None, bool]] = {}

    def saw(looked: Looked) -> None:
        assert looked.row not in seen
        seen[looked.row] = (looked.user, looked.privileged)

    scene.read(lambda reader: survey_accounts(reader, [rows or SEVERAL], saw))
    return seen


def test_each_account_is_looked_at_once_and_its_roles_are_told() -> None:
    scene = Scene(Directory(roles={"user-2": 1, "user-7": 3}))
    seen = surveyed(scene)
    assert {row for row, (_, privileged) in seen.items() if privileged} == {2, 7}
    assert {row: user.user_id for row, (user, _) in seen.items() if user} == {r: f"user-{r}" for r in range(1, 9)}
    assert len(scene.directory.gets) == 16
    assert scene.directory.most_in_flight <= LIMITS.max_concurrency
    assert len({get.correlation_id for get in scene.directory.gets}) == 16
    assert len(set(ids_of(scene.directory.gets))) == 16


@pytest.mark.parametrize("what", ["user", "roles"])
@pytest.mark.parametrize(
    ("exchange", "keeps_request_id"),
    [
        pytest.param(UNAVAILABLE, False, id="503"),
        pytest.param("it is not JSON", False, id="unreadable"),
        pytest.param(throttled(3.0), False, id="429"),
        pytest.param(TIMEOUT, True, id="timeout"),
        pytest.param(CLOSED, True, id="lost"),
        pytest.param(REFUSED, True, id="refused"),
    ],
)
def test_what_is_unclear_is_asked_again_with_the_request_id_that_the_documentation_has(
    exchange: Exchange | str, what: str, *, keeps_request_id: bool
) -> None:
    scene = Scene(Directory(script_of(exchange, what=what)))
    seen = surveyed(scene, accounts(1))
    assert seen == {1: (facts("user-1"), False)}
    asked = scene.directory.of(what, "customer-0", "user-1")
    assert len(asked) == 2
    assert (asked[0].request_id == asked[1].request_id) is keeps_request_id
    assert asked[0].correlation_id != asked[1].correlation_id


@pytest.mark.parametrize(
    ("exchange", "said"),
    [
        pytest.param(UNAVAILABLE, "HTTP 503", id="503"),
        pytest.param(TIMEOUT, "no answer", id="timeout"),
        pytest.param(
            "its id is no GUID", "HTTP 200, an answer that cannot be understood: its id is no GUID", id="unreadable"
        ),
        pytest.param(WEAK, "HTTP 400, code 3000", id="400"),
    ],
)
def test_what_stays_unclear_ends_the_reading_and_says_whose_it_was(exchange: Exchange | str, said: str) -> None:
    """After as many attempts as are allowed, whatever became of the others."""

    def script(get: Get, _number: int) -> Exchange | str:
        return exchange if get.user == "user-3" and get.what == "user" else OK

    scene = Scene(Directory(script), limits=dataclasses.replace(LIMITS, max_attempts=3))
    with pytest.raises(DirectoryError) as caught:
        surveyed(scene)
    assert caught.value.what == (
        f"user user-3 of customer customer-0 could not be read ({said}"
        f"{', The password is too weak' if exchange == WEAK else ''}); what this plan would reset cannot be told"
    )
    assert len(scene.directory.of("user", "customer-0", "user-3")) == (1 if exchange == WEAK else 3)


def test_who_is_not_there_or_deleted_is_found_without_asking_for_roles() -> None:
    def script(get: Get, _number: int) -> Exchange:
        return NOT_FOUND if get.user == "user-1" else OK

    gone = facts("user-2", state="inactive")
    scene = Scene(Directory(script, users_of={"customer-0": [[gone]]}))
    assert surveyed(scene, accounts(2)) == {1: (None, False), 2: (gone, False)}
    assert [get.what for get in scene.directory.gets] == ["user", "user"]


def test_who_is_deleted_between_two_requests_is_not_there() -> None:
    def script(get: Get, number: int) -> Exchange:
        return NOT_FOUND if get.what == "roles" or number > 1 else OK

    scene = Scene(Directory(script))
    assert surveyed(scene, accounts(1)) == {1: (None, False)}


def test_roles_that_cannot_be_told_of_one_who_is_there_end_the_reading() -> None:
    """404 for the roles alone: an address that is not there, and nobody would ever be privileged."""
    scene = Scene(Directory(lambda get, _number: NOT_FOUND if get.what == "roles" else OK))
    with pytest.raises(DirectoryError, match="HTTP 404"):
        surveyed(scene, accounts(1))


def test_a_customer_without_the_right_is_named_with_what_is_missing_and_never_asked_again() -> None:
    scene = Scene(Directory(lambda get, _number: FORBIDDEN if get.customer == "customer-1" else OK))
    with pytest.raises(DirectoryError) as caught:
        surveyed(scene)
    text = "\n".join(caught.value.lines())
    assert "customer customer-1 may not be read (HTTP 403, code 2032)" in text
    assert "Directory Readers, Global Reader or User Administrator" in text
    assert max(len(scene.directory.of("user", "customer-1", f"user-{n}")) for n in (6, 7, 8)) == 1


@pytest.mark.parametrize(
    ("exchange", "error", "attempts"),
    [
        pytest.param(NO_MFA, MfaRequiredError, 1, id="900421"),
        pytest.param(UNAUTHORIZED, SignInError, 2, id="401"),
    ],
)
def test_a_token_that_is_refused_ends_the_reading_once_it_was_renewed(
    exchange: Exchange, error: type[BatchresetError], attempts: int
) -> None:
    scene = Scene(Directory(lambda _get, _number: exchange), tokens=Tokens(last=5))
    with pytest.raises(error):
        surveyed(scene, accounts(1))
    assert len(scene.directory.gets) == attempts
    assert "token-" not in repr(scene.log.events)


def test_a_token_that_dies_in_the_middle_is_renewed_once_for_all() -> None:
    scene = Scene(Directory(), tokens=(tokens := Tokens(last=2)))
    scene.directory.script = lambda get, _number: UNAUTHORIZED if worn(scene.directory, get) else OK

    def worn(directory: Directory, get: Get) -> bool:
        return get.token == "token-1" and directory.gets.index(get) >= 20

    seen = surveyed(scene, accounts(20, 10))
    assert len(seen) == 30
    assert tokens.renewals == 1
    assert len(scene.directory.gets) <= 60 + LIMITS.max_concurrency


def test_no_token_at_all_asks_for_nothing() -> None:
    scene = Scene(Directory(), tokens=Tokens(last=0))
    with pytest.raises(SignInError, match="no token"):
        surveyed(scene)
    assert scene.directory.gets == []


@pytest.mark.parametrize(
    ("exchange", "most", "said"),
    [
        pytest.param(NotSent(kind=NotSentKind.TLS, detail="not trusted"), 8, "secure connection", id="certificate"),
        pytest.param(NotSent(detail="the connection was refused"), 8 * 4, "cannot be reached", id="nobody there"),
    ],
)
def test_a_wrong_address_is_told_within_seconds(exchange: Exchange, most: int, said: str) -> None:
    scene = Scene(Directory(lambda _get, _number: exchange))
    with pytest.raises(ServiceUnreachableError, match=said):
        surveyed(scene)
    assert scene.took_seconds < 30
    assert len(scene.directory.gets) <= most


@pytest.mark.parametrize("moment_seconds", [0.0, 0.1, 0.3, 5.0])
def test_a_stop_ends_it_at_once_and_nothing_more_is_sent(moment_seconds: float) -> None:
    async def during(stop: StopSwitch) -> None:
        await anyio.sleep(moment_seconds)
        stop.request(stop_for(Reason.INTERRUPTED, "SIGINT was received"))

    answer = throttled(60.0) if moment_seconds > 1 else OK
    scene = Scene(Directory(lambda _get, _number: answer), during=during)
    with pytest.raises(RunStoppedError):
        surveyed(scene, accounts(50))
    assert scene.took_seconds == pytest.approx(moment_seconds)
    assert all(get.at_seconds <= moment_seconds for get in scene.directory.gets)


def test_what_was_stopped_before_it_began_asks_for_nothing() -> None:
    scene = Scene(Directory())

    async def main(world: ReadingWorld, limits: ReadLimits, stop: StopSwitch) -> None:
        stop.request(stop_for(Reason.INTERRUPTED, "SIGINT was received"))
        await survey_accounts(Reader(world, limits, stop), [SEVERAL], lambda _: None)

    with pytest.raises(RunStoppedError):
        scene.play(main)
    assert scene.directory.gets == []


def test_an_error_of_whoever_hands_the_accounts_in_ends_it() -> None:
    def broken() -> Iterator[list[tuple[int, str, str]]]:
        yield SEVERAL
        raise RunFolderError("the plan is damaged", next_step="restore it")

    with pytest.raises(RunFolderError, match="damaged"):
        Scene(Directory()).read(lambda reader: survey_accounts(reader, broken(), lambda _: None))


class SlowTokens(Tokens):
    """Visits wait for theirs until the next even second; who hands out the turns never does."""

    async def token(self) -> Secret:
        if (anyio.get_current_task().name or "").endswith("_visit"):
            await anyio.sleep(-anyio.current_time() % 2)
        return await super().token()


@pytest.mark.parametrize("tokens", [Tokens, SlowTokens])
def test_a_ceiling_a_second_is_kept(tokens: type[Tokens]) -> None:
    """Also by those that had their turn already and waited for the token."""
    scene = Scene(Directory(), limits=dataclasses.replace(LIMITS, max_per_second=5), tokens=tokens())
    surveyed(scene, accounts(10, 10))
    moments = [get.at_seconds for get in scene.directory.gets]
    assert max(sum(at <= other < at + 1 for other in moments) for at in moments) <= 5


class Limited(Directory):
    """Judges on arrival by the simulator's own limits."""

    def __init__(self, *, partner: Rule, customer: Rule, **given: Any) -> None:
        super().__init__(**given)
        self._limits = Limits(partner=partner, customer=customer)
        self.refused = 0
        self.script = self.judge

    def judge(self, get: Get, _number: int) -> Exchange:
        wait = self._limits.admit(get.customer, get.at_seconds)
        self.refused += wait is not None
        return OK if wait is None else throttled(wait.seconds)


def test_a_limit_is_learned_and_hardly_ever_run_into() -> None:
    """One limit for all; one pacer for all of it, so that it is learned once."""
    rule = Rule(limit=60, window_seconds=60.0)
    scene = Scene(Limited(partner=rule, customer=Rule(), latency_seconds=lambda: 0.0))
    assert len(surveyed(scene, accounts(100, 80, 20))) == 200
    assert isinstance(scene.directory, Limited)
    assert len(scene.directory.gets) == 400 + scene.directory.refused
    assert scene.directory.refused <= 16
    assert scene.took_seconds <= ideal_seconds(rule, 400) * 1.3


def test_one_throttled_customer_keeps_no_other_waiting() -> None:
    def script(get: Get, number: int) -> Exchange:
        return throttled(600.0) if get.customer == "customer-0" and number == 1 else OK

    scene = Scene(Directory(script))
    surveyed(scene, accounts(3, 30))
    others = [get.at_seconds for get in scene.directory.gets if get.customer == "customer-1"]
    assert max(others) < 60 < scene.took_seconds


def test_an_hour_of_nothing_but_429_ends_it() -> None:
    scene = Scene(Directory(lambda _get, _number: throttled(120.0)))
    with pytest.raises(DirectoryError, match="for an hour the service answered nothing but 429"):
        surveyed(scene, accounts(2))


def test_accounts_are_taken_up_little_by_little() -> None:
    """Millions of them are never in memory at once."""
    taken = itertools.count()

    def without_end() -> Iterator[list[tuple[int, str, str]]]:
        for chunk in taken:
            yield [(chunk * TAKEN_UP + row, "customer-0", f"user-{row}") for row in range(TAKEN_UP // 2)]

    seen: list[int] = []

    async def main(reader: Reader) -> None:
        with anyio.move_on_after(4.0):
            await survey_accounts(reader, without_end(), lambda looked: seen.append(looked.row))

    Scene(Directory()).read(main)
    assert seen
    assert next(taken) == 3


def pages(customer: int, *sizes: int) -> list[list[UserFacts]]:
    return [[facts(f"user-{customer}-{page}-{n}") for n in range(size)] for page, size in enumerate(sizes)]


def test_lists_are_read_page_after_page_each_customer_in_its_order() -> None:
    users_of = {"customer-0": pages(0, 2, 0, 1), "customer-1": pages(1, 0), "customer-2": pages(2, 1, 1)}
    scene = Scene(Directory(users_of=users_of))
    seen: dict[str, list[UserFacts]] = {customer: [] for customer in users_of}

    async def main(reader: Reader) -> list[str]:
        customers = await list_customers(reader)
        await list_users(reader, customers, lambda customer, page: seen[customer].extend(page), purpose="-")
        return customers

    assert scene.read(main) == list(users_of)
    assert seen == {customer: [user for page in pages for user in page] for customer, pages in users_of.items()}
    assert len(scene.directory.gets) == 3 + 3 + 1 + 2


def test_a_page_that_is_throttled_is_asked_for_again_and_no_page_before_it() -> None:
    def script(get: Get, number: int) -> Exchange:
        return throttled(2.0) if get.continuation == "page-1" and number == 1 else OK

    scene = Scene(Directory(script, users_of={"customer-0": pages(0, 1, 1, 1)}))
    scene.read(lambda reader: list_users(reader, ["customer-0"], lambda _customer, _page: None, purpose="-"))
    assert [get.continuation for get in scene.directory.gets] == [None, "page-1", "page-1", "page-2"]


@pytest.mark.parametrize(("total", "whole"), [(2, True), (3, False)])
def test_a_list_of_fewer_than_it_says_is_an_error(total: int, *, whole: bool) -> None:
    """The one that is missing may be the protected one."""
    directory = Directory(users_of={"customer-0": pages(0, 2)})
    listed = directory._page

    def with_total(pages: list[list[Any]], continuation: str | None) -> Any:
        return dataclasses.replace(listed(pages, continuation), total=total)

    directory._page = with_total  # type: ignore[method-assign]
    scene = Scene(directory)
    told = (
        contextlib.nullcontext() if whole else pytest.raises(DirectoryError, match="2 of 3 came, and no further page")
    )
    with told:
        scene.read(lambda reader: list_users(reader, ["customer-0"], lambda _customer, _page: None, purpose="p"))


@pytest.mark.parametrize("round_of", [1, 3])
def test_a_list_that_goes_round_is_an_error(round_of: int) -> None:
    endless = Directory(users_of={"customer-0": pages(0, *[1] * 10)}, continuation_of=lambda page: f"page-{page}")
    listed = endless._page

    def going_round(pages: list[list[Any]], continuation: str | None) -> Any:
        page = listed(pages, continuation)
        return dataclasses.replace(page, continuation="page-1") if page.continuation == f"page-{round_of + 1}" else page

    endless._page = going_round  # type: ignore[method-assign]
    scene = Scene(endless)
    with pytest.raises(DirectoryError, match="reading the users of customer customer-0 has no end"):
        scene.read(lambda reader: list_users(reader, ["customer-0"], lambda _customer, _page: None, purpose="p"))
    assert len(endless.gets) == round_of + 1


def test_a_list_that_never_ends_is_an_error() -> None:
    """Always another page, each with another token."""
    scene = Scene(Directory(users_of={"customer-0": pages(0, *[0] * 9)}))

    async def main(reader: Reader) -> None:
        async def job(visit: Visit) -> None:
            ask = partial(reader.world.api.users, "customer-0")
            subject = Subject(purpose="p", customer="customer-0")
            async for _ in pages_of(visit, lambda at, call: ask(at, call=call), subject, most=5):
                pass

        await reader.read([[("customer-0", job)]])

    with pytest.raises(DirectoryError, match="there are more than 5 pages"):
        scene.read(main)
    assert len(scene.directory.gets) == 5


def test_a_customer_that_is_not_there_is_told_not_taken_for_an_empty_one() -> None:
    scene = Scene(Directory(lambda _get, _number: NOT_FOUND, users_of={"customer-0": pages(0, 1)}))
    with pytest.raises(DirectoryError, match="the users of customer customer-0 could not be read"):
        scene.read(lambda reader: list_users(reader, ["customer-0"], lambda _customer, _page: None, purpose="p"))


def test_the_partners_own_list_may_be_forbidden() -> None:
    scene = Scene(Directory(lambda _get, _number: FORBIDDEN))
    with pytest.raises(DirectoryError, match="list of the partner's customers may not be read") as caught:
        scene.read(list_customers)
    assert "--customer" in caught.value.next_step


NAMED = {
    "customer-0": [[facts("a", user_principal_name="Break.Glass@C.Example"), facts("b")], [facts("c")]],
    "customer-1": [
        [facts("d", user_principal_name="break.glass@c.example"), facts("e", display_name="break.glass@c.example")]
    ],
}


def test_accounts_are_found_by_name_whatever_its_case() -> None:
    scene = Scene(Directory(users_of=NAMED))
    names = frozenset({"break.glass@c.example", "c@c.example", "nobody@c.example"})
    found = scene.play(lambda world, limits, stop: find_by_name(NAMED, names, world=world, limits=limits, stop=stop))
    assert found == {("customer-0", "a"), ("customer-0", "c"), ("customer-1", "d")}


def test_without_names_nobody_is_asked() -> None:
    scene = Scene(Directory(users_of=NAMED))
    found = scene.play(
        lambda world, limits, stop: find_by_name(NAMED, frozenset(), world=world, limits=limits, stop=stop)
    )
    assert (found, scene.directory.gets) == (frozenset(), [])


def test_where_names_cannot_be_looked_up_it_says_what_cannot_be_told() -> None:
    scene = Scene(Directory(lambda get, _number: FORBIDDEN if get.customer == "customer-1" else OK, users_of=NAMED))
    with pytest.raises(DirectoryError, match="whether protected accounts are among those to be reset cannot be told"):
        scene.play(
            lambda world, limits, stop: find_by_name(NAMED, frozenset({"x@y"}), world=world, limits=limits, stop=stop)
        )


def test_a_lookup_before_a_run_keeps_the_ceiling_with_what_went_before_it() -> None:
    scene = Scene(Directory(users_of=NAMED), limits=dataclasses.replace(LIMITS, max_per_second=2))
    scene.play(lambda world, limits, stop: find_by_name(NAMED, frozenset({"x"}), world=world, limits=limits, stop=stop))
    assert min(get.at_seconds for get in scene.directory.gets) >= 1.0


def test_every_answer_is_an_event_with_ids_and_no_name() -> None:
    scene = Scene(Directory(users_of=NAMED), log=(log := Log()))
    scene.read(lambda reader: list_users(reader, NAMED, lambda _customer, _page: None, purpose="-"))
    answered = [fields for event, fields in log.events if event == "directory.answered"]
    assert len(answered) == 3
    assert {fields["customer"] for fields in answered} == set(NAMED)
    assert "c.example" not in repr(log.events).casefold()


def test_the_backlog_keeps_the_order_of_each_lane_and_counts_what_waits() -> None:
    backlog: Backlog[int] = Backlog()
    backlog.expect([[("a", 1), ("b", 2), ("a", 3)], [], [("b", 4)]])
    assert backlog.take_up() == {"a": 2, "b": 2}
    assert backlog.rows_per_lane == {"a": 2, "b": 2}
    assert [backlog.next(lane) for lane in "abba"] == [1, 2, 4, 3]
    assert (backlog.rows_per_lane, backlog.take_up()) == ({}, {})
    backlog.expect([[("a", 5)]])
    assert backlog.take_up() == {"a": 1}
