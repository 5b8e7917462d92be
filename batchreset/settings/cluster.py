"""`[cluster]`: who sends, where it is not this process."""

from typing import Final

from pydantic import Field

from batchreset.core.places import Place, place_of
from batchreset.settings.section import Section
from batchreset.settings.values import Path, Scheduler

CERTIFICATES: Final = ("ca_file", "cert_file", "key_file")
"""What TLS between a cluster's parts needs, all three."""


class ClusterSettings(Section):
    """`[cluster]`: who sends, where it is not this process."""

    scheduler: Scheduler = Field(
        default="",
        description="Who sends the requests: `local:N` (N worker processes on this machine), or the workers of a Dask"
        " cluster, by its scheduler's address (`tls://HOST:8786`) or the file that its scheduler writes; empty or"
        " `none`: this process. `apply` can be told another. Needs the extra `batchreset[cluster]`.",
    )
    ca_file: Path = Field(
        default="",
        description="For a scheduler over TLS: a PEM file with the authority of the cluster's certificates.",
    )
    cert_file: Path = Field(
        default="",
        description="For a scheduler over TLS: a PEM file with this machine's certificate, signed by that authority.",
    )
    key_file: Path = Field(
        default="",
        description="For a scheduler over TLS: a PEM file (0600) with that certificate's private key, without a"
        " passphrase.",
    )
    plain_tcp: bool = Field(
        default=False,
        description="Take a `tcp://` scheduler on another host too. Passwords are sealed on their way, but whoever"
        " controls the network between could pose as a worker and open them: only for a network that is as safe as one"
        " machine.",
    )

    @property
    def place(self) -> Place | None:
        """None: this process sends."""
        return place_of(self.scheduler) if self.scheduler else None
