"""Bulk password resets through the Microsoft Partner Center API."""

__version__ = "0.1.0"
