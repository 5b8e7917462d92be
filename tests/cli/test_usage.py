"""A command line that cannot be read is told in this program's words; what is like a secret is not repeated."""

import click
import pytest

from batchreset.cli.main import cli
from batchreset.cli.usage import told

KEY = "canaryK3y9Qx7Zv2LmT4pW8rB1nD6"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("rnu",), "there is no command rnu; did you mean run?"),
        (("auth", "lgoin"), "there is no command lgoin; did you mean login?"),
        (("run", "--rcipient", "x"), "there is no option --rcipient; did you mean --recipient?"),
        (("run", "--canary", "many"), "--canary: 'many' is not a whole number."),
        (("run", "--max-failure-rate", "some"), "--max-failure-rate: 'some' is not a number."),
        (("run", "a.csv", "b.csv"), "b.csv is more than this command takes."),
        (("run", "--run-id"), "--run-id needs a value behind it."),
        (("apply",), "RUN is missing."),
        (("handover", "r"), "--identity is missing."),
        (("simulate", "--retry-after", "never"), "--retry-after: 'never' is not one of 'seconds', "),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_it_says_what_is_wrong_and_where_help_is(words: tuple[str, ...], said: str) -> None:
    with pytest.raises(click.UsageError) as caught:
        cli.main(list(words), prog_name="batchreset", standalone_mode=False)
    lines = told(caught.value)
    assert lines[0].startswith(f"error: {said}")
    assert lines[1].startswith("what to do: see `batchreset")


@pytest.mark.parametrize("words", [("run", "users.csv", KEY), ("run", "--canary", KEY), (KEY,)], ids=" ".join)
def test_what_may_be_a_secret_is_not_repeated(words: tuple[str, ...]) -> None:
    with pytest.raises(click.UsageError) as caught:
        cli.main(list(words), prog_name="batchreset", standalone_mode=False)
    assert KEY[:12] not in "".join(told(caught.value))
