"""What the API thinks of a bearer token: whose it is, whether it lives, whether it has MFA."""

import datetime as dt

from batchreset.simulator.faults.draws import Faults
from batchreset.simulator.options import Mfa, SimulatorOptions
from batchreset.simulator.protocol import Call
from batchreset.simulator.sign_in.state import IssuedToken
from batchreset.simulator.state import ServiceState, Verdict

DEAD_TOKEN = Verdict(status=401, code="400", description="Access denied: the token is not valid or has expired.")
_APP_ONLY = Verdict(status=401, code="400", description="Access denied: an App+User token is required.")
_NO_MFA = Verdict(status=401, code="900421", description="MFA is required to be present in the access token.")


class Access:
    """Judges tokens. One that the sign-in service issued is what it says; any other is what the options say."""

    def __init__(self, options: SimulatorOptions, state: ServiceState, faults: Faults) -> None:
        self._options = options
        self._state = state
        self._faults = faults

    def barred(self, call: Call, at: dt.datetime) -> Verdict | None:
        """Count one more use of the call's token; what is wrong with it, if anything."""
        uses = self._state.token_uses(call.bearer)
        issued = self._issued(call)
        if 0 < self._options.token_requests < uses or not self._lives(call, issued, at):
            return DEAD_TOKEN
        if issued is not None and issued.app_only:
            return _APP_ONLY
        return None if self.has_mfa(call) or not self._enforces_mfa(call) else _NO_MFA

    def has_mfa(self, call: Call) -> bool:
        issued = self._issued(call)
        return self._options.mfa is Mfa.ON if issued is None else issued.mfa

    def _issued(self, call: Call) -> IssuedToken | None:
        return self._state.sign_in.access_tokens.get(call.bearer)

    def _lives(self, call: Call, issued: IssuedToken | None, at: dt.datetime) -> bool:
        if issued is not None:
            return at < issued.expires_at
        return not self._options.only_issued_tokens and self._options.token in {"", call.bearer}

    def _enforces_mfa(self, call: Call) -> bool:
        match self._options.mfa:
            case Mfa.OFF:
                return True
            case Mfa.PARTLY:
                return call.route.is_reset and self._faults.enforces_mfa(f"{call.customer}|{call.user}")
            case Mfa.ON | Mfa.HEADER_OFF:
                return False
