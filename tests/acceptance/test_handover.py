"""Hand-overs of every kind from one run of passphrases, some of them in doubt; who opened what is in its log."""

import contextlib
import csv
import hashlib
import io
import json
import os
import re
import resource
import shutil
import sqlite3
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyrage
import pytest
from acceptance_world import CUSTOMERS, Finished, World, accounts, outcomes, world
from evidence import gather
from proof import prove

from batchreset.core.columns import HANDOVER
from batchreset.simulator.options import SimulatorOptions
from batchreset.simulator.passwords import is_weak

PASSPHRASE = re.compile(r"([A-Z][a-z]{2,8}-){6}[2-9]")
COUNTS = (9, 6, 4)
DESK = pyrage.x25519.Identity.generate()
"""The key of one customer's helpdesk, which is no recipient of the run."""


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A run `r`: passphrases, a service that finds some of them weak, and answers some requests with errors."""
    options = SimulatorOptions(weak_share=0.2, applied_error_share=0.3, seed=3)
    with world(tmp_path_factory.mktemp("handed"), options) as made:
        source = made.input(accounts(*COUNTS))
        arguments = ("--password-kind", "passphrase", "--password-words", "6", "--max-attempts", "1")
        finished = made.batchreset("run", source, "--run-id", "r", "--yes", "--max-failure-rate", "1", *arguments)
        assert finished.code == 3, finished.stderr
        assert "  passwords: passphrase, 6 words, 80 bits, sealed to 1 public key\n" in finished.stderr
        assert set(outcomes(made.results())) == {"succeeded", "in_doubt"}
        prove(gather(made, source))
        yield made


@pytest.fixture
def copy(done: World, tmp_path: Path) -> Path:
    """A copy of the run's folder, as a helpdesk gets it; with a log of its own."""
    return Path(shutil.copytree(done.runs / "r", tmp_path / "r"))


def hand_over(made: World, run: Path | str, *arguments: str | Path) -> Finished:
    return made.batchreset("handover", run, "--identity", made.key, *arguments)


def noted(folder: Path) -> list[dict[str, Any]]:
    """Hand-overs in the log, the newest last."""
    lines = (folder / "log.ndjson").read_text(encoding="utf-8").splitlines()
    return [event for event in map(json.loads, lines) if event["event"].startswith("handover.")]


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def passwords_in(done: World, text: str) -> int:
    return sum(line["password"] in text for line in rows_of(hand_over(done, "r", "--all").stdout))


def test_passphrases_are_in_force_each_another_and_the_service_takes_them(done: World) -> None:
    lines = rows_of(hand_over(done, "r").stdout)
    passwords = [line["password"] for line in lines]

    assert len(set(passwords)) == len(passwords) == sum(COUNTS)
    assert all(PASSPHRASE.fullmatch(password) and not is_weak(password) for password in passwords)
    given = {line["user-id"]: hashlib.sha256(line["password"].encode()).hexdigest() for line in lines}
    in_force = {user: account.sha256 for user, account in done.simulator.state.in_force.items()}
    assert in_force.items() <= given.items()
    assert sum(ended["outcome"] == "succeeded" for ended in done.results()) < len(in_force)


def test_json_says_what_the_table_says(done: World) -> None:
    assert json.loads(hand_over(done, "r", "--format", "json").stdout) == rows_of(hand_over(done, "r").stdout)


def test_letters_have_a_page_for_each_person_with_their_password_and_name(done: World, tmp_path: Path) -> None:
    out = tmp_path / "letters.html"
    assert hand_over(done, "r", "--format", "letters", "--out", out).code == 0

    pages = re.findall(r"<article.*?</article>", out.read_text(encoding="utf-8"), re.DOTALL)
    lines = rows_of(hand_over(done, "r").stdout)
    assert len(pages) == len(lines)
    for number, (page, line) in enumerate(zip(pages, lines, strict=True), start=1):
        assert f"<bdi>Nóra {number}</bdi>" in page
        assert f"User {line['user-id']} of customer {line['customer-tenant-id']}" in page
        assert ("It is not certain" in page) is (line["certainty"] == "possible")
        assert ("You will not be asked to change it" in page) is (number % 7 == 0)
        assert (
            re.sub(r"<[^>]*>", "", page.partition('<div class="password">')[2].partition("</div>")[0]).strip()
            == line["password"]
        )


def test_some_customers_are_exactly_theirs(done: World) -> None:
    both = rows_of(hand_over(done, "r", "--customer", CUSTOMERS[2], "--customer", CUSTOMERS[0]).stdout)
    assert both == [
        line
        for line in rows_of(hand_over(done, "r").stdout)
        if line["customer-tenant-id"] in {CUSTOMERS[0], CUSTOMERS[2]}
    ]
    assert len(both) == COUNTS[0] + COUNTS[2]


