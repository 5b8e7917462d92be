"""What the core hands around does not change under anybody's hands."""

import dataclasses
import importlib
import pkgutil
from typing import Any

import pytest

import batchreset.core
import batchreset.core.pacing
from batchreset.core.directory import Read, UserFacts
from batchreset.core.exchange import Answered, LossKind, Lost, NotSent, NotSentKind
from batchreset.core.pacing import Ticket
from batchreset.core.pacing.limits.span import Span
from batchreset.core.places import LocalWorkers, SchedulerAt, SchedulerFile
from batchreset.core.records import KnownRow
from batchreset.core.retry import History, Rule
from batchreset.core.token_claims import TokenClaims

BY_POSITION = {Ticket, Rule, Span, LocalWorkers, SchedulerAt, SchedulerFile}
"""Short values whose fields are plain where they are made."""


def _values() -> list[Any]:
    modules = [
        importlib.import_module(found.name)
        for found in pkgutil.walk_packages(batchreset.core.__path__, "batchreset.core.")
    ]
    return sorted(
        {
            value
            for module in modules
            for value in vars(module).values()
            if isinstance(value, type)
            and dataclasses.is_dataclass(value)
            and value.__module__.startswith("batchreset.core.")
        },
        key=lambda value: value.__name__,
    )


@pytest.mark.parametrize("value", _values(), ids=lambda value: value.__name__)
def test_a_value_is_frozen_small_and_made_by_keyword(value: Any) -> None:
    fields = dataclasses.fields(value)

    assert value.__dataclass_params__.frozen
    slots = {slot for kind in value.__mro__ for slot in getattr(kind, "__slots__", ())}
    assert slots == {field.name for field in fields}
    assert not value.__dictoffset__
    assert all(field.kw_only == (value not in BY_POSITION) for field in fields)


def test_what_is_not_known_is_empty() -> None:
    assert dataclasses.astuple(Answered(status=200)) == (200, "", "", None, None, None, None, None, "")
    assert Lost(kind=LossKind.TIMEOUT).detail == ""
    assert NotSent() == NotSent(kind=NotSentKind.CONNECT, detail="")
    assert dataclasses.astuple(UserFacts(user_id="u", user_principal_name="n")) == ("u", "n", "", "", "", "", "")
    read: Read[UserFacts] = Read(exchange=NotSent())
    assert (read.found, read.unreadable) == (None, "")
    assert dataclasses.astuple(TokenClaims()) == ("", "", "", "", False, None)


def test_a_row_that_nobody_touched_has_no_history() -> None:
    assert dataclasses.astuple(KnownRow()) == (0, 0, False, None, None)
    assert dataclasses.astuple(History()) == (0, 0, False, None, 0, False)


def test_the_ledgers_words_for_losses_are_these() -> None:
    assert [kind.value for kind in LossKind] == ["timeout", "connection", "cut_short", "cancelled", "sender"]
    assert [kind.value for kind in NotSentKind] == ["connect", "tls", "proxy", "late"]


def test_pacing_offers_its_seam_and_no_more() -> None:
    seam = {"PARTNER", "Answer", "PaceSnapshot", "Pacer", "Pause", "Ticket"}
    limits = {"Learned", "LearnedLimit"}
    ahead = {"Outlook"}  # for the time left
    notes = {"LimitLearned", "OutageBegan", "OutageEnded", "PaceNote", "Paused", "Resumed", "Throttled"}

    assert set(batchreset.core.pacing.__all__) == seam | limits | ahead | notes
