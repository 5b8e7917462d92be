"""A template that was kept as code is the template; what is damaged, or of another template, is not used."""

from pathlib import Path

import jinja2
import pytest

from batchreset.adapters.report.template_cache import TemplateCache


@pytest.fixture(autouse=True)
def kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.dont_write_bytecode", False)


def said(folder: Path, text: str) -> str:
    loader = jinja2.DictLoader({"page": text})
    environment = jinja2.Environment(loader=loader, autoescape=True, bytecode_cache=TemplateCache(folder))
    return environment.get_template("page").render(name="<b>")


def test_it_is_made_once_and_says_the_same(tmp_path: Path) -> None:
    first = said(tmp_path, "Hello {{ name }}")
    (made,) = tmp_path.iterdir()
    written = made.stat().st_mtime_ns
    assert said(tmp_path, "Hello {{ name }}") == first == "Hello &lt;b&gt;"
    assert [(one, one.stat().st_mtime_ns) for one in tmp_path.iterdir()] == [(made, written)]


@pytest.mark.parametrize("end", [0, 1, 20, 60, -1])
def test_what_is_cut_short_or_of_another_template_is_made_anew(tmp_path: Path, end: int) -> None:
    said(tmp_path, "Hello {{ name }}")
    (made,) = tmp_path.iterdir()
    whole = made.read_bytes()
    assert said(tmp_path, "Farewell {{ name }}") == "Farewell &lt;b&gt;"
    made.write_bytes(whole[:end])
    assert said(tmp_path, "Hello {{ name }}") == "Hello &lt;b&gt;"


def test_where_nothing_can_be_kept_and_where_nothing_is_to_be_it_is_made_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert said(tmp_path / "missing", "Hello {{ name }}") == "Hello &lt;b&gt;"
    monkeypatch.setattr("sys.dont_write_bytecode", True)
    assert said(tmp_path, "Hello {{ name }}") == "Hello &lt;b&gt;"
    assert list(tmp_path.iterdir()) == []
