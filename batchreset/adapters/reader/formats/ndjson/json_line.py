"""One line of NDJSON, taken apart without polars: exactly, slower, and saying what is wrong with it."""

import json
from collections import Counter
from collections.abc import Mapping
from typing import Final, NoReturn

from batchreset.adapters.reader.problems import shown_name
from batchreset.errors import InputError

_NEXT_STEP: Final = "write one JSON object a line, each key once, in UTF-8; `jq -c '.[]'` makes such lines of an array"


class _Number(str):
    """As it was written: 1.10 stays 1.10, and a number of a thousand digits is no work."""

    __slots__ = ()


class _RepeatedKeyError(Exception):
    """Of an object at any depth."""

    def __init__(self, key: str) -> None:
        super().__init__()
        self.key = key


def parse_line(text: str, line: int, shown: str) -> Mapping[str, str | None]:
    """The values as text: strings as they are, numbers as written, null as None, nested ones as JSON.

    Raises:
        InputError: it is no JSON object, repeats a key, or holds text that is none.
    """
    try:
        value = _DECODER.decode(text)
        if not isinstance(value, dict):
            _refuse(f"is not one JSON object but {_kind(value)}", line, shown)
        record = {key: _cell(inner) for key, inner in value.items()}
        "".join(part for cell in record.items() for part in cell if part).encode()
    except _RepeatedKeyError as error:
        _refuse(f"has the key {shown_name(error.key)} twice in one object", line, shown)
    except RecursionError:
        _refuse("is nested too deeply", line, shown)
    except UnicodeEncodeError:
        _refuse("holds half of a surrogate pair, which is no character", line, shown)
    except json.JSONDecodeError as error:
        # One that begins an array over several lines: the whole file is one then.
        begun = "begins an array" if text.lstrip().startswith("[") else "is not one JSON object"
        _refuse(f"{begun}: {error.msg} (character {error.pos + 1})", line, shown)
    return record


def _refuse(what: str, line: int, shown: str) -> NoReturn:
    """The line itself is not shown: the file may be a key or token that was given by mistake."""
    raise InputError(f"{shown}, line {line} {what}", next_step=_NEXT_STEP) from None


def _kind(value: object) -> str:
    match value:
        case list():
            return "an array"
        case _Number():
            return "a number"
        case str():
            return "a text"
        case _:
            return "a word"


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    result = dict(pairs)
    if len(result) < len(pairs):
        raise _RepeatedKeyError(Counter(key for key, _ in pairs).most_common(1)[0][0])
    return result


def _no_constant(name: str) -> NoReturn:
    raise json.JSONDecodeError(f"{name} is no number of JSON", name, 0)


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_once, parse_int=_Number, parse_float=_Number, parse_constant=_no_constant
)


def _cell(value: object) -> str | None:
    match value:
        case None:
            return None
        case str():
            return str(value)
        case _:
            return _json(value)


def _json(value: object) -> str:
    match value:
        case _Number():
            return str(value)
        case dict():
            return "{" + ",".join(f"{_json(key)}:{_json(inner)}" for key, inner in value.items()) + "}"
        case list():
            return "[" + ",".join(map(_json, value)) + "]"
        case _:
            return json.dumps(value, ensure_ascii=False)
