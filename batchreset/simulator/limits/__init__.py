"""Limits per partner and per customer (learn: api-throttling-guidance): every request counts, refused ones too."""

from batchreset.simulator.limits.rule import LimitKind, Rule
from batchreset.simulator.limits.scopes import Limits, Refused, Scope

__all__ = ["LimitKind", "Limits", "Refused", "Rule", "Scope"]