@pytest.mark.parametrize("form", ["csv", "json", "letters"])
@pytest.mark.parametrize("to", ["stdout", "file", "armored file"])
def test_sealed_again_only_its_recipient_can_read_it(done: World, tmp_path: Path, form: str, to: str) -> None:
    out = tmp_path / "for-contoso.age"
    where = {"stdout": (), "file": ("--out", out), "armored file": ("--out", out, "--armor")}[to]
    arguments = ("--format", form, "--customer", CUSTOMERS[1], "--recipient", str(DESK.to_public()))
    given = hand_over(done, "r", *arguments, *where)
    assert (given.code, given.stderr) == (0, "")
    sealed = given.stdout.encode() if to == "stdout" else out.read_bytes()

    assert sealed.startswith(b"age-encryption.org/v1\n" if to == "file" else b"-----BEGIN AGE ENCRYPTED FILE-----\n")
    clear = pyrage.decrypt(sealed, [DESK]).decode()
    assert clear.count(CUSTOMERS[1]) == COUNTS[1]
    assert CUSTOMERS[0] not in clear
    assert passwords_in(done, clear) >= (COUNTS[1] if form != "letters" else 0)
    assert not any(path.name != out.name for path in tmp_path.iterdir())


def test_no_clear_password_is_written_anywhere_when_it_is_sealed_again(done: World, copy: Path, tmp_path: Path) -> None:
    """Canaries: every password of the run, in every file and in all that was said."""
    out = tmp_path / "sealed.age"
    said = [
        hand_over(done, copy, "--recipient", str(DESK.to_public()), *more)
        for more in ((), ("--out", out), ("--format", "letters"), ("--out", out))
    ]
    assert [one.code for one in said] == [0, 0, 0, 2]
    texts = [one.stdout + one.stderr for one in said]
    texts += [path.read_bytes().decode("latin-1") for path in tmp_path.rglob("*") if path.is_file()]
    assert [passwords_in(done, text) for text in texts] == [0] * len(texts)


def test_who_opened_what_is_noted_and_no_password_with_it(done: World, copy: Path, tmp_path: Path) -> None:
    out = tmp_path / "desk.csv"
    recipient = str(DESK.to_public())
    hand_over(done, copy)
    hand_over(done, copy, "--customer", CUSTOMERS[1], "--format", "json", "--recipient", recipient, "--out", out)

    first, second = noted(copy)[-2:]
    run = json.loads((copy / "run.json").read_text(encoding="utf-8"))
    assert {"operator": first["operator"], "host": first["host"]} == {
        "operator": run["operator"]["user"], "host": run["operator"]["host"]
    }  # fmt: skip
    assert first | {"time": "", "operator": "", "host": ""} == {
        "event": "handover.opened", "level": "info", "run_id": "r", "time": "", "operator": "", "host": "",
        "identity": done.recipient, "customers": None, "superseded_too": False, "form": "csv",
        "passwords": sum(COUNTS), "to": "standard output", "sealed_to": None,
    }  # fmt: skip
    assert {name: second[name] for name in ("customers", "form", "passwords", "to", "sealed_to")} == {
        "customers": [CUSTOMERS[1]], "form": "json", "passwords": COUNTS[1], "to": str(out), "sealed_to": [recipient],
    }  # fmt: skip
    assert passwords_in(done, (copy / "log.ndjson").read_text(encoding="utf-8")) == 0


def test_a_key_that_does_not_open_it_is_noted_and_told_which_would(done: World, copy: Path, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.key"
    wrong.write_text(f"{DESK}\n")
    refused = done.batchreset("handover", copy, "--identity", wrong, "--out", tmp_path / "out.csv")

    assert (refused.code, refused.stdout) == (2, "")
    assert f"\n  tried: {DESK.to_public()}\n  sealed to: {done.recipient}\nwhat to do: " in refused.stderr
    assert noted(copy)[-1]["event"] == "handover.refused"
    assert noted(copy)[-1]["identities"] == [str(DESK.to_public())]
    assert not (tmp_path / "out.csv").exists()


def test_it_is_noted_before_it_is_given(done: World, copy: Path) -> None:
    """A full disk, as standard output, takes nothing of it."""
    before = len(noted(copy))
    with Path("/dev/full").open("wb") as full:
        said = done.batchreset("handover", copy, "--identity", done.key, stdout=full)
    assert said.code == 2
    assert "could not be written to its end (No space left on device): what is there of it is not all" in said.stderr
    assert len(noted(copy)) == before + 1


def test_a_disk_that_is_full_leaves_nothing_of_it(done: World, copy: Path, tmp_path: Path) -> None:
    """As a limit on the size of files tells it: so much can be written, then no more."""
    before, most = len(noted(copy)), resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, most[1]))
        said = hand_over(done, copy, "--format", "letters", "--out", tmp_path / "letters.html")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, most)

    assert said.code == 2
    assert "could not be written to its end (File too large): nothing of it is left" in said.stderr
    assert list(tmp_path.iterdir()) == [copy]
    assert len(noted(copy)) == before + 1


