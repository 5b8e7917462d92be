"""Senders beyond this process: the coordinator's half (`pool`, `member`), a sender's (`sender`), what passes between.

The coordinator owns plan, ledger, sealing and pacing. A sender gets rows in batches, sends each of them at most once
and answers; it writes nothing down and knows nothing of the run. `ports` is what both need of the world.
"""
