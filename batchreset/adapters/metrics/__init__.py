"""Figures of a run for Prometheus, as a file that node_exporter's textfile collector reads."""

from batchreset.adapters.metrics.figures import Figures, Limit
from batchreset.adapters.metrics.textfile import write_metrics

__all__ = ["Figures", "Limit", "write_metrics"]
