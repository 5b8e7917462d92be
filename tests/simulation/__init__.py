"""Whole runs in virtual time, each from one seed: the real program over the real simulated service, in one process.

A seed chooses input, settings, faults, stops, failing commits and crashes (`drawing`); `playing` plays it and
proves the five promises of what is left. The same seed gives the same history, line for line.
"""
