"""One scope's gate: whether a row may pass now, closing on refusals and at the end of a window's budget.

`gate` brings together: `door` (the phase machine, its table in `phases`), `traffic` (what passed: `window`, `sendlog`),
the belief of the room `limits`, spent as `spending` says, and `refusals` (one series; how long each closes the gate:
`pauses`), of which `learning` makes an episode.
"""
