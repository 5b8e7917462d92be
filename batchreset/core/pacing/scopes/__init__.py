"""Two gates for each row, the partner's and its customer's: whose turn it is, and whose limit a refusal was.

`scopes` is the way of a row; `lanes` has the customers' rows, `reserve` keeps back some of the partner's window for
those that take longest. A refusal: `blame` decides, `attribution` carries out, `trial` finds out. `shared` lends one
customer what others met, `memory` begins with what an earlier run met.
"""
