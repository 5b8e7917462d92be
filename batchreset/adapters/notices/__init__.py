"""Notices through apprise (the optional extra `batchreset[notify]`). Who needs none does not import it."""

from batchreset.adapters.notices.opening import open_services
from batchreset.adapters.notices.trust import trusting

__all__ = ["open_services", "trusting"]
