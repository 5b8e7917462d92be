"""A service to measure against: its own process, independent of the program and of its simulator.

It answers as Partner Center does, after a service time, and checks what came, so that nobody is fast by sending less.
"""
