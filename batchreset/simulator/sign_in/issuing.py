"""What a settled token request gets."""

from dataclasses import dataclass
from typing import Any

from batchreset.simulator.sign_in.codes import RefreshTokens
from batchreset.simulator.sign_in.forms import Asked, GrantType
from batchreset.simulator.sign_in.grants import ForApplication, ForUser, Settled
from batchreset.simulator.sign_in.replies import client_info
from batchreset.simulator.sign_in.state import SignInState
from batchreset.simulator.sign_in.tokens import Mint, new_refresh_token


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuing:
    """Makes tokens and remembers each: what is not remembered here is no token."""

    state: SignInState
    mint: Mint
    refresh_tokens: RefreshTokens

    def issue(self, settled: Settled, asked: Asked) -> dict[str, Any]:
        """The document of a success."""
        match settled:
            case ForApplication(resource=resource):
                access, issued = self.mint.app_only(resource, asked.facts.at)
                document: dict[str, Any] = {}
            case ForUser():
                access, issued = self.mint.access(settled.granted.resource, asked.facts.at)
                document = {"scope": settled.granted.scope, **self._for_user(settled, asked)}
        self.state.access_tokens[access] = issued
        self.state.handed_out.append(access)
        seconds = self.mint.options.token_seconds
        return {
            "token_type": "Bearer",
            "expires_in": seconds,
            "ext_expires_in": seconds,
            "access_token": access,
            **document,
        }

    def _for_user(self, settled: ForUser, asked: Asked) -> dict[str, str]:
        granted, tokens = settled.granted, {}
        # A refresh always brings the next refresh token, whatever scopes it names.
        if granted.offline or asked.field("grant_type") == GrantType.REFRESH_TOKEN:
            tokens["refresh_token"] = new_refresh_token(self.mint.chance)
            self.refresh_tokens.add(tokens["refresh_token"], granted)
            self.state.refresh_tokens.append(tokens["refresh_token"])
        if granted.identity:
            tokens["id_token"] = self.mint.identity(settled.nonce, asked.facts.at)
        self.state.handed_out.extend(tokens.values())
        if asked.field("client_info") == "1":
            tokens["client_info"] = client_info(self.mint.user_id, self.mint.options.tenant_id)
        return tokens
