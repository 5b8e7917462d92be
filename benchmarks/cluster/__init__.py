"""Senders beyond this process: what they add and what they cost, beside the program sending by itself."""
