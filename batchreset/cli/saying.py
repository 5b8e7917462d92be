"""What commands print, whoever reads it."""

from collections.abc import Callable, Iterable

import click

from batchreset.cli.wrapping import tell_people


def tell(text: object, *, err: bool = False) -> None:
    """Output as it is. Where nobody reads it, or nothing can be written, a run's exit code is still its own."""
    _heard(lambda: click.echo(text, err=err), err=err)


def somebody_reads(text: object) -> bool:
    """As `tell`; False: whoever read has gone."""
    return _heard(lambda: click.echo(text), err=False)


def tell_lines(lines: Iterable[str], *, err: bool = False) -> None:
    """As `tell`, to people: folded where a terminal is narrower."""
    _heard(lambda: tell_people(lines, err=err), err=err)


def _heard(tells: Callable[[], None], *, err: bool) -> bool:
    try:
        tells()
    except BrokenPipeError:
        return False
    except OSError as error:
        if not err:
            tell(f"warning: standard output cannot be written ({error.strerror}); the exit code holds", err=True)
    return True
