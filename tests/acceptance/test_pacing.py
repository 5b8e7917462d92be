"""A service whose limits nobody knows: they are found, next to nothing is wasted, and the operator's own ceiling holds.

Windows last three seconds here, so that a run that meets one is short. 429s are counted by the simulator.
"""

import contextlib
import sqlite3
from collections.abc import Callable, Sequence

from acceptance_world import CUSTOMERS, World, accounts, outcomes
from evidence import gather
from proof import prove

from batchreset.simulator.options import RetryAfterStyle

MakeWorld = Callable[..., World]
WINDOW_SECONDS = 3.0
FEW = 18
"""429s that a run with two windows may cost: those that were sent before the first one was heard of, of at most 16 at
once, and one or two that ask. On an idle machine they come back at once, and two or three is what it costs."""
ROUNDED_SECONDS = 0.001
"""The ledger's moments are in milliseconds."""


def sent_seconds(made: World) -> list[float]:
    """When each row's first request was sent by the ledger, to the millisecond, in the input's order."""
    with contextlib.closing(sqlite3.connect(made.runs / "r" / "ledger.sqlite")) as ledger:
        found = ledger.execute("SELECT sent_at FROM attempts WHERE number = 1 ORDER BY row").fetchall()
    return [sent_at / 1000 for (sent_at,) in found]


def arrived_seconds(made: World, *, ended: str = "200", customers: Sequence[str] = CUSTOMERS) -> list[float]:
    """When requests to reset that ended so came to the service, since its first request of any kind."""
    exchanges = made.simulator.state.exchanges
    return [
        (exchange.at - exchanges[0].at).total_seconds()
        for exchange in exchanges
        if exchange.method == "PATCH" and exchange.ended == ended and exchange.customer in customers
    ]


def test_a_hidden_limit_of_the_partner_costs_few_429s_and_input_order_is_kept(make_world: MakeWorld) -> None:
    """The waits that are told are too short by up to a second."""
    made = make_world(
        latency_seconds=0.1, partner_limit=40, partner_window_seconds=WINDOW_SECONDS,
        retry_after=RetryAfterStyle.ROUNDED_DOWN,
    )  # fmt: skip
    # The smallest customer first: taken in turn, or the largest first, rows would go in another order.
    rows = sorted(accounts(35, 20, 15), key=lambda row: row.customer, reverse=True)
    source = made.input(rows)
    finished = made.batchreset(
        "run", source, "--run-id", "r", "--yes", "--max-concurrency", "16", "--order", "input", apart=True
    )
    assert finished.code == 0, finished.stderr
    assert outcomes(made.results()) == {"succeeded": 70}

    throttled = made.simulator.state.report()["throttled"]
    assert 1 <= throttled["partner"] <= FEW
    assert throttled["customer"] == 0
    sent = sent_seconds(made)
    assert sent == sorted(sent)
    # 71 requests at 40 in a window can end soon after the first one does; how soon, virtual time tells (tests/engine).
    assert arrived_seconds(made)[-1] < 4 * WINDOW_SECONDS
    prove(gather(made, source))


def test_one_throttled_customer_delays_no_other(make_world: MakeWorld) -> None:
    """The first customer is the largest, and is throttled when the others have most of their rows before them."""
    made = make_world(
        latency_seconds=0.1, customer_limit=12, customer_window_seconds=WINDOW_SECONDS,
        retry_after=RetryAfterStyle.DECIMAL,
    )  # fmt: skip
    source = made.input(accounts(22, *[11] * 5))
    finished = made.batchreset("run", source, "--run-id", "r", "--yes", "--max-concurrency", "16", apart=True)
    assert finished.code == 0, finished.stderr
    assert outcomes(made.results()) == {"succeeded": 77}

    refused = arrived_seconds(made, ended="429", customers=CUSTOMERS[:1])
    assert 1 <= len(refused) <= FEW
    assert made.simulator.state.report()["throttled"] == {"partner": 0, "customer": len(refused)}
    others = arrived_seconds(made, customers=CUSTOMERS[1:])
    assert sum(seconds > refused[0] for seconds in others) > len(others) / 3
    # The first customer's window began with the run's first request, a look at it.
    assert max(others) < WINDOW_SECONDS <= max(arrived_seconds(made, customers=CUSTOMERS[:1])) < 2 * WINDOW_SECONDS
    prove(gather(made, source))


def test_max_per_second_is_a_ceiling_from_the_canary_on_and_no_brake(make_world: MakeWorld) -> None:
    """Sixteen at a time, at once answered, could send hundreds in a second."""
    made = make_world()
    arguments = ("--max-concurrency", "16", "--max-per-second", "15", "--canary", "5")
    finished = made.batchreset("run", made.input(accounts(16, 11, 8)), "--run-id", "r", "--yes", *arguments, apart=True)
    assert finished.code == 0, finished.stderr
    assert outcomes(made.results()) == {"succeeded": 35}

    sent = sorted(sent_seconds(made))
    assert all(later - sooner >= 1 - 2 * ROUNDED_SECONDS for sooner, later in zip(sent, sent[15:], strict=False))
    assert 34 / 15 - 1 < sent[-1] - sent[0] < 34 / 15 + 2
