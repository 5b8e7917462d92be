"""Sign-in: where tokens come from."""

from batchreset.adapters.signin.access_token import GivenToken

__all__ = ["GivenToken"]
