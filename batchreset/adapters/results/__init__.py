"""The results file: every input row once, with how it ended."""

from batchreset.adapters.results.writing import OutcomesOf, write_results

__all__ = ["OutcomesOf", "write_results"]
