"""Who is there: a directory's users and nobody else or, without one, whoever is asked for."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from batchreset.simulator.chance import befalls
from batchreset.simulator.directory import DirectoryUser, DomainType
from batchreset.simulator.options import ForbiddenCode, SimulatorOptions
from batchreset.simulator.protocol import Call, Route, is_guid
from batchreset.simulator.state import ServiceState, Verdict

_MADE_UP_CUSTOMER: Final = "5c1f0d2e-7a34-4b6e-9d18-3f2a6c9b7e40"
_NO_CUSTOMER_ID: Final = Verdict(status=400, code="900118", description="The customer id is not valid.")
_NO_CUSTOMER: Final = Verdict(status=404, code="60003", description="The tenant was not found.")
_NO_USER: Final = Verdict(status=404, code="60002", description="The user object id was not found.")
# What the service says of a federated user is not documented; this code is (learn: error-codes), and fits best.
_FEDERATED: Final = Verdict(status=400, code="900141", description="This operation is not supported.")
_FORBIDDEN: Final = {
    ForbiddenCode.ACCESS_DENIED: "Access denied.",
    ForbiddenCode.NO_RELATIONSHIP: "There is no commerce relationship with the customer.",
}


class Population:
    """Customers and users, and whether a call may have them."""

    def __init__(self, options: SimulatorOptions, state: ServiceState) -> None:
        self._options = options
        self._state = state
        self._known_users = None if options.known_users is None else _folded(options.known_users)
        self._missing_users = _folded(options.missing_users)
        self._forbidden_customers = _folded(options.forbidden_customers)
        self._directory = None if options.directory is None else _by_customer(options.directory)

    def customers(self) -> Sequence[str]:
        """The directory's in its order; without one a made-up one, so that there is one, then those heard of."""
        return [_MADE_UP_CUSTOMER, *self._state.customers()] if self._directory is None else list(self._directory)

    def users(self, customer: str, *, deleted: bool) -> Sequence[DirectoryUser]:
        """The customer's users that are deleted, or those that are not; without a directory those heard of."""
        ids = self._state.in_force if self._directory is None else self._directory.get(customer, {})
        users = (self.user(customer, user) for user in ids)
        return [user for user in users if user.is_deleted is deleted and self._is_there(user)]

    def user(self, customer: str, user: str) -> DirectoryUser:
        """What there is to tell of a user; made up of the ids where no directory tells it."""
        told = (self._directory or {}).get(customer, {}).get(user)
        return told or DirectoryUser(customer=customer, user=user)

    def refuses(self, call: Call) -> Verdict | None:
        """What is wrong with the customer and the user of a call, if anything."""
        if call.route in {Route.CUSTOMERS, Route.AUDIT_RECORDS}:
            return None
        if not is_guid(call.customer):
            return _NO_CUSTOMER_ID
        if call.customer in self._forbidden_customers:
            return self._forbidden()
        if self._directory is not None and call.customer not in self._directory:
            return _NO_CUSTOMER
        if not call.route.is_of_user:
            return None
        user = self.user(call.customer, call.user)
        if not self._is_there(user) or (call.route.is_reset and user.is_deleted):
            return _NO_USER
        if call.route.is_reset and self._is_drawn(self._options.forbidden_share, "forbidden", user):
            return self._forbidden()
        return _FEDERATED if call.route.is_reset and user.domain_type is DomainType.FEDERATED else None

    def _forbidden(self) -> Verdict:
        code = self._options.forbidden_code
        return Verdict(status=403, code=code.value, description=_FORBIDDEN[code])

    def _is_drawn(self, share: float, kind: str, user: DirectoryUser) -> bool:
        return share > 0 and befalls(share, seed=self._options.seed, kind=kind, who=user.user)

    def _is_there(self, user: DirectoryUser) -> bool:
        if user.user in self._missing_users or self._is_drawn(self._options.missing_share, "missing", user):
            return False
        if self._known_users is not None and user.user not in self._known_users:
            return False
        if self._directory is None:
            return is_guid(user.user) and not self._state.belongs_elsewhere(user.customer, user.user)
        return user.user in self._directory.get(user.customer, {})


def _folded(guids: frozenset[str]) -> frozenset[str]:
    return frozenset(guid.lower() for guid in guids)


def _by_customer(directory: Sequence[DirectoryUser]) -> dict[str, dict[str, DirectoryUser]]:
    customers: dict[str, dict[str, DirectoryUser]] = {}
    for one in directory:
        user = replace(one, customer=one.customer.lower(), user=one.user.lower())
        customers.setdefault(user.customer, {})[user.user] = user
    return customers
