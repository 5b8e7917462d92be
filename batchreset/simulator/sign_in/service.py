"""The sign-in service: one tenant, one application, one user."""

import datetime as dt
import secrets
from collections.abc import Callable
from dataclasses import replace

from batchreset.simulator.options import SimulatorOptions
from batchreset.simulator.sign_in import endpoints, pages, replies
from batchreset.simulator.sign_in.assertion import Certificate
from batchreset.simulator.sign_in.authorize import authorize, shown
from batchreset.simulator.sign_in.codes import PARTNER_CENTER, Consent, RefreshTokens
from batchreset.simulator.sign_in.credentials import Credentials, check_client
from batchreset.simulator.sign_in.device import EXPIRES_SECONDS, DeviceCodes
from batchreset.simulator.sign_in.endpoints import Endpoints
from batchreset.simulator.sign_in.forms import FORM, Asked, Incoming, fields_of
from batchreset.simulator.sign_in.grants import Grants, scopes_of
from batchreset.simulator.sign_in.issuing import Issuing
from batchreset.simulator.sign_in.refusals import DeniedError, Facts
from batchreset.simulator.sign_in.replies import Ids, Reply
from batchreset.simulator.sign_in.state import TokenRequest
from batchreset.simulator.sign_in.tokens import Chance, Mint, Signer, new_guid, opaque
from batchreset.simulator.state import ServiceState

_ERROR_PAGE = "https://login.microsoftonline.com/error"


def _nothing(_: TokenRequest) -> None:
    """Keep no record."""


