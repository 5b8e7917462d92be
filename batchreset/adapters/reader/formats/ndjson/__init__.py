"""NDJSON: by polars where a line is plain, else line by line."""

from batchreset.adapters.reader.formats.ndjson.parsing import parse_ndjson

__all__ = ["parse_ndjson"]
