"""The page as a browser shows it: narrow and wide, light and dark, on paper; nothing is fetched, nothing sticks out."""

import base64
import contextlib
import dataclasses
import json
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from made_reports import ROW, report
from selenium import webdriver

from batchreset.adapters.report import page
from batchreset.core.reporting.report import Stopped

pytestmark = pytest.mark.programs

PAPER_WIDTH = 703
"""Pixels of A4 between its margins."""
STICKS_OUT = """
const width = document.documentElement.clientWidth;
const inBox = e => { for (let p = e.parentElement; p; p = p.parentElement)
  if (['auto', 'hidden'].includes(getComputedStyle(p).overflowX)) return true; return false; };
return [...document.body.querySelectorAll('*')].filter(e => {
  const box = e.getBoundingClientRect();
  return box.width > 1 && box.right > width + 1 && !inBox(e) && !e.classList.contains('skip');
}).map(e => e.tagName + '.' + e.getAttribute('class') + ' ' + e.getBoundingClientRect().right);
"""
"""Elements that reach beyond the window, those in a box of their own that scrolls left out."""
TOO_FAINT = """
const parse = c => c.match(/[\\d.]+/g).map(Number);
const light = c => { const [r, g, b] = c.slice(0, 3).map(v => { v /= 255;
  return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; }); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
const behind = e => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor);
  if (c.length < 4 || c[3] === 1) return c; } return [255, 255, 255]; };
return [...document.body.querySelectorAll('*')].filter(e => e.namespaceURI.endsWith('xhtml') && e.offsetWidth > 1 &&
  [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim())).map(e => {
    const a = light(parse(getComputedStyle(e).color)), b = light(behind(e));
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    return [contrast, e.tagName + '.' + e.className, e.textContent.slice(0, 30)];
  }).filter(([contrast]) => contrast < 4.5);
"""
"""Texts with less contrast to what is behind them than WCAG 2.2 AA asks for."""
DARKNESS = """
const shown = [...document.querySelectorAll('svg.chart')].find(s => s.getBoundingClientRect().width);
const label = [...shown.querySelectorAll('text')].map(t => getComputedStyle(t).fill);
return [getComputedStyle(document.body).backgroundColor, label];
"""
CUT = """
return [...document.querySelectorAll('.scroll')].filter(e => e.scrollWidth > e.clientWidth + 1)
  .filter(e => e.checkVisibility({contentVisibilityAuto: true})).map(e => e.getAttribute('aria-label'));
"""
"""Tables that are seen and wider than their box."""
SEEN = """
return [...document.querySelectorAll(arguments[0])].filter(e => e.checkVisibility({contentVisibilityAuto: true})).length
"""
"""How many elements are shown."""


@pytest.fixture(scope="module")
def browser() -> Iterator[webdriver.Chrome]:
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert found, "chromium is not installed"
    options = webdriver.ChromeOptions()
    options.binary_location = found
    for flag in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(shutil.which("chromedriver")))
    with contextlib.ExitStack() as stack:
        stack.callback(driver.quit)
        yield driver


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Of a page with texts that do not want to fit."""
    long = dataclasses.replace(
        ROW, who="nobody-knows-how-long-a-name-can-be" * 4 + "@contoso.example", error_description="Verwaltungs" * 20,
        customer_name="Contoso " * 30,
    )  # fmt: skip
    stopped = Stopped(reason="canary", what="too many failed", next_step=f"continue with `batchreset {'/deep' * 30}`")
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(page(report(ROW, long, *[ROW] * 4, name="Contoso " * 30, stopped=stopped)).html, encoding="utf-8")
    return path.as_uri()


def show(browser: webdriver.Chrome, address: str, *, width: int, scheme: str = "light", media: str = "screen") -> None:
    command = browser.execute_cdp_cmd
    command(
        "Emulation.setEmulatedMedia", {"media": media, "features": [{"name": "prefers-color-scheme", "value": scheme}]}
    )
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    command("Emulation.setDeviceMetricsOverride", size)
    browser.get(address)


def log(browser: webdriver.Chrome, kind: str) -> list[dict[str, Any]]:
    """What has come since it was asked for the last time."""
    lines: list[dict[str, Any]] = browser.get_log(kind)  # type: ignore[no-untyped-call]
    return lines


@pytest.mark.parametrize("width", [360, 640, 1440])
def test_nothing_is_wider_than_the_window(browser: webdriver.Chrome, address: str, width: int) -> None:
    show(browser, address, width=width)
    assert browser.execute_script("return document.documentElement.scrollWidth") == width
    assert browser.execute_script(STICKS_OUT) == []
    drawn = browser.execute_script(
        "return [...document.querySelectorAll('svg.chart')].map(s => s.getBoundingClientRect().width).filter(w => w)"
    )
    assert len(drawn) == 3, "one of each two drawings is shown"


@pytest.mark.parametrize(("width", "rows"), [(360, 3), (1440, 6)])
def test_a_narrow_window_shows_few_rows_at_once_and_no_table_that_is_cut(
    browser: webdriver.Chrome, address: str, width: int, rows: int
) -> None:
    show(browser, address, width=width)
    assert browser.execute_script(SEEN, "[data-row]") == rows
    assert browser.execute_script(SEEN, "details.further > summary") == (1 if rows == 3 else 0)
    assert browser.execute_script(CUT) == []


def test_nothing_is_fetched_and_nothing_complains(browser: webdriver.Chrome, address: str) -> None:
    log(browser, "performance")
    log(browser, "browser")
    show(browser, address, width=1440)
    told = [json.loads(one["message"])["message"] for one in log(browser, "performance")]
    fetched = [one["params"]["request"]["url"] for one in told if one["method"] == "Network.requestWillBeSent"]
    assert {url for url in fetched if not url.startswith("data:")} == {address}
    assert log(browser, "browser") == []


def test_a_dark_page_is_dark_with_its_charts(browser: webdriver.Chrome, address: str) -> None:
    show(browser, address, width=1440, scheme="dark")
    background, labels = browser.execute_script(DARKNESS)
    assert max(_channels(background)) < 40
    assert labels
    assert all(min(_channels(colour)) > 140 for colour in labels)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_can_be_told_from_what_is_behind_it(browser: webdriver.Chrome, address: str, scheme: str) -> None:
    show(browser, address, width=1440, scheme=scheme)
    assert browser.execute_script(TOO_FAINT) == []


def test_on_paper_nothing_is_cut_off_and_a_dark_screen_prints_light(browser: webdriver.Chrome, address: str) -> None:
    show(browser, address, width=PAPER_WIDTH, scheme="dark", media="print")
    assert browser.execute_script("return document.documentElement.scrollWidth") == PAPER_WIDTH
    assert browser.execute_script(STICKS_OUT) == []
    assert browser.execute_script(CUT) == []
    # A chart says no number; on paper nobody opens the table below it.
    assert browser.execute_script(SEEN, "figure details table") == 3
    assert browser.execute_script(SEEN, "[data-row]") == 6
    background = browser.execute_script("return getComputedStyle(document.body).backgroundColor")
    assert _channels(background) == [255, 255, 255]
    printed: dict[str, Any] = browser.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True})
    assert base64.b64decode(printed["data"]).startswith(b"%PDF-")


def _channels(colour: str) -> list[int]:
    return [int(part) for part in colour[colour.index("(") + 1 : -1].split(",")[:3]]
