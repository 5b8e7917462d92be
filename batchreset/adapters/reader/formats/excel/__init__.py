"""Excel workbooks: the archive and each sheet are gone through first, then fastexcel reads the values."""

from batchreset.adapters.reader.formats.excel.parsing import parse_excel

__all__ = ["parse_excel"]
