"""The documentation as it is built, on a phone: nothing is fetched, and no page is wider than the phone."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from generator.readme import ROOT
from selenium import webdriver

PHONE = {"width": 375, "height": 800, "deviceScaleFactor": 1, "mobile": True}
FETCHES = re.compile(r"<(?:script|img|iframe)[^>]*\ssrc=\"(?:https?:)?//|<link[^>]*\shref=\"(?:https?:)?//")

pytestmark = pytest.mark.programs


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built as `make docs` builds it: a warning is an error."""
    folder = tmp_path_factory.mktemp("site")
    subprocess.run(
        [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-E", "-b", "html", ROOT / "docs", folder],
        cwd=ROOT, check=True, timeout=100,
    )  # fmt: skip
    return folder


@pytest.fixture
def phone(tmp_path: Path) -> Iterator[webdriver.Chrome]:
    options = webdriver.ChromeOptions()
    options.binary_location = str(shutil.which("chromium"))
    for flag in ("--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}"):
        options.add_argument(flag)
    service = webdriver.ChromeService(str(shutil.which("chromedriver")), env={**os.environ, "HOME": str(tmp_path)})
    browser = webdriver.Chrome(options=options, service=service)
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", PHONE)
    try:
        yield browser
    finally:
        browser.quit()


def test_no_page_is_wider_than_a_phone_or_fetches_anything(site: Path, phone: webdriver.Chrome) -> None:
    pages = sorted(site.rglob("*.html"))
    assert len(pages) > 20
    for page in pages:
        assert not FETCHES.search(page.read_text(encoding="utf-8")), page
        phone.get(page.as_uri())
        assert phone.execute_script("return document.scrollingElement.scrollWidth") <= PHONE["width"], page
