"""A hand-over as people take it: a table, JSON, or letters."""

from batchreset.adapters.handover.formats import FORMATS, Renderer, renderer

__all__ = ["FORMATS", "Renderer", "renderer"]
