"""The parts that decide, without a network."""

import dataclasses
import datetime as dt
import email.utils
import math
import statistics
import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchreset.errors import ExitCode, SettingsError
from batchreset.simulator.answers import throttled
from batchreset.simulator.directory import DirectoryUser
from batchreset.simulator.faults.draws import Draw, Faults
from batchreset.simulator.faults.kinds import Fault
from batchreset.simulator.limits import LimitKind
from batchreset.simulator.options import RetryAfterStyle, SimulatorOptions
from batchreset.simulator.options.about import options_of
from batchreset.simulator.passwords import is_weak

GUID = "99999999-cccc-4ccc-8ccc-999999999999"
AT = dt.datetime(2026, 11, 21, 8, 40, 0, 250_000, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("style", "value"),
    [
        (RetryAfterStyle.SECONDS, "57"),
        (RetryAfterStyle.ROUNDED_DOWN, "56"),
        (RetryAfterStyle.DECIMAL, "56.400"),
        (RetryAfterStyle.ZERO, "0"),
        (RetryAfterStyle.NONE, None),
    ],
)
def test_a_429_says_how_long_to_wait_in_the_chosen_style(style: RetryAfterStyle, value: str | None) -> None:
    assert dict(throttled(56.4, style=style, at=AT).headers).get("Retry-After") == value


@given(seconds=st.floats(min_value=0.001, max_value=3600))
def test_who_obeys_a_date_is_never_early_and_at_most_a_second_late(seconds: float) -> None:
    headers = dict(throttled(seconds, style=RetryAfterStyle.DATE, at=AT).headers)
    wait = (email.utils.parsedate_to_datetime(headers["Retry-After"]) - AT).total_seconds()
    assert seconds - 1e-6 <= wait <= seconds + 1


def draws(options: SimulatorOptions, keys: list[str]) -> dict[str, list[Draw]]:
    faults = Faults(options)
    drawn: dict[str, list[Draw]] = {}
    for key in keys:
        drawn.setdefault(key, []).append(faults.draw(key, faulty=True))
    return drawn


MIXED = SimulatorOptions(error_share=0.2, lost_share=0.2, cut_short_share=0.2, hang_share=0.2, latency_seconds=1)


@given(keys=st.lists(st.sampled_from("abcd"), max_size=40), order=st.randoms(use_true_random=False))
def test_an_accounts_nth_request_meets_the_same_in_whatever_order_requests_arrive(keys: list[str], order: Any) -> None:
    shuffled = list(keys)
    order.shuffle(shuffled)
    assert draws(MIXED, keys) == draws(MIXED, shuffled)


def test_another_seed_draws_otherwise() -> None:
    keys = [str(number) for number in range(50)]
    assert draws(MIXED, keys) != draws(dataclasses.replace(MIXED, seed=1), keys)


def test_shares_are_kept() -> None:
    options = SimulatorOptions(
        error_share=0.05,
        applied_error_share=0.1,
        lost_share=0.15,
        lost_applied_share=0.2,
        cut_short_share=0.25,
        hang_share=0.05,
        hang_applied_share=0.1,
        weak_share=0.3,
        bom_share=0.6,
    )
    faults = Faults(options)
    drawn = [faults.draw("account", faulty=True) for _ in range(20_000)]
    for fault, share in options.fault_shares().items():
        assert sum(draw.fault is Fault(fault) for draw in drawn) / 20_000 == pytest.approx(share, abs=0.012)
    assert sum(draw.weak for draw in drawn) / 20_000 == pytest.approx(0.3, abs=0.012)
    assert sum(draw.byte_order_mark for draw in drawn) / 20_000 == pytest.approx(0.6, abs=0.012)
    assert {draw.error_status for draw in drawn} == {408, 500, 502, 503, 504}


def test_latencies_scatter_about_their_median_and_are_never_nothing() -> None:
    faults = Faults(SimulatorOptions(latency_seconds=0.25))
    latencies = [faults.draw("account", faulty=True).latency_seconds for _ in range(5000)]
    assert statistics.median(latencies) == pytest.approx(0.25, rel=0.05)
    assert 0 < min(latencies) < 0.15
    assert 0.5 < max(latencies) < 2.5


def test_with_shares_that_come_to_one_every_request_meets_a_fault() -> None:
    options = SimulatorOptions(error_share=0.5, lost_share=0.5)
    assert all(draw.fault for draw in draws(options, ["account"] * 1000)["account"])


@pytest.mark.parametrize(
    ("password", "weak"),
    [
        ("Ab3" + "x" * 4, True),
        ("Ab3" + "x" * 5, False),
        ("Ab3" + "x" * 253, False),
        ("Ab3" + "x" * 254, True),
        ("abcdefgh12", True),
        ("abcdefgH12", False),
        ("abcdefg !-", True),
        ("abcdefg1 -", False),
        ("Größe-12345", True),
        ("Tab\t-12345a", True),
        ("P@ssw0rd12!", True),
        ("P@ssw0rd12!4", False),
        ("Welcome1Contoso2!", False),
        ("Winter!QWERTY1", True),
        ("", True),
    ],
)
def test_what_the_service_finds_weak(*, password: str, weak: bool) -> None:
    assert is_weak(password) is weak


