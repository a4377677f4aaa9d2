"""Chromium, driven over its debugging pipe: pages as a person with a keyboard and without JavaScript meets them."""

from __future__ import annotations

import base64
import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

CHROMIUM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), ""
)
_KEYS = {"Tab": 9, "Enter": 13, " ": 32, "ArrowDown": 40}
# Chromium reads the protocol from descriptor 3 and writes it to 4.
_BEGIN = (
    "import os, sys; read, write = os.dup(int(sys.argv[1])), os.dup(int(sys.argv[2]));"
    " os.dup2(read, 3); os.dup2(write, 4); os.set_inheritable(3, True); os.set_inheritable(4, True);"
    " os.execv(sys.argv[3], sys.argv[3:])"
)


class Page:
    """One page, the size of a telephone, scripts switched off."""

    def __init__(self, to_browser: int, from_browser: int) -> None:
        self._to, self._from = to_browser, from_browser
        self._numbers = itertools.count(1)
        self._buffer = b""
        self._session: str | None = None
        self.complaints: list[str] = []
        """What the browser had to say against a page: a refused style, a broken link."""
        target = self.do("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.do("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Log", "Runtime", "Network", "Accessibility"):
            self.do(f"{domain}.enable")

    def set_up(self, width: int, height: int, language: str) -> None:
        """A screen of that size, a browser in that language, and no JavaScript."""
        self.do("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=2, mobile=True)
        self.do("Emulation.setScriptExecutionDisabled", value=True)
        self.do("Network.setExtraHTTPHeaders", headers={"Accept-Language": language})

    def do(self, method: str, **params: Any) -> dict[str, Any]:
        """One command of the protocol, and its result."""
        number = next(self._numbers)
        message: dict[str, Any] = {"id": number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while True:
            heard = self._hear()
            if heard.get("id") == number:
                assert "error" not in heard, heard
                result: dict[str, Any] = heard["result"]
                return result

    def wait_for(self, event: str) -> None:
        """Read on until that event comes."""
        while self._hear().get("method") != event:
            pass

    def open(self, url: str) -> None:
        """Go to a page and wait until it is there."""
        self.do("Page.navigate", url=url)
        self.wait_for("Page.loadEventFired")

    def press(self, key: str) -> None:
        """Press a key."""
        text = {"Enter": "\r", " ": " "}.get(key, "")
        code = {"windowsVirtualKeyCode": _KEYS[key], "key": key, "code": "Space" if key == " " else key}
        self.do("Input.dispatchKeyEvent", type="keyDown", **code, text=text)
        self.do("Input.dispatchKeyEvent", type="keyUp", **code)

    def nodes(self) -> list[tuple[str, str, dict[str, Any]]]:
        """What a screen reader is told, in order: role, name, properties."""
        tree = self.do("Accessibility.getFullAXTree")["nodes"]
        return [
            (
                node["role"]["value"],
                str(node.get("name", {}).get("value", "")),
                {one["name"]: one["value"].get("value") for one in node.get("properties", ())},
            )
            for node in tree
            if not node.get("ignored")
        ]

    def focused(self) -> str:
        """The role and name of what the keyboard is at."""
        found = [(role, name) for role, name, told in self.nodes() if told.get("focused") and role != "RootWebArea"]
        return " ".join(found[0]) if found else ""

    def width(self) -> float:
        """How wide the content is, in pixels of the page."""
        return float(self.do("Page.getLayoutMetrics")["cssContentSize"]["width"])

    def picture(self, path: Path) -> None:
        """Keep what is to be seen."""
        path.write_bytes(base64.b64decode(self.do("Page.captureScreenshot")["data"]))

    def _hear(self) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            read = os.read(self._from, 65536)
            assert read, "the browser has gone"
            self._buffer += read
        raw, _, self._buffer = self._buffer.partition(b"\0")
        heard: dict[str, Any] = json.loads(raw)
        if heard.get("method") == "Log.entryAdded":
            self.complaints.append(heard["params"]["entry"]["text"])
        return heard


@contextmanager
def browsing() -> Iterator[Page]:
    """A browser with one page; it is closed at the end."""
    down_read, down_write = os.pipe()
    up_read, up_write = os.pipe()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        process = subprocess.Popen(
            [
                *(sys.executable, "-c", _BEGIN, str(down_read), str(up_write), CHROMIUM),
                *("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-dev-shm-usage"),
                *("--remote-debugging-pipe", f"--user-data-dir={profile}", "--disable-background-networking"),
            ],
            pass_fds=(down_read, up_write),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(down_read)
        os.close(up_write)
        try:
            yield Page(down_write, up_read)
        finally:
            process.terminate()
            process.wait(20)
            os.close(down_write)
            os.close(up_read)
