"""Grant types of the token endpoint: what is settled before tokens are made."""

from dataclasses import dataclass, field

from batchreset.simulator.options import SimulatorOptions
from batchreset.simulator.sign_in.challenge import Challenges
from batchreset.simulator.sign_in.codes import AuthorizationCodes, RefreshTokens
from batchreset.simulator.sign_in.device import DeviceCodes
from batchreset.simulator.sign_in.forms import Asked, GrantType, json_object
from batchreset.simulator.sign_in.scopes import Granted, application, delegated


@dataclass(frozen=True, slots=True, kw_only=True)
class ForUser:
    """Tokens on behalf of a user."""

    granted: Granted
    nonce: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForApplication:
    """A token of the application by itself."""

    resource: str


Settled = ForUser | ForApplication


@dataclass(frozen=True, slots=True, kw_only=True)
class Grants:
    """What was granted so far, and what a token request may have of it."""

    options: SimulatorOptions
    challenges: Challenges
    devices: DeviceCodes
    refresh_tokens: RefreshTokens
    codes: AuthorizationCodes = field(default_factory=AuthorizationCodes)

    def settle(self, asked: Asked) -> Settled:
        """What this request is given. Raises DeniedError: nothing, and why."""
        match asked.needed("grant_type"):
            case GrantType.REFRESH_TOKEN:
                return self._refresh(asked)
            case GrantType.DEVICE_CODE:
                return self._device(asked)
            case GrantType.AUTHORIZATION_CODE:
                return self._code(asked)
            case GrantType.CLIENT_CREDENTIALS:
                return self._client_credentials(asked)
            case other:
                asked.mistake("grant_type is none that is served")
                raise asked.denied(70003, grant=other)

    def _refresh(self, asked: Asked) -> Settled:
        token = asked.needed("refresh_token")
        if self.options.refresh_error:
            raise asked.denied(self.options.refresh_error)
        granted = self.refresh_tokens.granted(token)
        if granted is None:
            raise asked.denied(70000)
        # Without a scope, what was granted (RFC 6749, 6).
        if asked.field("scope"):
            granted = scopes_of(asked)
        claims = asked.field("claims")
        if claims and json_object(claims) is None:
            asked.mistake("claims is not a JSON object")
            raise asked.denied(9002313)
        if not self.challenges.is_answered(claims):
            raise asked.denied(50076)
        self.refresh_tokens.use(token)
        return ForUser(granted=granted)

    def _device(self, asked: Asked) -> Settled:
        device_code = asked.needed("device_code")
        if self.devices.is_too_soon(device_code, asked.facts.at):
            asked.mistake("polled again before the interval was over")
        return ForUser(granted=self.devices.redeem(device_code, asked.facts))

    def _code(self, asked: Asked) -> Settled:
        code, redirect_uri = asked.needed("code"), asked.needed("redirect_uri")
        verifier = asked.field("code_verifier")
        consent = self.codes.redeem(code, redirect_uri=redirect_uri, verifier=verifier, facts=asked.facts)
        return ForUser(granted=consent.granted, nonce=consent.nonce)

    def _client_credentials(self, asked: Asked) -> Settled:
        scope = asked.needed("scope")
        resource = application(scope)
        if resource is None:
            asked.mistake("scope of client_credentials does not end in /.default")
            raise asked.denied(1002012, scope=scope)
        return ForApplication(resource=resource)


def scopes_of(asked: Asked) -> Granted:
    """The scopes a request asks for. Raises DeniedError: they are not Partner Center's."""
    scope = asked.field("scope")
    granted = delegated(scope)
    if granted is None:
        asked.mistake("scope does not hold one resource's user_impersonation")
        raise asked.denied(70011, scope=scope)
    return granted
