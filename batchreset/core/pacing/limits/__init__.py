"""What is believed of one limit, and what each episode of refusals teaches.

A belief is one frozen value, `Limit = Open | Fixed | Sliding | Bucket`; `lessons.taught` gives the next one.

    from        to       when an episode (from a window's begin to the row that passed again) shows this
    ----------  -------  -------------------------------------------------------------------------------------
    Open        Open     refused before anything passed: others had spent the limit
    Open        Bucket   told to wait 2 s or less
    Open        Fixed    told to wait longer: the window is what lies between the first request and the end
    Open        Fixed    nothing was refused yet, but other customers were (borrowed or lent, scopes/shared)
    Fixed       Open     borrowed, and twice as much passed
    Fixed       Fixed    the window took more or fewer, or was longer or shorter (`reading`)
    Fixed       Bucket   borrowed, it does not fit or is a guess, and the wait was short
    Fixed       Sliding  a short wait, before the window's end (once is forgiven when windows had agreed)
    Fixed       Sliding  no wait was told, or the end came early; the window took little, but with what was sent before
                         it as much as was believed
    Fixed       Sliding  several other customers' windows slide (scopes/shared)
    Sliding     Sliding  refused: a little lower; four windows of quiet: a little higher
    Sliding     Bucket   refused five times more, each within a window of the last
    Sliding     Fixed    several other customers agree on a window (scopes/shared)
    Bucket      Bucket   refused: the rate is what was taken between two moments at which it was empty
    Bucket      Bucket   borrowed, and refused at once: it is guessed anew
    Bucket      Fixed    a wait that no bucket needs, longer than the window it was taken for before, its rate was not
                         measured, and fewer than six changes of mind

What contradicts windows that agreed is doubted once. A wait that is far longer than a well known limit ever needs is
another limit's, beside this one or in another scope: it is waited, and nothing is learned.

Read `span`, `episode`, then `shape`, `fixed`, `sliding`, `bucket` (with `rate`), then `lessons` and, for the longest of
them, `reading` and `fixed_lessons`. `history`: what was observed, whatever the shape. `habits`: what holds for all
limits of a service.
"""
