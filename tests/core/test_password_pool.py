"""Passwords in little memory are the passwords that were put in, and are seen nowhere."""

from hypothesis import given, settings
from hypothesis import strategies as st

from batchreset.core.password_pool import PasswordPool
from batchreset.core.secret import Secret

ROWS = range(3, 9)
PUT_IN = st.lists(st.tuples(st.integers(0, 12), st.integers(1, 4), st.text(max_size=40)), max_size=30)


@settings(max_examples=40)
@given(put_in=PUT_IN)
def test_each_row_has_its_own_by_generation_and_no_other_rows_are_kept(put_in: list[tuple[int, int, str]]) -> None:
    pool, expected = PasswordPool(ROWS), {row: dict[int, Secret]() for row in ROWS}
    for row, generation, text in put_in:
        pool.add(row, generation, Secret(text))
        if row in expected:
            expected[row][generation] = Secret(text)
    assert {row: pool.of(row) for row in ROWS} == expected


def test_it_is_masked_wherever_python_would_show_it() -> None:
    pool = PasswordPool(ROWS)
    pool.add(4, 1, Secret("canary-in-clear"))
    assert "canary" not in f"{pool} {pool!r} {pool.of(4)}"
