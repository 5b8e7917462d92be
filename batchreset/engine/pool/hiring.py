"""A sender is put on a worker, and greeted: it says hello, or why it will not send."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from batchreset.core.senders import Descent, plain_name, plain_why
from batchreset.engine.pool.messages import PROTOCOL, Greeted, Welcome, greeting_bytes, welcome_of
from batchreset.engine.pool.ports import Ask, Channel, Cluster, Greeting, Link
from batchreset.engine.pool.sender import LEASE_SECONDS
from batchreset.errors import ClusterError

SPARE_SECONDS: Final = 30.0
"""Beyond all that an order may take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hiring:
    """What every sender is greeted with.

    Attributes:
        config: nothing secret; the cluster keeps it.
        new_greeting: this side's half of the keys, for one sender.
        exchange_seconds: an exchange takes at most.
    """

    run_id: str
    version: str
    config: bytes
    new_greeting: Callable[[], Greeting]
    exchange_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Hired:
    """A sender that has said hello.

    Attributes:
        host: the machine it is on, as it calls itself.
        now_seconds: by its clock, as it said so.
        most_seconds: an order may take, from being handed over to being told of.
    """

    link: Link
    channel: Channel
    host: str
    now_seconds: float
    most_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Nobody sends there.

    Attributes:
        next_step: what would mend it.
        held: another process carries the run out, or has, that this one does not follow.
    """

    why: str
    next_step: str
    held: bool = False


async def hired(cluster: Cluster, address: str, hiring: Hiring, session: Descent) -> Hired | Refusal:
    """Whoever sends on the worker of that address, for this session."""
    try:
        link = await cluster.employ(address, hiring.config)
    except ClusterError as error:
        return Refusal(why=error.what, next_step=error.next_step)
    half = hiring.new_greeting()
    greeted = Greeted(
        protocol=PROTOCOL, version=hiring.version, run_id=hiring.run_id, session=session.session, mark=session.mark,
        before=session.before, public=half.public,
    )  # fmt: skip
    answer = await link.call(Ask.HELLO, greeting_bytes(greeted))
    welcome = None if answer is None else welcome_of(answer)
    channel = half.agreed(welcome.public, coordinator=True) if welcome and not welcome.refused else None
    if welcome is None or channel is None:
        await cluster.dismiss(link)
        return _refusal(welcome, hiring.version, link.name)
    return Hired(
        link=link,
        channel=channel,
        host=plain_name(welcome.host),
        now_seconds=welcome.now_seconds,
        most_seconds=LEASE_SECONDS + hiring.exchange_seconds + SPARE_SECONDS,
    )


def _refusal(welcome: Welcome | None, version: str, worker: str) -> Refusal:
    if welcome is None:
        return Refusal(why="it did not answer", next_step=f"see what ails the worker {worker}, and start it again")
    other = welcome.version != version
    mend = f"install batchreset {version} on" if other else "see what ails the worker"
    return Refusal(
        why=plain_why(welcome.refused) or "it does not say why",
        next_step=f"{mend} {worker}, and start it again",
        held=welcome.held,
    )
