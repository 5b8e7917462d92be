"""How much at once, whatever the limits are.

`concurrency`: as many requests as the service gets most done with. It starts from few, takes `sample`s of how requests
fare, and `climb` judges by them whether more at once, or fewer, do better; `moves` is its table. `outage`: one at a
time while nothing succeeds. `ceiling`: the operator's own limit.
"""
