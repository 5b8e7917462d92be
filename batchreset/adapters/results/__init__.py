"""The results file: every input row once, with how it ended; or the same, counted."""

from batchreset.adapters.results.counting import EndingsOf, count_results
from batchreset.adapters.results.writing import OutcomesOf, write_results

__all__ = ["EndingsOf", "OutcomesOf", "count_results", "write_results"]
