"""How many requests pass, and how a 429 says so."""

import enum
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

from batchreset.simulator.limits.rule import WITH_WINDOWS, LimitKind, Rule
from batchreset.simulator.options.about import About, above_0, at_least_0


class RetryAfterStyle(enum.StrEnum):
    """How a 429 says how long to wait: what RFC 9110 allows, and what is seen in the wild."""

    SECONDS = "seconds"
    """Whole seconds, rounded up."""
    ROUNDED_DOWN = "rounded-down"
    """Whole seconds, rounded down: who obeys comes back a little too early."""
    DECIMAL = "decimal"
    DATE = "date"
    ZERO = "zero"
    """Always 0, however long it is."""
    NONE = "none"
    """No header at all."""


@dataclass(frozen=True, kw_only=True)
class LimitOptions:
    """For the partner and for each customer the same things can be told.

    Attributes:
        partner_limit_least: if not 0, each window has another limit, drawn from this to `partner_limit`.
        customer_limit: as for the partner, and so the next four; each customer has a limit of its own.
    """

    partner_limit: Annotated[
        int, at_least_0("Requests that pass in a window, all together; refused ones count too. 0: no limit.")
    ] = 0
    partner_limit_kind: Annotated[
        LimitKind,
        About(
            "window: from its first request on; clock: ends by the clock; sliding: any span of that length; bucket:"
            " holds the limit, fills in a window, and refused requests draw from it into debt."
        ),
    ] = LimitKind.WINDOW
    partner_window_seconds: Annotated[float, above_0("Length of that window.")] = 60.0
    partner_penalty_seconds: Annotated[
        float, at_least_0("Each refused request puts the end of its window off by this (window, clock).")
    ] = 0.0
    partner_limit_least: Annotated[
        int,
        at_least_0(
            "Each window's limit is drawn anew, from this to --partner-limit (window, clock); 0: it is always that."
        ),
    ] = 0
    customer_limit: Annotated[int, at_least_0("As --partner-limit, for each customer by itself.")] = 0
    customer_limit_kind: Annotated[LimitKind, About("As --partner-limit-kind.")] = LimitKind.WINDOW
    customer_window_seconds: Annotated[float, above_0("As --partner-window-seconds.")] = 60.0
    customer_penalty_seconds: Annotated[float, at_least_0("As --partner-penalty-seconds.")] = 0.0
    customer_limit_least: Annotated[int, at_least_0("As --partner-limit-least, to --customer-limit.")] = 0
    retry_after: Annotated[RetryAfterStyle, About("How a 429 says how long to wait.")] = RetryAfterStyle.SECONDS

    @property
    def partner_rule(self) -> Rule:
        """The limit for all requests together."""
        return Rule(
            limit=self.partner_limit,
            kind=self.partner_limit_kind,
            window_seconds=self.partner_window_seconds,
            penalty_seconds=self.partner_penalty_seconds,
            limit_least=self.partner_limit_least,
        )

    @property
    def customer_rule(self) -> Rule:
        """The limit for each customer's requests."""
        return Rule(
            limit=self.customer_limit,
            kind=self.customer_limit_kind,
            window_seconds=self.customer_window_seconds,
            penalty_seconds=self.customer_penalty_seconds,
            limit_least=self.customer_limit_least,
        )

    def contradicting_limits(self) -> Iterator[str]:
        """What is told of a limit that cannot be with what else is told of it."""
        yield from _contradictions("partner", self.partner_rule)
        yield from _contradictions("customer", self.customer_rule)


def _contradictions(scope: str, rule: Rule) -> Iterator[str]:
    """The fields' names begin with `scope`."""
    if rule.limit_least > max(0, rule.limit):
        yield f"{scope}_limit_least is {rule.limit_least}, more than {scope}_limit, which is {rule.limit}"
    if rule.kind not in WITH_WINDOWS:
        given = {"penalty_seconds": rule.penalty_seconds, "limit_least": rule.limit_least}
        for name, value in given.items():
            if value > 0:
                yield (
                    f"{scope}_{name} is {value}; with {scope}_limit_kind {rule.kind} there are no windows that it"
                    " could be for"
                )