class SignIn:
    """Decides on arrival; a reply's delay is only how long the client waits to hear of it.

    Args:
        base_url: of the simulator; the authority without the tenant.
        record: called with each token request before it is answered.
    """

    def __init__(
        self,
        options: SimulatorOptions,
        state: ServiceState,
        *,
        base_url: str,
        certificate: Certificate | None = None,
        record: Callable[[TokenRequest], None] = _nothing,
        chance: Chance = secrets.token_bytes,
    ) -> None:
        self._options = options
        self._state = state
        self._record = record
        self._chance = chance
        self._endpoints = Endpoints(base_url=base_url, tenant=options.tenant_id)
        self._signer = Signer()
        self._mint = Mint(options=options, endpoints=self._endpoints, signer=self._signer, chance=chance)
        self._credentials = Credentials(options, certificate, audience=self._endpoints.at(endpoints.TOKEN))
        self._grants = Grants(
            options=options,
            challenges=state.sign_in.challenges,
            devices=DeviceCodes(options, chance),
            refresh_tokens=RefreshTokens(options),
        )
        self._issuing = Issuing(state=state.sign_in, mint=self._mint, refresh_tokens=self._grants.refresh_tokens)
        self._failures = options.token_failures

    def metadata(self, incoming: Incoming, at: dt.datetime) -> Reply:
        asked = self._asked(incoming, endpoints.WELL_KNOWN, at)
        try:
            self._check_tenant(incoming, asked)
        except DeniedError as error:
            refusal = replace(error.refusal, error="invalid_tenant")
            return replies.refused(refusal, ids=asked.ids, at=at, error_page=_ERROR_PAGE, between=" ")
        return replies.json_reply(self._endpoints.document(), ids=asked.ids)

    def keys(self, incoming: Incoming, at: dt.datetime) -> Reply:
        """The same for every tenant, as Entra's are."""
        return replies.json_reply(self._signer.key_set(), ids=self._asked(incoming, endpoints.KEYS, at).ids)

    def token(self, incoming: Incoming, at: dt.datetime) -> Reply:
        asked = self._asked(incoming, endpoints.TOKEN, at)
        if self._failures > 0:
            self._failures -= 1
            self._note(asked, ended="503")
            return replies.unavailable()
        after_seconds = self._options.token_latency_seconds
        try:
            self._check_tenant(incoming, asked)
            self._credentials.check(asked)
            document = self._issuing.issue(self._grants.settle(asked), asked)
        except DeniedError as error:
            self._note(asked, ended=str(error.refusal.code))
            return self._refused(error, asked, after_seconds=after_seconds)
        self._note(asked, ended="ok", issued=document.get("refresh_token", ""))
        return replies.json_reply(document, ids=asked.ids, after_seconds=after_seconds)

    def device_code(self, incoming: Incoming, at: dt.datetime) -> Reply:
        asked = self._asked(incoming, endpoints.DEVICE_CODE, at)
        try:
            self._check_tenant(incoming, asked)
            check_client(asked, self._options.client_id, given=asked.field("client_id"))
            started = self._grants.devices.start(scopes_of(asked), at)
        except DeniedError as error:
            return self._refused(error, asked)
        self._state.sign_in.handed_out.append(started.device_code)
        page = self._endpoints.at(endpoints.DEVICE_PAGE)
        document = {
            "user_code": started.user_code,
            "device_code": started.device_code,
            "verification_uri": page,
            "expires_in": EXPIRES_SECONDS,
            "interval": self._options.device_interval_seconds,
            "message": f"To sign in, use a web browser to open the page {page} and enter the code"
            f" {started.user_code} to authenticate.",
        }
        return replies.json_reply(document, ids=asked.ids)

    def device_page(self, _incoming: Incoming, _at: dt.datetime) -> Reply:
        return replies.page(pages.code_form())

    def type_in(self, incoming: Incoming, at: dt.datetime) -> Reply:
        """A person has sent the page's form."""
        fields, _ = fields_of(incoming.body)
        if self._grants.devices.type_in(fields.get("user_code", ""), at):
            return replies.page(pages.signed_in(self._options.user_name))
        again = pages.code_form(message="That code didn’t work. Check the code and try again.")
        return replies.page(again, status=400)

    def authorize(self, incoming: Incoming, at: dt.datetime) -> Reply:
        asked = self._asked(incoming, endpoints.AUTHORIZE, at)
        try:
            self._check_tenant(incoming, asked)
        except DeniedError as error:
            return shown(error.refusal, asked)
        return authorize(
            asked,
            client=self._options.client_id,
            client_info=replies.client_info(self._mint.user_id, self._options.tenant_id),
            new_code=self._new_code,
        )

    def _new_code(self, consent: Consent) -> str:
        code = f"1.{opaque(self._chance, size=300)}"
        self._grants.codes.add(code, consent)
        self._state.sign_in.handed_out.append(code)
        return code

    def _asked(self, incoming: Incoming, path: str, at: dt.datetime) -> Asked:
        """Take a request apart, and note what is wrong with its form."""

        def mistake(text: str) -> None:
            self._state.protocol_errors.append(f"{path}: {text}")

        by_query = path == endpoints.AUTHORIZE
        fields, wrong = fields_of(incoming.query if by_query else incoming.body)
        if path in {endpoints.TOKEN, endpoints.DEVICE_CODE}:
            if incoming.media_type != FORM:
                fields = {}
                wrong = [f"Content-Type is not {FORM}"]
            if incoming.query:
                wrong.append("the address has a query")
        for text in wrong:
            mistake(text)
        return Asked(
            fields=fields,
            authorization=incoming.headers.get("authorization", ""),
            ids=Ids(
                trace=new_guid(self._chance),
                correlation=incoming.headers.get("client-request-id") or new_guid(self._chance),
            ),
            facts=Facts(
                tenant=self._options.tenant_id,
                client=fields.get("client_id", ""),
                user=self._options.user_name,
                resource=PARTNER_CENTER,
                at=at,
            ),
            mistake=mistake,
        )

    def _check_tenant(self, incoming: Incoming, asked: Asked) -> None:
        if incoming.tenant.lower() != self._options.tenant_id.lower():
            raise asked.denied(90002, given=incoming.tenant)

    def _refused(self, error: DeniedError, asked: Asked, *, after_seconds: float = 0.0) -> Reply:
        return replies.refused(
            error.refusal, ids=asked.ids, at=asked.facts.at, error_page=_ERROR_PAGE, after_seconds=after_seconds
        )

    def _note(self, asked: Asked, *, ended: str, issued: str = "") -> None:
        request = TokenRequest(
            at=asked.facts.at,
            grant=asked.field("grant_type"),
            ended=ended,
            claims=bool(asked.field("claims")),
            correlation_id=asked.ids.correlation,
            presented=asked.field("refresh_token"),
            issued=issued,
        )
        self._record(request)
        self._state.sign_in.token_requests.append(request)
