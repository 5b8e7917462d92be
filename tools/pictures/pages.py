"""What a page looks like in a browser, wide and on a phone, light and dark."""

import base64
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_QUALITY: Final = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One look at the page, from the element with the id `place` on; pixels."""

    name: str
    width: int
    height: int
    scheme: str = "light"
    place: str = ""


VIEWS: Final = (
    View(name="wide", width=1120, height=1010),
    View(name="limits", width=1120, height=760, place="traffic"),
    View(name="dark", width=1120, height=760, scheme="dark", place="traffic"),
    View(name="phone", width=390, height=844),
)


def photographed(page: Path) -> Iterator[tuple[str, bytes]]:
    """Names and WebP files. Raises selenium's errors where there is no chromium."""
    from selenium import webdriver  # noqa: PLC0415  only here, and heavy

    options = webdriver.ChromeOptions()
    # Both named, so that nobody looks for others on the network.
    options.binary_location = shutil.which("chromium") or ""
    for word in ("--headless=new", "--no-sandbox", "--hide-scrollbars"):
        options.add_argument(word)
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(str(shutil.which("chromedriver"))))
    try:
        for view in VIEWS:
            metrics = {"width": view.width, "height": view.height, "deviceScaleFactor": 1, "mobile": view.width < 600}  # noqa: PLR2004  a phone's
            driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
            features = [{"name": "prefers-color-scheme", "value": view.scheme}]
            driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
            driver.get(page.as_uri())
            top = driver.execute_script(
                "const e = document.getElementById(arguments[0]); return e ? e.getBoundingClientRect().top : 0",
                view.place,
            )
            clip = {"x": 0, "y": top, "width": view.width, "height": view.height, "scale": 1}
            wanted = {"format": "webp", "quality": _QUALITY, "clip": clip, "captureBeyondViewport": True}
            taken = driver.execute_cdp_cmd("Page.captureScreenshot", wanted)
            yield view.name, base64.b64decode(taken["data"])
    finally:
        driver.quit()
