"""The input: any table people bring, read as text, checked against the rules, ready to be planned."""

from batchreset.adapters.reader.checked import CheckedInput
from batchreset.adapters.reader.checking import check
from batchreset.adapters.reader.loading import RawTable, WholeTable, input_sha256, load, reading
from batchreset.adapters.reader.problems import InvalidRowsError, Problem, Problems
from batchreset.adapters.reader.protected import fixed_entry, read_protected
from batchreset.adapters.reader.rules import Rules

__all__ = [
    "CheckedInput",
    "InvalidRowsError",
    "Problem",
    "Problems",
    "RawTable",
    "Rules",
    "WholeTable",
    "check",
    "fixed_entry",
    "input_sha256",
    "load",
    "read_protected",
    "reading",
]
