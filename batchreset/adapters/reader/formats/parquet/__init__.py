"""Parquet: what the file says of itself is judged first (footer, pages), then polars reads it."""

from batchreset.adapters.reader.formats.parquet.parsing import parse_parquet

__all__ = ["parse_parquet"]
