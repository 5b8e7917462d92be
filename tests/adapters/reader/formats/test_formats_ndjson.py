"""NDJSON: every key of every line is a column, every value its text; what is no such line is refused by its number."""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batchreset.adapters.reader.formats.ndjson import parse_ndjson
from batchreset.adapters.reader.formats.table import MAX_COLUMNS, MAX_RECORD_BYTES
from batchreset.errors import InputError

MADE_ELSEWHERE = Path(__file__).parents[1] / "made_elsewhere"
SHOWN = "users.ndjson"

Row = tuple[str | None, ...]


def cut(data: bytes, size: int) -> Callable[[], Iterator[bytes]]:
    return lambda: (data[start : start + size] for start in range(0, len(data), size))


def read(text: str, size: int = 1 << 20) -> tuple[tuple[str, ...], list[Row]]:
    table = parse_ndjson(cut(text.encode(), size), SHOWN)
    return table.headers, [row for batch in table.batches for row in batch.iter_rows()]


def refusal(text: str) -> InputError:
    with pytest.raises(InputError) as caught:
        read(text)
    assert caught.value.next_step
    return caught.value


def test_lines_as_pandas_writes_them() -> None:
    _, rows = read((MADE_ELSEWHERE / "pandas.ndjson").read_text())

    assert [row[2:] for row in rows] == [("true", 'é, "quoted"'), ("false", None), (None, "two\nlines")]


def test_headers_are_the_keys_of_all_lines_as_they_first_appear_and_a_missing_one_is_empty() -> None:
    headers, rows = read('{"b":"1"}\r\n\n  \n{"c":"2","b":"3"}\r\n{"a":[1],"d":"4"}\r\n{}')

    assert headers == ("b", "c", "a", "d")
    assert rows == [("1", None, None, None), ("3", "2", None, None), (None, None, "[1]", "4"), (None,) * 4]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("1", "1"),
        ("-1", "-1"),
        ("1.0", "1.0"),
        ("1.10", "1.10"),
        ("1e5", "1e5"),
        ("1e400", "1e400"),
        ("123456789012345678901234567890", "123456789012345678901234567890"),
        ("9" * 5000, "9" * 5000),
        ("true", "true"),
        ("false", "false"),
        ("null", None),
        ('""', ""),
        (r'"\u0000"', "\0"),
        (r'"\ud83d\ude00 \u00e9 \" \\ \/"', '😀 é " \\ /'),
        (r'"a\":\"b"', 'a":"b'),
        ('{"x" : [1.50, true, null, "é\\""]}', '{"x":[1.50,true,null,"é\\""]}'),
        ("[]", "[]"),
    ],
    ids=lambda text: str(text)[:20],
)
def test_a_value_is_its_text(value: str, text: str | None) -> None:
    assert read(f'{{"a":"first"}}\n{{"a":{value}}}\n{{"a":"last"}}')[1] == [("first",), (text,), ("last",)]


def test_a_key_that_ends_in_a_colon_is_not_taken_for_two() -> None:
    assert read('{"a:":1,"b":2}') == (("a:", "b"), [("1", "2")])


def test_lines_are_counted_over_the_whole_text() -> None:
    with pytest.raises(InputError, match="line 5 is not one JSON object"):
        read('{"a":1}\n\n{"a":2}\n{"a":3}\n{"a":}\n', size=9)


def test_null_is_empty_also_beside_a_value_that_is_taken_apart() -> None:
    assert read('{"a":null,"b":1.5,"c":true}')[1] == [(None, "1.5", "true")]


def test_keys_may_hold_colons_and_escapes() -> None:
    assert read('{"a:":"x:","b\\"":"y"}\n{"":":\\"","a:" : "z"}') == (
        ("a:", 'b"', ""),
        [("x:", "y", None), ("z", None, ':"')],
    )