@pytest.mark.parametrize("form", ["csv", "letters"])
def test_a_password_that_the_ledger_lacks_keeps_all_back(done: World, copy: Path, tmp_path: Path, form: str) -> None:
    with contextlib.closing(sqlite3.connect(copy / "ledger.sqlite")) as ledger, ledger:
        ledger.execute("DELETE FROM sealed WHERE sealed = (SELECT max(sealed) FROM sealed)")
    for where in ((), ("--out", str(tmp_path / "out"))):
        lost = hand_over(done, copy, "--format", form, *where)
        assert (lost.code, lost.stdout) == (1, "")
        assert "the ledger lacks a password of row " in lost.stderr
    assert not (tmp_path / "out").exists()


def test_a_copy_whose_log_cannot_be_written_is_opened_all_the_same(done: World, copy: Path) -> None:
    (copy / "log.ndjson").rename(copy / "kept")
    (copy / "log.ndjson").mkdir()
    given = hand_over(done, copy)

    assert (given.code, given.stdout) == (0, hand_over(done, "r").stdout)
    assert given.stderr.startswith("warning: that this run's passwords were asked for could not be noted in ")


def test_on_a_terminal_it_is_told_that_passwords_stay_there_and_letters_are_refused(done: World) -> None:
    def at_a_terminal(*arguments: str) -> Finished:
        controller, terminal = os.openpty()
        with os.fdopen(controller, "rb"), os.fdopen(terminal, "wb", buffering=0) as screen:
            own = ("handover", "r", "--identity", str(done.key), "--customer", CUSTOMERS[2], *arguments)
            return done.batchreset(*own, stdout=screen)

    assert at_a_terminal().stderr.startswith("note: these passwords stay in clear in this terminal's memory")
    assert at_a_terminal("--recipient", str(DESK.to_public())).stderr == ""
    letters = at_a_terminal("--format", "letters")
    assert letters.code == 2
    assert "what to do: give --out letters.html.\n" in letters.stderr


OWN: Sequence[tuple[str, str]] = [
    ("r/ledger.sqlite", "exists already"),
    ("r/run.json", "exists already"),
    ("r/ledger.sqlite-journal", "would lie in the run's folder"),
    ("r/passwords.csv", "would lie in the run's folder"),
    ("link/passwords.csv", "would lie in the run's folder"),
    (".", "exists already"),
    ("dangling", "exists already"),
    ("nowhere/passwords.csv", "there is no folder"),
    ("/dev/full", "exists already"),
]


@pytest.mark.parametrize(("out", "why"), OWN, ids=[out for out, _ in OWN])
def test_a_place_that_is_taken_or_no_place_is_refused_before_anything_is_opened(
    done: World, copy: Path, tmp_path: Path, *, out: str, why: str
) -> None:
    (tmp_path / "link").symlink_to(copy)
    (tmp_path / "dangling").symlink_to(tmp_path / "elsewhere")
    before = {path: path.read_bytes() for path in copy.iterdir()}
    refused = hand_over(done, copy, "--out", tmp_path / out)

    assert (refused.code, refused.stdout) == (2, "")
    assert why in refused.stderr
    assert {path: path.read_bytes() for path in copy.iterdir()} == before
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--armor",), "nothing is sealed without --recipient"),
        (("--format", "letters", "--all"), "--all adds those that are surely not in force"),
        (("--recipient", "nobody"), "--recipient: 'nobody' is neither a public key"),
        (("--recipient", "helpdesk.key"), "this is a secret key"),
        (("--customer", CUSTOMERS[1], "--customer", "nobody"), "resets nobody of the customer nobody"),
        (("--format", "xml"), "'xml' is not one of"),
    ],
)
def test_what_makes_no_sense_is_refused_and_nothing_is_opened(
    done: World, copy: Path, arguments: tuple[str, ...], says: str
) -> None:
    refused = hand_over(done, copy, *arguments)
    assert (refused.code, refused.stdout) == (2, "")
    assert says in refused.stderr
    assert noted(copy) == noted(done.runs / "r")[: len(noted(copy))]


def test_a_file_of_it_is_private(done: World, tmp_path: Path) -> None:
    assert hand_over(done, "r", "--out", tmp_path / "p.json", "--format", "json").code == 0
    assert stat.S_IMODE((tmp_path / "p.json").stat().st_mode) == 0o600
    assert set(json.loads((tmp_path / "p.json").read_text())[0]) == set(HANDOVER)
