"""Microsoft's sign-in service (Entra, v2.0 endpoints) on the simulator's own address.

The pure part decides (`service` over `forms`, `scopes`, `credentials`, `assertion`, `tokens`, `codes`, `device`,
`challenge`, `refusals`, `state`), its clock and its chance handed in; the thin part serves (`routes`, `pages`).
"""
