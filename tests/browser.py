"""Chromium without a window, spoken to over a pipe: a page at a width, light or dark, and what it complains of."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, NamedTuple, Self

CHROMIUM = shutil.which("chromium")

# Chromium reads commands from 3 and answers on 4; by way of two numbers that nothing else has.
_LAUNCH = """
import os, sys
for ours, between in ((int(sys.argv[1]), 100), (int(sys.argv[2]), 101)):
    os.dup2(ours, between)
for between, theirs in ((100, 3), (101, 4)):
    os.dup2(between, theirs)
os.execv(sys.argv[3], sys.argv[3:])
"""


class Seen(NamedTuple):
    """A page as it was drawn.

    Attributes:
        complaints: errors and warnings of the console, and exceptions.
        width: of all that can be scrolled to, in pixels.
        background: the colour behind it, such as `rgb(255, 255, 255)`.
        colour: of its text.
        picture: of the whole page, as PNG.
    """

    complaints: list[str]
    width: int
    background: str
    colour: str
    picture: bytes


class Browser:
    """One Chromium; a context manager."""

    def __enter__(self) -> Self:
        assert CHROMIUM
        self._folder = TemporaryDirectory(prefix="flashcards-chromium-", ignore_cleanup_errors=True)
        theirs_in, self._to = os.pipe()
        self._from, theirs_out = os.pipe()
        options = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--no-first-run",
            "--disable-sync",
            "--hide-scrollbars",
        ]
        options += ["--disable-background-networking", "--disable-component-update", "--remote-debugging-pipe"]
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-c", _LAUNCH, str(theirs_in), str(theirs_out)),
                *(CHROMIUM, *options, f"--user-data-dir={self._folder.name}", "about:blank"),
            ],
            pass_fds=(theirs_in, theirs_out),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(theirs_in)
        os.close(theirs_out)
        self._unread = b""
        self._number = 0
        self._events: list[dict[str, Any]] = []
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._to)
        os.close(self._from)
        self._folder.cleanup()

    def look(self, page: Path, width: int, *, dark: bool) -> Seen:
        """Open a page in a window of this width."""
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        session = self._call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self._call(f"{domain}.enable", session)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self._call("Emulation.setEmulatedMedia", session, features=[scheme])
        self._call(
            "Emulation.setDeviceMetricsOverride", session, width=width, height=900, deviceScaleFactor=1, mobile=False
        )
        self._events.clear()
        self._call("Page.navigate", session, url=page.as_uri())
        while not any(event["method"] == "Page.loadEventFired" for event in self._events):
            self._events.append(self._message())
        words = "getComputedStyle(document.body)"
        found = self._call(
            "Runtime.evaluate",
            session,
            expression=f"[document.documentElement.scrollWidth, {words}.backgroundColor, {words}.color]",
            returnByValue=True,
        )["result"]["value"]
        picture = self._call("Page.captureScreenshot", session, captureBeyondViewport=True)["data"]
        complaints = [text for event in self._events if (text := _complaint(event))]
        self._call("Target.closeTarget", targetId=target)
        return Seen(complaints, int(found[0]), str(found[1]), str(found[2]), base64.b64decode(picture))

    def _call(self, method: str, session: str = "", **parameters: Any) -> dict[str, Any]:
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters} | (
            {"sessionId": session} if session else {}
        )
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._message()
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                result: dict[str, Any] = answer["result"]
                return result
            if "method" in answer:
                self._events.append(answer)

    def _message(self) -> dict[str, Any]:
        while b"\0" not in self._unread:
            data = os.read(self._from, 1 << 20)
            assert data, "chromium ended"
            self._unread += data
        first, _, self._unread = self._unread.partition(b"\0")
        message: dict[str, Any] = json.loads(first)
        return message


def _complaint(event: dict[str, Any]) -> str:
    parameters = event.get("params", {})
    match event["method"]:
        case "Runtime.exceptionThrown":
            return str(parameters["exceptionDetails"].get("text"))
        case "Runtime.consoleAPICalled" if parameters["type"] in ("error", "warning", "assert"):
            return " ".join(str(each.get("value")) for each in parameters["args"])
        case "Log.entryAdded" if parameters["entry"]["level"] in ("error", "warning"):
            return str(parameters["entry"]["text"])
        case _:
            return ""
