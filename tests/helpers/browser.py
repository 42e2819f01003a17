"""A headless Chromium for tests: what a person would see, and what a page must not do."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


class Browser:
    """A page of a browser; ``problems`` are console errors, ``requests`` those to other hosts."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.problems: list[str] = []
        self.requests: list[str] = []
        self._own = ""
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("request", self._asked)

    def _said(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.problems.append(message.text)

    def _asked(self, request: Any) -> None:
        own = request.url == self._own or (
            self._own.startswith("http") and request.url.startswith(self._own)
        )
        if not own and not request.url.startswith(("data:", "blob:")):
            self.requests.append(request.url)

    def open(self, where: Path | str) -> Any:
        """Open a file, or an address on this machine; return Playwright's page.

        Requests to the address's own host count as its own, those of a file to anything do not.
        """
        url = where.absolute().as_uri() if isinstance(where, Path) else where
        if url.startswith("http"):
            self._own = "/".join(url.split("/", 3)[:3]) + "/"
            assert self._own.startswith(("http://127.0.0.1:", "http://localhost:")), url
        else:
            self._own = url
        self.page.goto(url)
        return self.page

    def another(self, **options: Any) -> "Browser":
        """Return another page of the same browser, with nothing of this one.

        Playwright runs one browser at a time in a process: there is none within a block of another.
        """
        return Browser(self.page.context.browser.new_context(**options).new_page())

    def shot(self, path: Path, *, whole: bool = True) -> Path:
        """Take a picture of the page."""
        self.page.screenshot(path=str(path), full_page=whole)
        return path

    def fonts(self, selector: str) -> set[str]:
        """Return the fonts that the glyphs of an element are drawn with."""
        session = self.page.context.new_cdp_session(self.page)
        session.send("DOM.enable")
        session.send("CSS.enable")
        root = session.send("DOM.getDocument")["root"]["nodeId"]
        found = session.send("DOM.querySelector", {"nodeId": root, "selector": selector})
        used = session.send("CSS.getPlatformFontsForNode", {"nodeId": found["nodeId"]})
        session.detach()
        return {font["familyName"] for font in used["fonts"]}


@contextmanager
def browser(
    *, width: int = 1280, height: int = 800, dark: bool = False, touch: bool = False
) -> Iterator[Browser]:
    """Start a headless Chromium for the time of a block; skip the test where there is none.

    The program is ``$SEQKIT_BROWSER``, or a Chromium that is installed, or Playwright's own.
    """
    sync_api = pytest.importorskip("playwright.sync_api", reason="the browser extra")
    program = os.environ.get("SEQKIT_BROWSER") or next(
        filter(None, map(shutil.which, PROGRAMS)), None
    )
    with sync_api.sync_playwright() as playwright:
        try:
            started = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        except sync_api.Error as error:
            pytest.skip(f"no browser to test with: {str(error).splitlines()[0]}")
        try:
            context = started.new_context(
                viewport={"width": width, "height": height},
                color_scheme="dark" if dark else "light",
                has_touch=touch,
            )
            yield Browser(context.new_page())
        finally:
            started.close()
