"""`report.html`: one page that needs nothing beside it, for whoever was not there."""

from batchreset.adapters.report.marked import is_page
from batchreset.adapters.report.page import page, write_page

__all__ = ["is_page", "page", "write_page"]
