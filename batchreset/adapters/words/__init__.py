"""A published list of words: the Electronic Frontier Foundation's large one (2016)."""

from batchreset.adapters.words.eff import words

__all__ = ["words"]
