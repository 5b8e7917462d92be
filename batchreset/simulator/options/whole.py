"""All options together, and what cannot be."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from batchreset.errors import SettingsError
from batchreset.simulator.options.about import Bounds, options_of
from batchreset.simulator.options.audit import AuditOptions
from batchreset.simulator.options.faults import FaultOptions
from batchreset.simulator.options.limits import LimitOptions
from batchreset.simulator.options.population import PopulationOptions
from batchreset.simulator.options.serving import ServingOptions
from batchreset.simulator.options.sign_in import SignInOptions


@dataclass(frozen=True, kw_only=True)
class SimulatorOptions(SignInOptions, PopulationOptions, AuditOptions, LimitOptions, FaultOptions, ServingOptions):
    """One simulated Partner Center with its sign-in service. Without any option given: fast, unlimited, faultless."""

    def __post_init__(self) -> None:
        """Raises SettingsError with every problem at once."""
        problems = (
            *(f"{name} is empty" for name in ("host", "user_name") if not getattr(self, name)),
            *self._out_of_bounds(),
            *self._too_many_faults(),
            *self.strange_faults(),
            *self.contradicting_limits(),
            *self.strange_users(),
            *self.strange_sign_in(),
        )
        if problems:
            raise SettingsError(
                "the simulator cannot be set up with these values",
                details=problems,
                next_step="correct these values; `batchreset simulate --help` explains each",
            )

    def _out_of_bounds(self) -> Iterator[str]:
        for name, option in options_of(SimulatorOptions).items():
            bounds, value = option.about.bounds, getattr(self, name)
            if not bounds.holds(value):
                yield f"{name} is {value}; {bounds}"
        if not 0 <= self.port <= 65535:  # noqa: PLR2004  the highest TCP port
            yield f"port is {self.port}; a port is from 0 to 65535"

    def _too_many_faults(self) -> Iterator[str]:
        shares = self.fault_shares()
        within = all(Bounds.SHARE.holds(share) for share in shares.values())
        # A little more than 1 is what decimal shares such as ten times 0.1 come to.
        if within and sum(shares.values()) > 1 + 1e-9:
            given = ", ".join(name for name, share in shares.items() if share > 0)
            yield f"{given} together are {sum(shares.values()):g}; at most 1 is possible"


CONCERNS: Final = {
    "Serving": ServingOptions,
    "Faults": FaultOptions,
    "Limits": LimitOptions,
    "Audit records": AuditOptions,
    "Customers and users": PopulationOptions,
    "Tokens and sign-in": SignInOptions,
}
"""Under what headings the options are shown."""
