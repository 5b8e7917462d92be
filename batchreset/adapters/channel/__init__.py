"""Two processes agree on keys and write to each other what nobody between them can read (cryptography)."""

from batchreset.adapters.channel.conversation import Conversation, KeyHalf

__all__ = ["Conversation", "KeyHalf"]
