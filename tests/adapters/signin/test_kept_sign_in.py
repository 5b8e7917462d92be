"""The newest refresh token is redeemed and its replacement kept, whoever asks, whatever fails beside it."""

import datetime as dt
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from sign_in_parts import Reply, Service, grant, part, refusal, rotating

from batchreset.adapters.signin.cache import newest_refresh_token, user_in
from batchreset.adapters.signin.exchange import Unclear
from batchreset.adapters.signin.kept_sign_in import KeptSignIn, Redeemed
from batchreset.adapters.signin.store import Kept, SignInStore, WholeFile, open_store
from batchreset.core.secret import Secret
from batchreset.errors import MfaRequiredError, SettingsError, SignInError

NOW = dt.datetime(2026, 11, 25, 19, 0, tzinfo=dt.UTC)


@dataclass
class Given:
    """A refresh token from outside; takes the newer one when it is a vault."""

    token: str | None
    vault: bool = False
    refuses: SignInError | None = None
    warning: str | None = None
    reads: int = 0

    def read(self) -> Secret | None:
        self.reads += 1
        if self.token == "unreadable":
            raise SettingsError("the file cannot be read", next_step="put it there")
        return Secret(self.token) if self.token else None

    def replace(self, newer: Secret) -> bool:
        if self.refuses is not None:
            raise self.refuses
        if self.vault:
            self.token = newer.open()
        return self.vault


class FullDisk(WholeFile):
    """Cannot be written while `full`."""

    full = True

    def save(self, content: str) -> None:
        if self.full:
            raise OSError(28, "No space left on device")
        super().save(content)


@dataclass
class Machine:
    """One machine's store, and processes that come and go on it."""

    folder: Path
    service: Service = field(default_factory=rotating)
    persistence: WholeFile | None = None

    @property
    def store(self) -> SignInStore:
        return open_store(
            authority="a", tenant_id="t", client_id="c", cache_dir=str(self.folder), persistence=self.persistence
        )

    def process(self, given: Given | str | None) -> KeptSignIn:
        outside = Given(given) if isinstance(given, str) else given
        return KeptSignIn(self.service.application(), self.store, outside, nobody="sign in", now=lambda: NOW)

    @property
    def kept(self) -> str | None:
        token = newest_refresh_token(self.store.load().state)
        return token.open() if token else None


def source(redeemed: Redeemed) -> tuple[str, str]:
    return redeemed.source, redeemed.granted.access_token.open()


def dead(*tokens: str) -> Callable[[Mapping[str, str]], Reply]:
    """These are refused as too old; any other one is exchanged for the next."""

    def answer(form: Mapping[str, str]) -> Reply:
        if form["refresh_token"] in tokens:
            return refusal(700082, text=f"{tokens.index(form['refresh_token'])} is inactive.")
        return httpx.Response(200, json=grant(int(form["refresh_token"].rpartition("-")[2]) + 1))

    return answer


