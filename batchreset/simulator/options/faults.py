"""What can go wrong with a request."""

from dataclasses import dataclass
from typing import Annotated

from batchreset.simulator.options.about import About, at_least_0, fault_share, options_of, share


@dataclass(frozen=True, kw_only=True)
class FaultOptions:
    """At most one fault befalls a request; resets only, unless `faults_on_reads`.

    "Applied" means the service did its work first; the client cannot see the difference.

    Attributes:
        latency_seconds: log-normal; 429 and 401 come at once.
        lost_share: closed or reset.
    """

    latency_seconds: Annotated[float, at_least_0("Median time to an answer.")] = 0.0
    error_share: Annotated[float, fault_share("Share of resets answered 500, 503 or 504 and not applied.")] = 0.0
    applied_error_share: Annotated[float, fault_share("Share answered 500, 503 or 504 though applied.")] = 0.0
    lost_share: Annotated[float, fault_share("Share whose connection is lost without an answer, not applied.")] = 0.0
    lost_applied_share: Annotated[
        float, fault_share("Share whose connection is lost without an answer, though applied.")
    ] = 0.0
    cut_short_share: Annotated[float, fault_share("Share applied whose answer breaks off in the middle.")] = 0.0
    hang_share: Annotated[float, fault_share("Share never answered, not applied.")] = 0.0
    hang_applied_share: Annotated[float, fault_share("Share never answered, though applied.")] = 0.0
    faults_on_reads: Annotated[bool, About("Let these faults befall GET requests too.")] = False
    weak_share: Annotated[float, share("Share of good passwords refused as weak.")] = 0.0
    bom_share: Annotated[float, share("Share of JSON answers with a byte order mark.")] = 0.2

    def fault_shares(self) -> dict[str, float]:
        """The shares of which at most one befalls a request, by the name of the option."""
        return {name: getattr(self, name) for name, option in options_of(FaultOptions).items() if option.about.is_fault}
