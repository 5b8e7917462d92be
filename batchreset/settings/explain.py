"""What was found, what is allowed: plain words for pydantic's errors."""

import json
from collections.abc import Mapping
from typing import Final, Literal, get_args, get_origin

from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from batchreset.settings.names import nearest
from batchreset.settings.values import Allowed

_LONGEST_SHOWN: Final = 60
LONGEST_WORD_SHOWN: Final = 20
"""A longer text where one word of a list should stand is something pasted: perhaps a token."""
_LARGEST_SHOWN: Final = 10**15
_NOT_SHOWN: Final = "a value that is not shown"


def wrong_value(field: FieldInfo, error: ErrorDetails, *, hidden: bool) -> str:
    """One problem without its origin: `found 0; allowed: a whole number from 1 to 1000`."""
    value: object = error["input"]
    item = "".join(f"item {position + 1}: " for position in error["loc"][2:] if isinstance(position, int))
    pasted = isinstance(value, str) and bool(choices(field)) and len(value) > LONGEST_WORD_SHOWN
    shown = _NOT_SHOWN if value != "" and (hidden or pasted or error["type"] == "hidden") else found(value)
    reason = f" ({error['msg']})" if error["type"] in {"hidden", "refused"} else ""
    right = nearest(value, choices(field)) if isinstance(value, str) else None
    meant = f"; did you mean {found(right)}?" if right is not None else ""
    return f"{item}found {shown}{reason}; allowed: {allowed(field)}{meant}"


def allowed(field: FieldInfo) -> str:
    """What the setting may hold, in words."""
    for mark in field.metadata:
        if isinstance(mark, Allowed):
            return mark.text
    if field.annotation is bool:
        return "true or false"
    if words := choices(field):
        return ", ".join(found(word) for word in words)
    bounds = {side: getattr(mark, side) for mark in field.metadata for side in ("ge", "le") if hasattr(mark, side)}
    number = "a whole number" if field.annotation is int else "a number"
    return f"{number} from {bounds['ge']} to {bounds['le']}"


def choices(field: FieldInfo) -> tuple[str, ...]:
    """The words of an enumeration; none for other settings."""
    annotation = field.annotation
    if get_origin(annotation) is not Literal:
        annotation = next((part for part in get_args(annotation) if get_origin(part) is Literal), None)
    return get_args(annotation)


def found(value: object) -> str:
    """A value as TOML would write it, shortened; the content of lists and tables is never shown."""
    match value:
        case bool() | None:
            text = json.dumps(value)
        case int() if abs(value) > _LARGEST_SHOWN:
            text = "a very large number"
        case int() | float():
            text = str(value)
        case "":
            text = "the empty text"
        case str():
            short = value if len(value) <= _LONGEST_SHOWN else f"{value[:_LONGEST_SHOWN]}…"
            text = json.dumps(short, ensure_ascii=not short.isprintable())
        case Mapping():
            text = "a table"
        case list() | tuple():
            text = "a list"
        case _:
            text = f"a {type(value).__name__}"
    return text