def test_the_given_one_begins_and_its_replacement_goes_on(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    process = machine.process("refresh-0")
    assert source(process.redeem()) == ("given", "access-1")
    assert source(process.redeem()) == ("kept", "access-2")
    assert machine.kept == "refresh-2"
    assert machine.store.load().kept_at == "2026-11-25T19:00:00.000Z"


def test_the_next_run_takes_the_kept_one_first(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    machine.process("refresh-0").redeem()
    assert source(machine.process("refresh-0").redeem()) == ("kept", "access-2")
    assert source(machine.process(None).redeem()) == ("kept", "access-3")
    assert machine.service.redeemed == ["refresh-0", "refresh-1", "refresh-2"]


def test_one_that_was_never_seen_here_goes_before_the_kept_one(tmp_path: Path) -> None:
    """Somebody has just put it there: another operator's, or one after a revocation."""
    machine = Machine(tmp_path)
    machine.process("refresh-0").redeem()
    assert source(machine.process("refresh-50").redeem()) == ("given", "access-51")
    assert source(machine.process("refresh-50").redeem()) == ("kept", "access-52")


@pytest.mark.parametrize(
    ("refused", "expected"),
    [("refresh-1", ("given", "access-1")), ("refresh-0", ("kept", "access-12"))],
    ids=["kept", "given"],
)
def test_when_one_is_refused_the_other_serves_and_it_is_said(
    tmp_path: Path, refused: str, expected: tuple[str, str]
) -> None:
    machine = Machine(tmp_path)
    machine.process("refresh-10" if refused == "refresh-0" else "refresh-0").redeem()
    machine.service.answer = dead(refused)
    redeemed = machine.process("refresh-0").redeem()
    assert len(redeemed.warnings) == 1
    assert "AADSTS700082" in redeemed.warnings[0]
    assert source(redeemed) == expected


def test_one_refused_once_is_not_tried_first_for_ever(tmp_path: Path) -> None:
    machine = Machine(tmp_path, Service(answer=dead("refresh-7")))
    machine.process("refresh-0").redeem()
    machine.process("refresh-7").redeem()
    before = len(machine.service.forms)
    machine.process("refresh-7").redeem()
    assert machine.service.redeemed[before:] == ["refresh-2"]


def test_when_all_are_refused_the_sign_in_ends_and_nothing_is_lost(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    machine.process("refresh-0").redeem()
    machine.service.answer = dead("refresh-0", "refresh-1")
    with pytest.raises(SignInError, match=r"AADSTS700082: 1 is inactive.*and another refresh token too$"):
        machine.process("refresh-0").redeem()
    assert machine.kept == "refresh-1"


def test_a_refusal_of_the_application_is_not_tried_with_another_token(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    machine.process("refresh-0").redeem()
    machine.service.answer = lambda _: refusal(7000215, "invalid_client")
    with pytest.raises(SignInError, match="AADSTS7000215"):
        machine.process("refresh-0").redeem()
    assert len(machine.service.forms) == 2


def test_a_demand_for_mfa_is_told_as_such_and_the_token_kept(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    machine.process("refresh-0").redeem()
    machine.service.answer = lambda _: refusal(50076)
    with pytest.raises(MfaRequiredError):
        machine.process(None).redeem()
    assert machine.kept == "refresh-1"


@pytest.mark.parametrize("given", [None, Given(None)], ids=["no place", "an empty place"])
def test_without_any_nobody_has_signed_in(tmp_path: Path, given: Given | None) -> None:
    with pytest.raises(SignInError, match="nobody has signed in") as caught:
        Machine(tmp_path).process(given).redeem()
    assert caught.value.next_step == "sign in"


def test_no_clear_answer_changes_nothing(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    machine.process("refresh-0").redeem()
    machine.service.answer = lambda _: httpx.Response(503)
    with pytest.raises(Unclear):
        machine.process("refresh-0").redeem()
    machine.service.answer = dead()
    assert source(machine.process("refresh-0").redeem()) == ("kept", "access-2")


def test_a_given_one_that_cannot_be_read_matters_only_where_there_is_no_other(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    with pytest.raises(SignInError, match="the file cannot be read") as caught:
        machine.process("unreadable").redeem()
    assert caught.value.next_step == "put it there"
    machine.process("refresh-0").redeem()
    redeemed = machine.process("unreadable").redeem()
    assert source(redeemed) == ("kept", "access-2")
    assert redeemed.warnings == ("the file cannot be read",)


def test_a_command_or_vault_is_asked_once_a_process_while_all_is_well(tmp_path: Path) -> None:
    machine, given = Machine(tmp_path), Given("refresh-0")
    process = machine.process(given)
    for _ in range(3):
        process.redeem()
    assert given.reads == 1


def test_when_the_kept_one_dies_in_mid_run_the_given_one_is_asked_for_again(tmp_path: Path) -> None:
    machine, given = Machine(tmp_path), Given("refresh-0")
    process = machine.process(given)
    process.redeem()
    given.token = "refresh-80"
    machine.service.answer = dead("refresh-1")
    assert source(process.redeem()) == ("given", "access-81")
    assert given.reads == 2


def test_how_a_token_is_given_is_warned_of(tmp_path: Path) -> None:
    given = Given("refresh-0", warning="the file is open to others")
    assert Machine(tmp_path).process(given).redeem().warnings == ("the file is open to others",)


def test_a_full_disk_ends_nothing_and_the_newest_token_goes_on_in_memory(tmp_path: Path) -> None:
    """A provider that takes each token once: only the newest is good, and the disk does not have it."""
    disk = FullDisk(tmp_path / "x.json")
    machine = Machine(tmp_path, persistence=disk)
    process = machine.process("refresh-0")
    (warning,) = process.redeem().warnings
    assert "No space left on device" in warning
    assert "refresh-" not in warning
    assert source(process.redeem()) == ("kept", "access-2")
    disk.full = False
    process.redeem()
    assert machine.service.redeemed == ["refresh-0", "refresh-1", "refresh-2"]
    assert machine.kept == "refresh-3"


def test_a_vault_gets_each_replacement_and_is_known_again(tmp_path: Path) -> None:
    machine, vault = Machine(tmp_path), Given("refresh-0", vault=True)
    machine.process(vault).redeem()
    assert (vault.token, machine.kept) == ("refresh-1", "refresh-1")
    assert source(machine.process(vault).redeem()) == ("kept", "access-2")


def test_two_machines_share_a_vault(tmp_path: Path) -> None:
    """Each finds in it what the other has put there, and takes that before its own."""
    service, vault = rotating(), Given("refresh-0", vault=True)
    one, two = (Machine(tmp_path / name, service) for name in ("one", "two"))
    for machine in (one, two, one, two):
        machine.process(vault).redeem()
    assert service.redeemed == ["refresh-0", "refresh-1", "refresh-2", "refresh-3"]


def test_a_vault_that_refuses_is_a_warning_as_the_token_is_kept_here(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    vault = Given("refresh-0", vault=True, refuses=SignInError("the vault says no", next_step="ask"))
    assert machine.process(vault).redeem().warnings == ("the vault says no",)
    assert machine.kept == "refresh-1"


def test_two_processes_at_once_redeem_one_after_the_other(tmp_path: Path) -> None:
    """A provider that takes each token once would refuse the second of two who redeem the same one."""
    machine = Machine(tmp_path, Service())
    used: list[str] = []
    together = threading.Barrier(2)

    def once(form: Mapping[str, str]) -> Reply:
        token = form["refresh_token"]
        if token in used:
            return refusal(70000)
        used.append(token)
        return httpx.Response(200, json=grant(len(used)))

    machine.service.answer = once
    machine.process("refresh-0").redeem()
    failed: list[BaseException] = []

    def run() -> None:
        process = machine.process(None)
        together.wait(10)
        try:
            process.redeem()
        except BaseException as error:
            failed.append(error)
            raise

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert used == ["refresh-0", "refresh-1", "refresh-2"]


def accept(_: Secret) -> None:
    """Any token will do."""


def test_a_new_sign_in_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    machine.process("refresh-0").redeem()
    process = machine.process("refresh-0")
    process.take_over(lambda keep: _signed_in(machine, keep), accept)
    assert machine.kept == "refresh-41"
    assert source(machine.process("refresh-0").redeem()) == ("kept", "access-42")


def test_a_sign_in_that_must_not_be_used_leaves_the_old_one(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    machine.process("refresh-0").redeem()

    def refuse(_: Secret) -> None:
        raise SignInError("of another tenant", next_step="sign in again")

    with pytest.raises(SignInError, match="of another tenant"):
        machine.process(None).take_over(lambda keep: _signed_in(machine, keep), refuse)
    assert machine.kept == "refresh-1"


def test_a_sign_in_without_a_refresh_token_is_told(tmp_path: Path) -> None:
    machine = Machine(tmp_path, Service(answer=lambda _: httpx.Response(200, json=grant(1, refresh_token=None))))
    with pytest.raises(SignInError, match="gave no refresh token"):
        machine.process(None).take_over(lambda keep: _signed_in(machine, keep), accept)
    assert machine.store.load() == Kept()


def test_a_sign_in_that_cannot_be_kept_is_an_error(tmp_path: Path) -> None:
    machine = Machine(tmp_path, persistence=FullDisk(tmp_path / "x.json"))
    with pytest.raises(SignInError, match="could not be kept"):
        machine.process(None).take_over(lambda keep: _signed_in(machine, keep), accept)


def _signed_in(machine: Machine, keep: Callable[[str], None]) -> Any:
    """As a person would."""
    return machine.service.application().redeem(Secret("refresh-40"), state="", keep=keep)


def test_what_could_not_be_written_is_written_at_the_end(tmp_path: Path) -> None:
    disk = FullDisk(tmp_path / "x.json")
    machine = Machine(tmp_path, persistence=disk)
    process = machine.process("refresh-0")
    process.redeem()
    disk.full = False
    assert process.finish() is None
    assert machine.kept == "refresh-1"


def test_what_cannot_be_written_even_at_the_end_is_told(tmp_path: Path) -> None:
    process = Machine(tmp_path, persistence=FullDisk(tmp_path / "x.json")).process("refresh-0")
    process.redeem()
    assert "the newest refresh token is lost" in (process.finish() or "")


def test_once_it_has_finished_nothing_is_redeemed_any_more(tmp_path: Path) -> None:
    """A thread that comes late would lose the replacement: the connections are being closed."""
    machine = Machine(tmp_path)
    process = machine.process("refresh-0")
    process.finish()
    with pytest.raises(SignInError, match="has ended"):
        process.redeem()
    assert machine.service.forms == []


def test_finishing_waits_for_a_redemption_that_is_under_way(tmp_path: Path) -> None:
    machine, asked, may_answer = Machine(tmp_path), threading.Event(), threading.Event()
    answer = machine.service.answer
    assert answer is not None

    def slowly(form: Mapping[str, str]) -> Reply:
        asked.set()
        may_answer.wait(10)
        return answer(form)

    machine.service.answer = slowly
    process = machine.process("refresh-0")
    redeeming = threading.Thread(target=process.redeem)
    redeeming.start()
    asked.wait(10)
    finishing = threading.Thread(target=process.finish)
    finishing.start()
    assert finishing.is_alive()
    may_answer.set()
    finishing.join(10)
    redeeming.join(10)
    assert machine.kept == "refresh-1"


def test_what_is_kept_and_cannot_be_read_gives_way_to_a_given_token(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    machine.process("refresh-0").redeem()
    (path,) = tmp_path.glob("*.json")
    path.write_text("{")
    with pytest.raises(SignInError, match="not a sign-in"):
        machine.process(None).redeem()
    redeemed = machine.process("refresh-5").redeem()
    assert source(redeemed) == ("given", "access-6")
    assert "takes its place" in redeemed.warnings[0]
    assert machine.kept == "refresh-6"


def test_one_that_asks_for_mfa_says_better_what_to_do_than_a_dead_one(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    machine.process("refresh-0").redeem()
    machine.service.answer = lambda form: refusal(50076 if form["refresh_token"] == "refresh-1" else 700082)
    with pytest.raises(MfaRequiredError, match=r"AADSTS50076.*AADSTS700082"):
        machine.process("refresh-9").redeem()


def test_a_new_sign_in_reaches_the_vault(tmp_path: Path) -> None:
    machine, vault = Machine(tmp_path), Given(None, vault=True)
    machine.process(vault).take_over(lambda keep: _signed_in(machine, keep), accept)
    assert vault.token == "refresh-41"


def test_another_users_sign_in_takes_the_place_of_the_first_ones(tmp_path: Path) -> None:
    """Msal would keep both, side by side, and the newest would be a matter of chance."""
    machine = Machine(tmp_path)
    machine.process("refresh-0").redeem()
    who = {"sub": "t", "oid": "p", "preferred_username": "other@partner.example"}
    machine.service.answer = lambda _: httpx.Response(
        200, json=grant(70, id_token=f"e30.{part(who)}.x", client_info=part({"uid": "p", "utid": "t"}))
    )
    machine.process("refresh-69").redeem()
    state = machine.store.load().state
    assert state.count('"secret": "refresh-') == 1
    assert (machine.kept, user_in(state)) == ("refresh-70", "other@partner.example")
