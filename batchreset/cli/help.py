"""How a command's help reads: its own flags first, then each section of the settings under a heading, then examples."""

from collections.abc import Mapping
from typing import Any, Final

import click

SETTING: Final = "setting_"
"""How the parameter of a setting's flag begins; its section comes next."""

_OWN: Final = "Options"
_TERMINAL: Final = "What is shown and logged"
_TERMINAL_FLAGS: Final = frozenset({"verbose", "quiet", "log_file", "no_color"})
_SECTIONS: Final[Mapping[str, str]] = {
    "input": "Input: which accounts, and which never",
    "password": "New passwords",
    "partner_center": "Partner Center",
    "auth": "Sign-in",
    "pace": "Pace",
    "safety": "Safety: what stops a run",
    "cluster": "Cluster: who sends, if not this process",
    "output": "Output",
}
_EXAMPLES: Final[Mapping[str, tuple[str, ...]]] = {
    "batchreset run": (
        "batchreset run users.csv --recipient age1… --dry-run",
        "batchreset run users.csv --recipient age1… --run-id incident-7",
        "batchreset run --job nightly.toml --yes",
        "cat users.csv | batchreset run - --password-kind discard --yes",
        "batchreset run --job nightly.toml --cluster local:4",
    ),
    "batchreset plan": (
        "batchreset plan users.csv --recipient age1… --run-id incident-7",
        "batchreset plan users.csv --recipient age1… --online",
    ),
    "batchreset apply": (
        "batchreset apply incident-7",
        "batchreset apply incident-7 --plan-sha256 00b0f7b8… --yes",
        "batchreset apply incident-7 --retry-failed --reason throttled",
        "batchreset apply incident-7 --cluster none",
    ),
    "batchreset roster": (
        "batchreset roster --customer 89ece6ea-d2fd-4250-9f57-30aea15ffb0a --out everyone.csv",
        "batchreset roster | grep contoso.com > some.csv",
    ),
    "batchreset status": ("batchreset status", "batchreset status incident-7", "batchreset status incident-7 --json"),
    "batchreset results": ("batchreset results incident-7 --results results.parquet",),
    "batchreset handover": (
        "batchreset handover incident-7 --identity helpdesk.key --out passwords.csv",
        "batchreset handover incident-7 --identity ~/.ssh/id_ed25519 --customer 89ece6ea-d2fd-4250-9f57-30aea15ffb0a",
    ),
    "batchreset auth login": (
        "batchreset auth login --tenant-id contoso.onmicrosoft.com --client-id 00001111-aaaa-2222-bbbb-3333cccc4444",
        "batchreset auth login --browser",
    ),
    "batchreset auth status": ("batchreset auth status", "batchreset auth status --quiet || echo 'sign in again'"),
    "batchreset simulate": (
        "batchreset simulate --port 8443 --ca-file sim-ca.pem --directory users.csv",
        "batchreset simulate --scenario everything --applied-log applied.ndjson",
        "batchreset simulate --partner-limit 600 --partner-window-seconds 60",
    ),
    "batchreset demo": ("batchreset demo", "batchreset demo --folder try-it", "batchreset demo --cluster local:2"),
}
"""By the words before the flags. A test has each of them read by the program."""


class HelpedCommand(click.Command):
    """A command whose help has headings, and examples at its end."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # A command keeps the help option of the context it was first asked in, also of one without `-h`.
        self.context_settings.setdefault("help_option_names", ["-h", "--help"])

    def heading(self, parameter: click.Parameter) -> str:
        """Under which heading a flag stands."""
        name = parameter.name or ""
        if name in _TERMINAL_FLAGS:
            return _TERMINAL
        if not name.startswith(SETTING):
            return _OWN
        of_setting = name.removeprefix(SETTING)
        return next((text for section, text in _SECTIONS.items() if of_setting.startswith(f"{section}_")), "Settings")

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        lines: dict[str, list[tuple[str, str]]] = {_OWN: []}
        for parameter in self.get_params(ctx):
            record = None if isinstance(parameter, click.Argument) else parameter.get_help_record(ctx)
            if record:
                lines.setdefault(self.heading(parameter), []).append(record)
        # What every command has in the same way is looked for last, and settings are many.
        shown = lines.pop(_TERMINAL, [])
        for heading, records in {_OWN: lines.pop(_OWN), _TERMINAL: shown, **lines}.items():
            if records:
                with formatter.section(heading):
                    formatter.write_dl(records)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        if examples := _EXAMPLES.get(ctx.command_path):
            with formatter.section("Examples"):
                for line in examples:
                    formatter.write(f"{'':>{formatter.current_indent}}{line}\n")


def examples() -> tuple[str, ...]:
    """Every example of every command."""
    return tuple(line for lines in _EXAMPLES.values() for line in lines)
