"""What a report says of a run's making: settings, operator, versions, digests, files. No secret is among them."""

import contextlib
from collections.abc import Iterator, Mapping
from importlib import metadata
from typing import Final

from batchreset.settings.model import Settings
from batchreset.wiring.cluster import who_sends
from batchreset.wiring.frozen import FrozenRun

_SHOWN_RECIPIENTS: Final = 5
_SHOWN_OF_A_KEY: Final = 70


def settings_that_mattered(settings: Settings) -> Iterator[tuple[str, str]]:
    """Those that decided what was done; none is a secret, and where a notice goes is one."""
    password, partner_center, auth = settings.password, settings.partner_center, settings.auth
    pace, safety = settings.pace, settings.safety
    yield (
        "Passwords",
        password.kind if password.kind == "passphrase" else f"{password.kind}, {password.length} characters",
    )
    keys = password.recipients if password.kind != "discard" else ()
    for number, key in enumerate(keys[:_SHOWN_RECIPIENTS], start=1):
        yield f"Sealed to key {number}", key if len(key) <= _SHOWN_OF_A_KEY else key[:_SHOWN_OF_A_KEY] + "…"
    if len(keys) > _SHOWN_RECIPIENTS:
        yield "Sealed to further keys", f"{len(keys) - _SHOWN_RECIPIENTS:,}"
    if not keys:
        yield "Sealed to", "nobody: these passwords are known to no one"
    yield "Service", partner_center.api_base_url
    if settings.cluster.scheduler:
        yield "Sent by", who_sends(settings)
    yield "Sign-in", f"{settings.authority}, tenant {auth.tenant_id or '(not given)'}"
    yield "Application", auth.client_id or "(not given)"
    yield "Protected", f"{len(settings.input.protected):,} lists and entries"
    if settings.input.customers:
        yield "Customers allowed", f"{len(settings.input.customers):,}"
    yield "Invalid rows", "refused" if settings.input.on_invalid == "stop" else "left out"
    yield "At once", f"{pace.max_concurrency:,} requests at most"
    yield (
        "Rate",
        f"{pace.max_per_second:g} requests a second at most" if pace.max_per_second else "as the service allows",
    )
    yield "Attempts", f"{pace.max_attempts:,} a row at most, refusals by limits (429) not counted"
    yield "Canary", f"{safety.canary:,} rows first" if safety.canary else "none"
    yield "Stops at", ", ".join(_stops(settings))
    yield "MFA check", "before the first reset" if safety.check_mfa else "switched off"


def _stops(settings: Settings) -> Iterator[str]:
    safety = settings.safety
    yield f"more than {safety.max_failure_rate:.0%} failures of the last 200"
    if safety.max_failures:
        yield f"more than {safety.max_failures:,} failures"
    if safety.max_duration:
        yield f"{safety.max_duration} of sending"


def facts_of(run: FrozenRun) -> Iterator[tuple[str, str]]:
    facts = run.facts
    operator, versions = facts.get("operator") or {}, _versions(run)
    yield "Run", run.folder.run_id
    yield "Planned at", str(facts.get("planned_at", "(not known)"))
    yield "Planned by", f"{operator.get('user', '(not known)')} on {operator.get('host', '(not known)')}"
    yield "Input", run.input_source
    yield "Input SHA-256", run.input_sha256
    yield "Accounts SHA-256", run.accounts_sha256
    yield "Plan SHA-256", run.plan_sha256
    yield "Folder", str(run.folder.path)
    yield "Versions", ", ".join(f"{name} {version}" for name, version in versions.items())


def _versions(run: FrozenRun) -> Mapping[str, str]:
    """Those of the planning, and of what brings rows to workers, where it does."""
    versions = run.facts.get("versions") or {}
    if not run.settings.cluster.scheduler:
        return versions
    with contextlib.suppress(metadata.PackageNotFoundError):
        return {**versions, "distributed": metadata.version("distributed")}
    return versions


def files_of(run: FrozenRun) -> Iterator[tuple[str, str]]:
    """Of the run's folder, as far as they are there."""
    folder = run.folder
    described = (
        (folder.results, "one line an input row, with outcome, reason and advice"),
        (folder.summary_json, "these totals, for programs"),
        (folder.plan, "what was to be done: every input row, checked and decided on"),
        (folder.run_json, "settings, versions, operator, SHA-256 of input and plan"),
        (folder.ledger, "every attempt and outcome, and the passwords, sealed"),
        (folder.findings, "accounts that were found to be deleted, federated and so on"),
        (folder.problems, "what is wrong with rows of the input"),
        (folder.log, "events: ids and outcomes"),
    )
    yield from ((path.name, text) for path, text in described if path.exists())
