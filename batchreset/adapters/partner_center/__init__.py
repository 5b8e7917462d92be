"""The Partner Center API, by httpx."""

from batchreset.adapters.partner_center.api import PartnerCenterApi
from batchreset.adapters.partner_center.directory import PartnerCenterDirectory
from batchreset.adapters.partner_center.requests import ResetAddress

__all__ = ["PartnerCenterApi", "PartnerCenterDirectory", "ResetAddress"]