@pytest.mark.parametrize(
    ("line", "said"),
    [
        pytest.param('[{"a":1}]', "line 2 is not one JSON object but an array", id="array"),
        pytest.param("[", "line 2 begins an array", id="an array over several lines"),
        pytest.param("{", "line 2 is not one JSON object", id="an object over several lines"),
        pytest.param('"a"', "line 2 is not one JSON object but a text", id="text"),
        pytest.param("5", "line 2 is not one JSON object but a number", id="number"),
        pytest.param("null", "line 2 is not one JSON object but a word", id="null"),
        pytest.param('{"a":1} {"a":2}', "line 2 is not one JSON object: Extra data (character 9)", id="two"),
        pytest.param('{"a":1,}', "line 2 is not one JSON object", id="comma at the end"),
        pytest.param('{"a":"\t"}', "line 2 is not one JSON object", id="control character"),
        pytest.param('{"a":01}', "line 2 is not one JSON object", id="leading zero"),
        pytest.param('{"a":NaN}', "line 2 is not one JSON object: NaN is no number", id="NaN"),
        pytest.param('{"a":1,"b":2,"a":1}', "line 2 has the key a twice", id="key twice"),
        pytest.param('{"a":"1","\\u0061":"2"}', "line 2 has the key a twice", id="key twice, spelled differently"),
        pytest.param('{"b":{"x":1,"x":2}}', "line 2 has the key x twice", id="key twice, inside"),
        pytest.param(r'{"a":"\ud800"}', "line 2 holds half of a surrogate pair", id="lone surrogate"),
        pytest.param(r'{"\udc00":1}', "line 2 holds half of a surrogate pair", id="lone surrogate in a key"),
        pytest.param('{"a":' + "[" * 100_000 + "]" * 100_000 + "}", "line 2 is nested too deeply", id="deep"),
        pytest.param('{"a":' + "[" * 700 + "]" * 700 + "}", "line 2 is nested too deeply", id="too deep to write"),
        pytest.param(f'{{"a":"{"x" * MAX_RECORD_BYTES}"}}', "line 2: it is longer than", id="long"),
    ],
)
def test_a_line_that_is_no_object_is_refused_by_its_number(line: str, said: str) -> None:
    assert said in refusal(f'{{"a":"x"}}\n{line}\n{{"a":"y"}}\n').what


def test_the_same_key_twice_in_every_line_is_refused() -> None:
    assert "line 1 has the key a twice" in refusal('{"a":"x","a":"x"}\n' * 3).what


def test_a_line_without_end_is_refused_before_it_is_collected() -> None:
    read_bytes = 0

    def endless() -> Iterator[bytes]:
        nonlocal read_bytes
        yield b'{"a":1}\n{"a":"'
        while True:
            read_bytes += 100_000
            yield b"x" * 100_000

    with pytest.raises(InputError, match="line 2: it is longer than"):
        parse_ndjson(endless, SHOWN)
    assert read_bytes < 2 * MAX_RECORD_BYTES


@pytest.mark.parametrize("text", ["", "\n", " \r\n\t\n"], ids=repr)
def test_a_file_without_any_object_is_refused_as_empty(text: str) -> None:
    assert "is empty" in refusal(text).what


def test_more_keys_than_there_may_be_columns_are_refused() -> None:
    lines = "\n".join(json.dumps({f"k{number}": 1}) for number in range(MAX_COLUMNS + 1))

    assert f"{MAX_COLUMNS + 1:,} columns" in refusal(lines).what
    assert len(read(lines.rpartition("\n")[0])[0]) == MAX_COLUMNS


def test_many_empty_lines_of_many_columns_come_in_batches_of_few_rows() -> None:
    wide = json.dumps({f"k{number}": 1 for number in range(MAX_COLUMNS)})
    table = parse_ndjson(cut((wide + "\n{}" * 4000).encode(), 1 << 20), SHOWN)

    assert [batch.height for batch in table.batches] == [500] * 8 + [1]


def test_objects_without_keys_have_neither_headers_nor_batches() -> None:
    assert read("{}\n{}\n") == ((), [])


@pytest.mark.parametrize("line", ['{"access_token":"canary-Lw71" x}', '"canary-Lw71"', "canary-Lw71"])
def test_a_line_that_is_wrong_is_not_shown_as_it_may_be_a_token(line: str) -> None:
    assert "canary" not in "\n".join(refusal(line).lines())


texts = st.text(st.characters(codec="utf-8"), max_size=8)
nested = st.recursive(st.none() | st.booleans() | st.integers() | texts, lambda inner: st.lists(inner, max_size=3))
values = nested | st.dictionaries(texts, texts, max_size=2) | st.floats(allow_nan=False, allow_infinity=False)


def compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def as_text(value: object) -> str | None:
    return value if value is None or isinstance(value, str) else compact(value)


@settings(max_examples=40)
@given(
    records=st.lists(st.dictionaries(texts, values, max_size=4), min_size=1, max_size=8),
    as_ascii=st.booleans(),
    separators=st.sampled_from([(",", ":"), (", ", ": "), (" , ", " : ")]),
    size=st.integers(1, 40),
)
def test_any_objects_come_back_as_text_however_they_are_written_and_cut(
    records: list[Mapping[str, object]], *, as_ascii: bool, separators: tuple[str, str], size: int
) -> None:
    lines = [json.dumps(record, ensure_ascii=as_ascii, separators=separators) for record in records]

    headers, rows = read("\n".join(lines), size)

    assert headers == tuple(dict.fromkeys(key for record in records for key in record))
    if headers:
        assert rows == [tuple(as_text(record.get(header)) for header in headers) for record in records]
