"""Partner Center on this machine, with faults on demand.

It shares no code with the client but the error classes and durable files, so that a mistake of the client's cannot hide
in it. The pure part decides (`service` over `protocol`, `passwords`, `limits`, `faults`, `state`, `population`,
`documents`, `answers`) and gives a value, one of `replies`; the thin part serves (`app`, `connection`, `listening`,
`server`). A client in memory can call `service` itself, with a clock of its own.
"""
