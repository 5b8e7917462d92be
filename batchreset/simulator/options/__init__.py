"""Everything the simulator can be told, by concern; each option with its default, its bounds and what it means."""

from batchreset.simulator.options.limits import RetryAfterStyle
from batchreset.simulator.options.population import ForbiddenCode
from batchreset.simulator.options.sign_in import DeviceAnswer, Mfa, Rotation
from batchreset.simulator.options.whole import SimulatorOptions

__all__ = ["DeviceAnswer", "ForbiddenCode", "Mfa", "RetryAfterStyle", "Rotation", "SimulatorOptions"]
