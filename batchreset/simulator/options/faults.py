"""What can go wrong with a request."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Final

from batchreset.simulator.faults.kinds import ErrorBody
from batchreset.simulator.faults.outages import Outage, read_outage
from batchreset.simulator.options.about import About, above_0, at_least_0, fault_share, options_of, share

_TIMED_OUT: Final = 408
"""Of the client's errors the only one that leaves open, as a server error does, whether the work was done."""
_SERVER_ERRORS: Final = range(500, 600)


@dataclass(frozen=True, kw_only=True)
class FaultOptions:
    """At most one fault befalls a request; resets only, unless `faults_on_reads`.

    "Applied" means the service did its work first; the client cannot see the difference. Where an answer is spoiled, it
    is the one that the service has: a refusal is spoiled as a success is.

    Attributes:
        latency_seconds: log-normal; 429 and 401 come at once.
        error_statuses: each with each of `error_bodies`; none of them tells whether the work was done.
        refused_share: that request's own connection is reset, and so is every other one.
        huge_bytes: also what a bomb unpacks to.
        outages: in the form of `read_outage`; they befall reads too, and come before every other fault.
    """

    latency_seconds: Annotated[float, at_least_0("Median time to an answer.")] = 0.0
    error_share: Annotated[float, fault_share("Share of resets answered with a server error and not applied.")] = 0.0
    applied_error_share: Annotated[float, fault_share("Share answered with a server error though applied.")] = 0.0
    error_statuses: Annotated[
        frozenset[int],
        About(
            "Status of such errors. May be repeated; one of them is drawn.  [default: 408, 500, 502, 503, 504]",
            flag="--error-status",
        ),
    ] = frozenset({408, 500, 502, 503, 504})
    error_bodies: Annotated[
        frozenset[ErrorBody],
        About("What they come with. May be repeated; one of them is drawn.  [default: all]", flag="--error-body"),
    ] = frozenset(ErrorBody)
    error_retry_after_seconds: Annotated[
        float, at_least_0("Retry-After of such errors, in the style of --retry-after; 0: none.")
    ] = 0.0
    lost_share: Annotated[float, fault_share("Share whose connection is lost without an answer, not applied.")] = 0.0
    lost_applied_share: Annotated[
        float, fault_share("Share whose connection is lost without an answer, though applied.")
    ] = 0.0
    cut_short_share: Annotated[float, fault_share("Share applied whose answer breaks off in the middle.")] = 0.0
    hang_share: Annotated[float, fault_share("Share never answered, not applied.")] = 0.0
    hang_applied_share: Annotated[float, fault_share("Share never answered, though applied.")] = 0.0
    refused_share: Annotated[
        float,
        fault_share("Share under which the service crashes, not applied: for a while connections are refused."),
    ] = 0.0
    refused_seconds: Annotated[float, above_0("How long that while is.")] = 1.0
    too_long_share: Annotated[
        float, fault_share("Share applied whose Content-Length is more than the body, and then the connection closes.")
    ] = 0.0
    too_short_share: Annotated[float, fault_share("Share applied whose Content-Length is less than the body.")] = 0.0
    drip_share: Annotated[float, fault_share("Share applied whose answer comes drop by drop.")] = 0.0
    drip_seconds: Annotated[float, above_0("How long such an answer takes.")] = 10.0
    gzip_share: Annotated[float, fault_share("Share applied whose answer is packed by gzip.")] = 0.0
    gzip_broken_share: Annotated[
        float, fault_share("Share applied whose answer says it is packed and cannot be unpacked.")
    ] = 0.0
    gzip_bomb_share: Annotated[
        float, fault_share("Share applied whose answer is small and unpacks to --huge-bytes.")
    ] = 0.0
    wrong_json_share: Annotated[float, fault_share("Share applied whose answer is not the documented JSON.")] = 0.0
    html_share: Annotated[float, fault_share("Share applied whose answer is a web page.")] = 0.0
    empty_share: Annotated[float, fault_share("Share applied whose answer has an empty body.")] = 0.0
    no_content_share: Annotated[float, fault_share("Share applied and answered 204 without a body.")] = 0.0
    huge_share: Annotated[float, fault_share("Share applied whose answer has --huge-bytes.")] = 0.0
    huge_error_share: Annotated[
        float, fault_share("Share answered with a server error of --huge-bytes and not applied.")
    ] = 0.0
    huge_bytes: Annotated[int, above_0("Size of a huge body.")] = 32 << 20
    odd_head_share: Annotated[
        float,
        fault_share(
            "Share applied whose status line and headers are odd: interim responses, folded or doubled headers, no"
            " reason phrase."
        ),
    ] = 0.0
    redirect_share: Annotated[float, fault_share("Share answered 307 to another address, not applied.")] = 0.0
    blocked_share: Annotated[float, fault_share("Share answered 403 with a firewall's web page, not applied.")] = 0.0
    leftover_share: Annotated[
        float, fault_share("Share applied whose connection then has an answer to nobody's request behind it.")
    ] = 0.0
    faults_on_reads: Annotated[bool, About("Let these faults befall GET requests too.")] = False
    weak_share: Annotated[float, share("Share of good passwords refused as weak.")] = 0.0
    bom_share: Annotated[float, share("Share of JSON answers with a byte order mark.")] = 0.2
    outages: Annotated[
        tuple[str, ...],
        About(
            "A span in which every request meets the same: 'refused after 500 requests for 600 seconds', '503 after 30"
            " seconds for 100 requests'. A status, or a fault above without -share. May be repeated.",
            flag="--outage",
        ),
    ] = ()

    def fault_shares(self) -> dict[str, float]:
        """The shares of which at most one befalls a request, by the name of the option."""
        return {name: getattr(self, name) for name, option in options_of(FaultOptions).items() if option.about.is_fault}

    def planned_outages(self) -> tuple[Outage, ...]:
        """They have been checked."""
        return tuple(outage for outage in map(read_outage, self.outages) if isinstance(outage, Outage))

    def strange_faults(self) -> Iterator[str]:
        """What is wrong with outages and server errors."""
        yield from (f"outages: {found}" for found in map(read_outage, self.outages) if isinstance(found, str))
        for status in sorted(self.error_statuses):
            if status != _TIMED_OUT and status not in _SERVER_ERRORS:
                yield f"error_statuses: {status} is not a server error, which is 408 or from 500 to 599"
        yield from (f"{name} is empty" for name in ("error_statuses", "error_bodies") if not getattr(self, name))