SYMBOLS = "@#$%^&*-_!+=[]{}|\\:',.?/`~\"();<> "


# Without vowels and what looks like them there is no banned word.
@given(st.text(sorted(set(string.ascii_letters + string.digits + SYMBOLS) - set("aeiouAEIOU01@$")), min_size=5))
def test_any_documented_character_is_allowed(text: str) -> None:
    assert not is_weak(f"bB2{text}")


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_each_documented_symbol_is_allowed_and_counts_as_one(symbol: str) -> None:
    assert not is_weak(f"bcdfghkL{symbol}")


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"error_share": 1.1}, "error_share"),
        ({"weak_share": -0.1}, "weak_share"),
        ({"bom_share": float("nan")}, "bom_share"),
        ({"lost_share": 0.6, "hang_share": 0.6}, "together"),
        ({"latency_seconds": -1}, "latency_seconds"),
        *(({"error_statuses": frozenset({408, 503, status})}, f"{status} is not") for status in (403, 429, 499, 600)),
        ({"partner_limit": -1}, "partner_limit"),
        ({"partner_penalty_seconds": float("nan")}, "partner_penalty_seconds"),
        ({"partner_limit_least": -1}, "partner_limit_least"),
        ({"partner_limit_least": 1}, "partner_limit_least is 1, more than partner_limit, which is 0"),
        ({"partner_limit": 9, "partner_limit_least": 10}, "partner_limit_least"),
        (
            {"partner_limit": 9, "partner_limit_least": 9, "partner_limit_kind": LimitKind.SLIDING},
            "partner_limit_least is 9; with partner_limit_kind sliding",
        ),
        (
            {"partner_penalty_seconds": 1, "partner_limit_kind": LimitKind.BUCKET},
            "partner_penalty_seconds is 1; with partner_limit_kind bucket",
        ),
        ({"customer_limit": -1}, "customer_limit"),
        ({"customer_penalty_seconds": -1}, "customer_penalty_seconds"),
        ({"customer_limit_least": -1}, "customer_limit_least"),
        ({"customer_limit": 9, "customer_limit_least": 10}, "customer_limit_least"),
        ({"customer_penalty_seconds": 1, "customer_limit_kind": LimitKind.SLIDING}, "customer_penalty_seconds"),
        ({"token_requests": -1}, "token_requests"),
        ({"customer_window_seconds": 0}, "customer_window_seconds"),
        ({"port": 65536}, "port"),
        ({"host": ""}, "host"),
        ({"user_name": ""}, "user_name"),
        ({"mfa_enforced_share": 1.1}, "mfa_enforced_share"),
        ({"token": "one", "only_issued_tokens": True}, "only_issued_tokens"),
        ({"tenant_id": "contoso"}, "tenant_id"),
        ({"client_id": ""}, "client_id"),
        ({"token_seconds": 0}, "token_seconds"),
        ({"refresh_error": -1}, "refresh_error"),
        ({"token_failures": -1}, "token_failures"),
        ({"token_latency_seconds": -1}, "token_latency_seconds"),
        ({"device_polls": -1}, "device_polls"),
        ({"device_interval_seconds": -1}, "device_interval_seconds"),
        ({"missing_users": frozenset({"bob"})}, "missing_users"),
        ({"known_users": frozenset({"bob"})}, "known_users"),
        ({"directory": (DirectoryUser(customer="contoso", user=GUID),)}, "directory: 'contoso' is not a GUID"),
        ({"directory": (DirectoryUser(customer=GUID, user="{bob}"),)}, "directory: '{bob}' is not a GUID"),
        (
            {"directory": (DirectoryUser(customer=GUID, user=GUID), DirectoryUser(customer=GUID, user=GUID.upper()))},
            f"directory: {GUID} is there 2 times",
        ),
        ({"forbidden_customers": frozenset({"contoso"})}, "forbidden_customers"),
    ],
)
def test_an_impossible_option_is_refused_by_name(fields: dict[str, Any], named: str) -> None:
    with pytest.raises(SettingsError) as raised:
        SimulatorOptions(**fields)
    assert raised.value.exit_code is ExitCode.REFUSED
    assert [line for line in raised.value.details if named in line] == list(raised.value.details)
    assert len(raised.value.details) == 1


def test_all_impossible_options_are_told_at_once() -> None:
    with pytest.raises(SettingsError) as raised:
        SimulatorOptions(port=-1, latency_seconds=-1, missing_users=frozenset({"bob"}))
    assert len(raised.value.details) == 3


def test_shares_that_come_to_one_may_round_to_a_little_more() -> None:
    options = SimulatorOptions(
        error_share=0.05, applied_error_share=0.15, lost_share=0.4, lost_applied_share=0.3, cut_short_share=0.1
    )
    assert sum(options.fault_shares().values()) > 1


NUMBERS = [name for name, option in options_of(SimulatorOptions).items() if option.kind is float]


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("number", [math.inf, -math.inf, math.nan], ids=str)
def test_a_number_is_finite(name: str, number: float) -> None:
    with pytest.raises(SettingsError) as raised:
        SimulatorOptions(**{name: number})  # type: ignore[arg-type]  # any number of them
    assert [line for line in raised.value.details if line.startswith(f"{name} is {number}")]
