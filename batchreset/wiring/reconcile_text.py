"""What a comparison came to, for a person."""

from collections.abc import Mapping
from typing import Any, Final

_MEANINGS: Final = {
    "in_doubt": "no record tells whether it was changed",
    "not_recorded": "succeeded, and not recorded (yet)",
    "recorded_failed": "succeeded, and recorded as failed",
    "recorded_succeeded": "failed, and recorded as succeeded",
    "recorded_later": "an earlier password recorded after a later one",
    "somebody_else": "reset by somebody else; ours may be replaced",
    "perhaps_ours": "a reset of a killed process, or somebody else's",
    "no_user": "a reset of a user whom the record does not name",
}
_SETTLED: Final = {
    "succeeded": "the new password was set",
    "failed": "surely not changed",
    "in_doubt": "perhaps changed, although an answer said no",
}


def reconcile_lines(found: Mapping[str, Any]) -> list[str]:
    """At most some twenty lines, 80 columns where the names allow."""
    differences, settled = found["differences"], {name: rows for name, rows in found["settled"].items() if rows}
    total = sum(differences.values())
    headline = f"{_number(total, 'difference')} (exit 3)" if total else "no difference"
    first, last = found["days"][0][0], found["days"][-1][1]
    read = f"{_number(found['records'], 'record')} of {_number(found['customers'], 'customer')}"
    lines = [
        f"Run {found['run_id']} beside Partner Center's own records: {headline}",
        "",
        f"  read       {read}, {first} to {last} (UTC)",
        "             (who was reset by somebody else after that day is not looked for)",
    ]
    lines += _counted("settled by them", settled, _SETTLED)
    lines += _counted("differences", differences, _MEANINGS)
    if found["too_old"]:
        lines += ["", f"  {found['too_old']:,} accounts were reset too long ago: records are kept for 90 days"]
    if {"in_doubt", "not_recorded"} & differences.keys():
        lines += ["", *_later(found)]
    lines += ["", f"  each one   {found['files']['reconcile']}", f"  results    {found['files']['results']}"]
    if found["passwords"] == "sealed":
        lines.append(f"  hand-over  batchreset handover {found['files']['folder']} --identity KEY")
    return lines


def _number(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _counted(title: str, counts: Mapping[str, int], meanings: Mapping[str, str]) -> list[str]:
    if not counts:
        return []
    return ["", f"  {title}", *(f"  {rows:>9,}  {name:<18}  {meanings[name]}" for name, rows in counts.items())]


def _later(found: Mapping[str, Any]) -> list[str]:
    again = found["try_again_at"]
    if again:
        return [
            "  Records appear late: a missing one proves nothing.",
            f"  Compare once more after {again[:16].replace('T', ' ')} UTC.",
        ]
    lines = ["  Records that are missing after a day will hardly come."]
    if "in_doubt" in found["differences"]:
        lines += ["  To set a new password for the rows in doubt:", f"    {found['apply']}"]
    return lines
