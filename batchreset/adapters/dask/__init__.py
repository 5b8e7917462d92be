"""Senders on the workers of a Dask cluster (the optional extra `batchreset[cluster]`).

Dask itself is touched in `vendor` alone, and imported when a cluster is opened.
"""

from batchreset.adapters.dask.cluster import DaskCluster

__all__ = ["DaskCluster"]
