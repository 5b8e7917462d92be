"""Letters in a real browser: one page each, on A4 and on Letter, whatever the names and passwords; nothing fetched."""

import base64
import itertools
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from given_lines import line, person, written
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By

from batchreset.core.certainty import Certainty
from batchreset.core.password import ALPHABET

pytestmark = pytest.mark.programs

A4, LETTER = (8.27, 11.69), (8.5, 11.0)
"""Inches."""
POSSIBLE = Certainty.POSSIBLE
LONG = {"display_name": "W" * 256, "principal_name": f"{'w' * 64}@{'w' * 48}", "organisation": "Ö " * 128}
PASSWORDS = [(ALPHABET * 4)[:length] for length in (8, 20, 24, 49, 100, 256)]
PASSPHRASES = ["-".join([*["Wwwwwwwww"] * count, "7"]) for count in (5, 8, 20)]


@pytest.fixture(scope="module")
def browser() -> Iterator[webdriver.Chrome]:
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
    yield driver
    driver.quit()


def letters(folder: Path) -> tuple[Path, int]:
    """Every password alone and twice, for people with long names and with none; the file, and how many people."""
    lines = []
    for password, names in itertools.product([*PASSWORDS, *PASSPHRASES], [LONG, {}]):
        twice, force = person(**names), person(**names, force_change=False)
        lines += [line(password, twice, POSSIBLE), line(password, twice, POSSIBLE), line(password, force)]
    path = folder / "letters.html"
    path.write_text(written("letters", lines), encoding="utf-8")
    return path, len({one.person.row for one in lines})


def told(browser: webdriver.Chrome, log: str) -> list[object]:
    """What a log of the browser's holds since it was last asked."""
    return list(browser.get_log(log))  # type: ignore[no-untyped-call]


@pytest.mark.parametrize("paper", [A4, LETTER], ids=["A4", "Letter"])
def test_each_person_has_one_page(browser: webdriver.Chrome, tmp_path: Path, paper: tuple[float, float]) -> None:
    path, people = letters(tmp_path)
    browser.get(path.as_uri())
    size = {"paperWidth": paper[0], "paperHeight": paper[1]}
    pdf = base64.b64decode(browser.execute_cdp_cmd("Page.printToPDF", size)["data"])
    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) == people


def test_nothing_is_fetched_and_nothing_complained_of(browser: webdriver.Chrome, tmp_path: Path) -> None:
    path, _ = letters(tmp_path)
    told(browser, "performance")
    browser.get(path.as_uri())
    asked = re.findall(r'"url":"((?!file:|data:|about:)[^"]+)"', str(told(browser, "performance")))
    assert asked == []
    assert told(browser, "browser") == []


@pytest.mark.parametrize("width", [390, 1200])
def test_it_fits_a_phone_and_a_desk(browser: webdriver.Chrome, tmp_path: Path, width: int) -> None:
    path, _ = letters(tmp_path)
    screen = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
    browser.get(path.as_uri())
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    assert browser.find_elements(By.CLASS_NAME, "letter")
