"""Every setting once: its default, type, bounds and reason. The reference is made from the descriptions.

`[cluster]` has a room of its own.
"""

from typing import Annotated, Final, Literal

from pydantic import Field

from batchreset.core.passphrase import FEWEST_WORDS, MOST_WORDS
from batchreset.settings.cluster import ClusterSettings
from batchreset.settings.section import Section
from batchreset.settings.values import (
    Addresses,
    Allowed,
    Client,
    Duration,
    Findings,
    Folder,
    Guids,
    HttpsAddress,
    MetricsFile,
    Path,
    Ping,
    ProtectedEntries,
    Recipients,
    ResultsFile,
    Scope,
    Tenant,
    duration_seconds,
)

API_BASE_URL_BY_CLOUD: Final = {
    "global": "https://api.partnercenter.microsoft.com",
    "china": "https://partner.partnercenterapi.microsoftonline.cn",
}
"""learn: partner-center-rest-urls. US Government partners use the global address."""
AUTHORITY_BY_CLOUD: Final = {
    "global": "https://login.microsoftonline.com",
    "china": "https://login.chinacloudapi.cn",
}
"""learn: authentication-national-cloud. US Government tenants give `https://login.microsoftonline.us` as authority."""


class InputSettings(Section):
    """`[input]`: which accounts, and which never."""

    path: Path = Field(
        default="",
        description="The input file: CSV, TSV, NDJSON, Parquet or Excel, each also gzip or zstd; `-` is"
        " standard input. No default: the accounts to reset are always named, never found by chance.",
    )
    protected: ProtectedEntries = Field(
        default=(),
        description="Accounts that must never be reset (break-glass): files that list them, with the columns user-id,"
        " customer-tenant-id or userPrincipalName as in the input; or a GUID (the user of that id, and all of the"
        " customer of that id) or a userPrincipalName. Read again when the run is carried out.",
    )
    on_invalid: Literal["stop", "skip"] = Field(
        default="stop",
        description="`stop` refuses an input with invalid rows; `skip` leaves them out, as `skipped`."
        " Stopping is the default because half an input is seldom what was meant.",
    )
    max_rows: int = Field(
        default=10_000,
        ge=1,
        le=100_000_000,
        description="Rows. A larger input is refused: a file that grew by mistake must not reset everyone.",
    )
    customers: Guids = Field(
        default=(),
        description="If given, the only customer tenants (GUIDs) that may appear in the input; for `roster`, those"
        " whose users are listed.",
    )


class PasswordSettings(Section):
    """`[password]`: how new passwords are made and to whom they are sealed."""

    kind: Literal["random", "passphrase", "discard"] = Field(
        default="random",
        description="`random` characters, a `passphrase` of words (to be read aloud or typed from paper), or `discard`:"
        " a random one that nobody will know (offboarding).",
    )
    length: int = Field(
        default=20,
        ge=8,
        le=256,
        description="Characters, but of a `passphrase`. Entra takes 8 to 256; 20 random ones withstand any guessing"
        " (119 bits).",
    )
    words: Annotated[int, Allowed("a whole number from 5 (67 bits; 64 are the least) to 20")] = Field(
        default=FEWEST_WORDS,
        ge=FEWEST_WORDS,
        le=MOST_WORDS,
        description="Words of a `passphrase`, of the EFF's large list: 5 and a digit are 67 bits, each further one adds"
        " 12.9. Fewer than 5 are refused: 64 bits are the least.",
    )
    recipients: Recipients = Field(
        default=(),
        description="Who can open the new passwords: age1… and ssh-ed25519 or ssh-rsa public keys, or paths"
        " of files that hold them. Needed unless `kind` is `discard`.",
    )


