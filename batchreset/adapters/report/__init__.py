"""`report.html`: one page that needs nothing beside it, for whoever was not there."""

from batchreset.adapters.report.page import page, write_page

__all__ = ["page", "write_page"]
