"""What a page looks like in a browser, wide and on a phone, light and dark."""

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Final

WIDE: Final = (1200, 900)
PHONE: Final = (390, 844)
_QUALITY: Final = 80


def photographed(page: Path) -> Iterator[tuple[str, bytes]]:
    """Names and WebP files. Raises selenium's errors where there is no chromium."""
    from selenium import webdriver  # noqa: PLC0415  only here, and heavy

    for name, (width, height), scheme in (
        ("wide", WIDE, "light"),
        ("dark", WIDE, "dark"),
        ("phone", PHONE, "light"),
    ):
        options = webdriver.ChromeOptions()
        for word in ("--headless=new", "--no-sandbox", "--hide-scrollbars", f"--window-size={width},{height}"):
            options.add_argument(word)
        driver = webdriver.Chrome(options=options)
        try:
            metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": name == "phone"}
            driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
            features = [{"name": "prefers-color-scheme", "value": scheme}]
            driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
            driver.get(page.as_uri())
            taken = driver.execute_cdp_cmd("Page.captureScreenshot", {"format": "webp", "quality": _QUALITY})
        finally:
            driver.quit()
        yield name, base64.b64decode(taken["data"])
