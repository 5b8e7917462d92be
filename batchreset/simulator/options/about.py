"""What is told of an option beside its type and default; the command's flags and the checks are made from it."""

import enum
import functools
import math
import typing
from collections.abc import Mapping
from dataclasses import KW_ONLY, Field, dataclass, fields
from typing import Any


class Bounds(enum.StrEnum):
    """What a number may be; the text says what it must be."""

    ANY = ""
    SHARE = "a share is from 0 to 1"
    AT_LEAST_0 = "it must be 0 or more, and finite"
    ABOVE_0 = "it must be more than 0, and finite"

    def holds(self, value: float) -> bool:
        """Neither NaN nor infinity is within any bounds."""
        match self:
            case Bounds.ANY:
                return True
            case Bounds.SHARE:
                return 0 <= value <= 1
            case Bounds.AT_LEAST_0:
                return 0 <= value < math.inf
            case Bounds.ABOVE_0:
                return 0 < value < math.inf


@dataclass(frozen=True, slots=True)
class About:
    """Stands in the option's annotation.

    Attributes:
        text: one or two sentences for `--help`.
        is_fault: a share of which at most one befalls a request.
        flag: where it is not the option's own name.
    """

    text: str
    _: KW_ONLY
    bounds: Bounds = Bounds.ANY
    is_fault: bool = False
    flag: str = ""


def share(text: str) -> About:
    return About(text, bounds=Bounds.SHARE)


def fault_share(text: str) -> About:
    return About(text, bounds=Bounds.SHARE, is_fault=True)


def at_least_0(text: str) -> About:
    return About(text, bounds=Bounds.AT_LEAST_0)


def above_0(text: str) -> About:
    return About(text, bounds=Bounds.ABOVE_0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One option of a class of them."""

    name: str
    kind: Any
    default: Any
    about: About

    @property
    def flag(self) -> str:
        return self.about.flag or f"--{self.name.replace('_', '-')}"


@functools.cache
def options_of(concern: type) -> Mapping[str, Option]:
    """Its options by name, in the order in which they stand there."""
    hints = typing.get_type_hints(concern, include_extras=True)
    return {field.name: _option(field, hints[field.name]) for field in fields(concern)}


def _option(field: Field[Any], hint: Any) -> Option:
    kind, about = typing.get_args(hint)
    return Option(name=field.name, kind=kind, default=field.default, about=about)
