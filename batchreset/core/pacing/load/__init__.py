"""How much at once, whatever the limits are.

`concurrency`: as many requests as the service answers well. `outage`: one at a time while nothing succeeds.
`ceiling`: the operator's own limit.
"""
