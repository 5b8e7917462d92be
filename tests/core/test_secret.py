"""A secret is not seen, wherever Python would show it."""

import copy
import dataclasses
import io
import json
import logging
import pickle
import pprint
import traceback
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchreset.core.secret import MASK, Secret

TEXT = "kV7#mQ2_xR9%tB4?"


@dataclasses.dataclass(frozen=True)
class Holder:
    password: Secret


@pytest.mark.parametrize(
    ("show", "shown"),
    [
        pytest.param(repr, "Secret(********)", id="repr"),
        pytest.param(ascii, "Secret(********)", id="ascii"),
        pytest.param(str, MASK, id="str"),
        pytest.param(format, MASK, id="format"),
        pytest.param(lambda secret: f"{secret}", MASK, id="f-string"),
        pytest.param(lambda secret: f"{secret:>30}", MASK, id="f-string-with-a-width"),
        pytest.param(lambda secret: f"{secret!r}", "Secret(********)", id="f-string-repr"),
        pytest.param("{:s}".format, MASK, id="str.format"),
        pytest.param(lambda secret: "%s %r" % (secret, secret), f"{MASK} Secret({MASK})", id="percent"),  # noqa: UP031
        pytest.param(lambda secret: repr([secret]), "[Secret(********)]", id="in-a-list"),
        pytest.param(lambda secret: repr(Holder(secret)), "Holder(password=Secret(********))", id="in-a-dataclass"),
        pytest.param(pprint.pformat, "Secret(********)", id="pprint"),
        pytest.param(lambda secret: json.dumps(secret, default=str), f'"{MASK}"', id="json-default-str"),
        pytest.param(lambda secret: repr(KeyError(secret)), "KeyError(Secret(********))", id="in-an-exception"),
    ],
)
def test_it_is_masked_where_it_is_shown(show: Callable[[Secret], str], shown: str) -> None:
    assert show(Secret(TEXT)) == shown


def test_the_mask_tells_nothing() -> None:
    assert len(MASK) == 8
    assert set(MASK) == {"*"}


@pytest.mark.parametrize(
    "copied",
    [
        *[
            pytest.param(lambda secret, protocol=protocol: pickle.dumps(secret, protocol), id=f"pickle-{protocol}")
            for protocol in range(pickle.HIGHEST_PROTOCOL + 1)
        ],
        pytest.param(lambda secret: pickle.dumps({"password": secret}), id="pickle-inside"),
        pytest.param(copy.copy, id="copy"),
        pytest.param(copy.deepcopy, id="deepcopy"),
        pytest.param(lambda secret: dataclasses.asdict(Holder(secret)), id="asdict"),
        pytest.param(json.dumps, id="json"),
        pytest.param(vars, id="vars"),
        pytest.param(len, id="len"),
        pytest.param(list, id="list"),
        pytest.param(lambda secret: secret + "!", id="concatenation"),
        pytest.param(", ".join, id="join"),
        pytest.param(bytes, id="bytes"),
    ],
)
def test_it_does_not_travel_and_the_refusal_does_not_show_it(copied: Callable[[object], object]) -> None:
    with pytest.raises(TypeError) as refused:
        copied(Secret(TEXT))
    assert TEXT not in str(refused.value)


def test_a_refused_pickle_says_why() -> None:
    with pytest.raises(TypeError, match=r"^a Secret is not pickled$"):
        pickle.dumps(Secret(TEXT))


def test_logs_do_not_show_it() -> None:
    shown = io.StringIO()
    logger = logging.getLogger("tests.core.secret")
    logger.propagate = False
    handler = logging.StreamHandler(shown)
    handler.setFormatter(logging.Formatter("%(message)s %(password)s"))
    logger.addHandler(handler)

    logger.warning("%s %r", Secret(TEXT), Secret(TEXT), extra={"password": Secret(TEXT)})

    assert shown.getvalue() == f"{MASK} Secret({MASK}) {MASK}\n"


def test_a_traceback_with_its_variables_does_not_show_it() -> None:
    def refuse(password: Secret) -> None:
        held = {"password": password}
        raise ValueError(password, held)

    with pytest.raises(ValueError, match="Secret") as caught:
        refuse(Secret(TEXT))
    shown = "".join(traceback.TracebackException.from_exception(caught.value, capture_locals=True).format())

    assert "held = {'password': Secret(********)}" in shown
    assert TEXT not in shown


@given(st.text(min_size=1).filter(lambda text: text not in f"Secret({MASK})"))
def test_only_open_gives_the_text(text: str) -> None:
    secret = Secret(text)

    assert secret.open() == text
    assert all(text not in shown for shown in (repr(secret), str(secret), f"{secret}", f"{secret!a}"))


@given(one=st.text(), other=st.text())
def test_secrets_are_equal_by_content_and_to_secrets_only(one: str, other: str) -> None:
    assert (Secret(one) == Secret(other)) == (one == other)
    assert hash(Secret(one)) == hash(Secret(one))
    assert Secret(one) != one
    assert bool(Secret(one)) == bool(one)
