"""Every message that the program can show, found in its own source: what happened and why, what to do, exit code."""

from tools.messages.rules import breaches
from tools.messages.sites import Message, messages
from tools.messages.table import as_markdown

__all__ = ["Message", "as_markdown", "breaches", "messages"]
