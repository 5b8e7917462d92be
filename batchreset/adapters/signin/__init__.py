"""Sign-in: where tokens come from.

`access_token` gives one that was got elsewhere. The rest needs msal and is imported by its own module, so that a run
with a given token does not wait for it: `renewing` serves the engine over `kept_sign_in`, which redeems refresh tokens
through `application` and keeps them in `store`; `login` has a person sign in.
"""

from batchreset.adapters.signin.access_token import GivenToken

__all__ = ["GivenToken"]