class PartnerCenterSettings(Section):
    """`[partner_center]`: where the API is."""

    cloud: Literal["global", "china"] = Field(
        default="global",
        description="`global` (US Government partners too) or `china` (21Vianet).",
    )
    base_url: HttpsAddress = Field(
        default="",
        description="Overrides the cloud's address, for a gateway or the simulator. Only https, on loopback"
        " too: the password travels in the request.",
    )
    address: Literal["resetpassword", "users"] = Field(
        default="resetpassword",
        description="Which of the two documented addresses takes the reset: the newer"
        " `…/users/{id}/resetpassword` or the older `…/users/{id}`.",
    )
    timeout_seconds: float = Field(
        default=60.0,
        ge=0.1,
        le=600,
        description="Seconds to wait for an answer. Giving up too early leaves rows in doubt.",
    )
    ca_file: Path = Field(
        default="",
        description="A PEM file with a further trust anchor, for a gateway or the simulator. SSL_CERT_FILE"
        " and the proxy variables are honoured.",
    )

    @property
    def api_base_url(self) -> str:
        """The address to call, without a trailing slash."""
        return self.base_url or API_BASE_URL_BY_CLOUD[self.cloud]


class AuthSettings(Section):
    """`[auth]`: how to sign in. The secrets come from environment, file or command, never from here."""

    kind: Annotated[
        Literal["refresh_token", "device_code", "access_token"] | None,
        Allowed('"refresh_token", "device_code", "access_token"'),
    ] = Field(
        default=None,
        description="`refresh_token` (unattended: the newest refresh token, kept from run to run), `device_code` (a"
        " person has signed in with `batchreset auth login`) or `access_token` (a ready token, for one run). Default:"
        " `access_token` when one is given or no `client_id` is set, else `refresh_token`.",
    )
    authority: HttpsAddress = Field(
        default="",
        description="Overrides the cloud's sign-in address (`https://login.microsoftonline.com`; China"
        " `https://login.chinacloudapi.cn`): US Government tenants give `https://login.microsoftonline.us`; any"
        " OpenID provider serves.",
    )
    tenant_id: Tenant = Field(default="", description="The partner's own tenant: GUID or domain name.")
    client_id: Client = Field(
        default="", description="The application that the operator consented to: its GUID (application id)."
    )
    scope: Scope = Field(
        default="",
        description="What the token is asked for; empty: Partner Center's `…/user_impersonation` of the cloud.",
    )
    cache_dir: Path = Field(
        default="",
        description="Keep the sign-in in a file (0600) in this folder; empty: in the platform's keyring where there"
        " is one that can be used, else in a file below the user's state folder.",
    )
    keyvault: HttpsAddress = Field(
        default="",
        description="A secret in Azure Key Vault, `https://NAME.vault.azure.net/secrets/SECRET`, that the refresh"
        " token is read from and its replacement written to. Needs the extra `batchreset[keyvault]`.",
    )


class PaceSettings(Section):
    """`[pace]`: how fast. The service's limits are unpublished and are found by the run itself."""

    max_concurrency: int = Field(
        default=64,
        ge=1,
        le=1_000,
        description="Requests in flight at once, at most. Pacing stays below it as the service demands.",
    )
    max_per_second: float = Field(
        default=0.0,
        ge=0,
        le=1_000,
        description="Requests a second, at most, in whole ones over any second (2.5: two; 0.5: one in two seconds);"
        " 0: learn what the service takes.",
    )
    max_attempts: int = Field(
        default=8,
        ge=1,
        le=100,
        description="Attempts per row and run; throttled ones (429) change nothing and are not counted.",
    )
    order: Literal["interleave", "input"] = Field(
        default="interleave",
        description="`interleave` lets customers go side by side, those with most rows first, so that one throttled"
        " customer delays no other; `input` keeps the file's order.",
    )
    remember: bool = Field(
        default=True,
        description="Begin with the limits that the last run of the same partner in `runs_dir` learned; they are"
        " verified before they are trusted.",
    )


