"""A headless Chromium that takes pictures of pages: Playwright, on the browser the system has."""

from __future__ import annotations

import base64
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from playwright.sync_api import Page, sync_playwright

from admin.stack.errors import StackError

NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
OPTIONS: Final = (
    "--no-first-run",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--disable-component-update",
    "--disable-background-networking",
    "--hide-scrollbars",
    "--force-color-profile=srgb",
)
_WITHIN_MS: Final = 60_000


def find_chromium() -> str:
    """The path of a Chromium.

    Raises:
        StackError: none of `NAMES` is on the PATH.
    """
    found = next((path for name in NAMES if (path := shutil.which(name)) is not None), None)
    if found is None:
        raise StackError(f"no headless browser: none of {', '.join(NAMES)} is on the PATH. Install Chromium")
    return found


@contextmanager
def chromium(language: str = "en-GB") -> Iterator[Page]:
    """A page of a fresh browser that prefers `language`; the browser is gone at the end of the block.

    Raises:
        StackError: there is no Chromium.
    """
    program = find_chromium()
    # As root Chromium has no sandbox; the pages are our own, on this machine.
    rootly = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=program, args=[*OPTIONS, *rootly])
        try:
            context = browser.new_context(locale=language)
            context.set_default_timeout(_WITHIN_MS)
            yield context.new_page()
        finally:
            browser.close()


def show_page(page: Page, address: str, width: int, height: int) -> None:
    """Load `address` in a window of `width` by `height` pixels."""
    page.set_viewport_size({"width": width, "height": height})
    page.goto(address)


def wait_for_text(page: Page, *texts: str) -> None:
    """Wait until the page shows every one of `texts`."""
    for text in texts:
        page.wait_for_function("text => document.body.innerText.includes(text)", arg=text)


_TO_WEBP: Final = """
    async ([png, quality]) => {
      const picture = new Image();
      picture.src = "data:image/png;base64," + png;
      await picture.decode();
      const canvas = document.createElement("canvas");
      canvas.width = picture.naturalWidth;
      canvas.height = picture.naturalHeight;
      canvas.getContext("2d").drawImage(picture, 0, 0);
      return canvas.toDataURL("image/webp", quality).split(",")[1];
    }
"""


class Camera:
    """Pictures of whole pages as WebP: a third of the bytes of PNG, which a repository keeps for ever.

    The page that is photographed may forbid pictures from data; another one of the same browser makes them.
    """

    def __init__(self, page: Page) -> None:
        self._page = page
        self._room = page.context.new_page()

    def take(self, path: Path, quality: float = 0.6) -> None:
        """Write what the page shows, from its top to its end."""
        png = base64.b64encode(self._page.screenshot(full_page=True)).decode()
        path.write_bytes(base64.b64decode(self._room.evaluate(_TO_WEBP, [png, quality])))