class SafetySettings(Section):
    """`[safety]`: when to stop rather than harm."""

    canary: int = Field(
        default=10,
        ge=0,
        le=10_000,
        description="Rows sent first; the rest follow only if at most `max_failure_rate` of them did not"
        " succeed. 0: no canary.",
    )
    max_failure_rate: float = Field(
        default=0.10,
        ge=0,
        le=1,
        description="Share (0.10 is 10 %) of the last 200 outcomes that may fail before the run stops.",
    )
    max_failures: int = Field(
        default=0,
        ge=0,
        le=100_000_000,
        description="Failed rows, absolute, before the run stops; 0: no such limit.",
    )
    max_duration: Duration = Field(
        default="",
        description="How long a run may send, such as `2h`, `90m` or `1h30m`; empty: no limit. For a"
        " maintenance window.",
    )
    check_mfa: bool = Field(
        default=True,
        description="One harmless call with ValidateMfa first: a token without MFA would be blocked midway.",
    )
    skip: Findings = Field(
        default=("federated", "deleted"),
        description="With `--online`: accounts of which this is found are left out, as `skipped`: `deleted`,"
        " `federated`, `synced`, `privileged`, `not_found`. What is given replaces the default, those whose password is"
        " not here.",
    )
    refuse: Findings = Field(
        default=(),
        description="With `--online`: one account of which this is found, and the whole plan is refused. No value may"
        " stand in `skip` too.",
    )

    @property
    def max_duration_seconds(self) -> float | None:
        """`max_duration` in seconds; None for no limit."""
        return duration_seconds(self.max_duration)


class OutputSettings(Section):
    """`[output]`: where the run's folder and results go."""

    runs_dir: Folder = Field(
        default="runs",
        description="The folder that holds the runs' folders, from the current directory.",
    )
    results: ResultsFile = Field(
        default="",
        description="Also write the results here: .csv, .parquet or .ndjson; empty: in the run's folder.",
    )
    report: bool = Field(
        default=True,
        description="Write report.html into the run's folder when the run ends.",
    )
    notify: Addresses = Field(
        default=(),
        repr=False,
        description="Where to send a notice when the run ends, however it ends: addresses as apprise knows them"
        " (`workflows://…` for Teams, `slack://…`, `mailto://…`, `jsons://…` for a webhook), or files that hold one a"
        " line. Needs the extra `batchreset[notify]`. An address is a secret: better in a file (0600) than here.",
    )
    ping: Ping = Field(
        default="",
        repr=False,
        description="A cron monitor's address, or a file (0600) that holds it: called with `/start` after it, then"
        " without for a success, or with the exit code (`/3`). Others by placeholders: `?state={run:complete:fail}` for"
        " Cronitor, `?status={-:up:down}` for Uptime Kuma (`-`: not called), `{exit_code}`. The address is a secret.",
    )
    metrics_file: MetricsFile = Field(
        default="",
        description="Write figures of the run for Prometheus here when it ends: a `.prom` file in node_exporter's"
        " textfile folder, one for each job (its name becomes the label `job_name`), mode 0644.",
    )


class Settings(Section):
    """All settings of one run, checked and frozen. No secret is ever among them."""

    input: InputSettings = InputSettings()
    password: PasswordSettings = PasswordSettings()
    partner_center: PartnerCenterSettings = PartnerCenterSettings()
    auth: AuthSettings = AuthSettings()
    pace: PaceSettings = PaceSettings()
    safety: SafetySettings = SafetySettings()
    cluster: ClusterSettings = ClusterSettings()
    output: OutputSettings = OutputSettings()

    @property
    def authority(self) -> str:
        """The sign-in's address, without a trailing slash."""
        return self.auth.authority or AUTHORITY_BY_CLOUD[self.partner_center.cloud]

    @property
    def scope(self) -> str:
        """What a token is asked for (learn: partner-center-authentication); a gateway's address does not change it."""
        return self.auth.scope or f"{API_BASE_URL_BY_CLOUD[self.partner_center.cloud]}/user_impersonation"
