"""Chromium without a screen, and axe-core in it: what a page does when opened, and whether everybody can use it."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

_AXE = Path(__file__).parents[1] / "node_modules" / "axe-core" / "axe.min.js"
_POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>')
_RUN = """
axe.run(document, {resultTypes: ["violations"]}).then((found) => {
  const told = found.violations.map((one) => one.id + ": " + one.nodes.map((node) => node.target.join(" ")).join(", "));
  document.body.innerHTML = "<pre id='found'></pre>";
  document.getElementById("found").textContent = JSON.stringify({told, checked: found.passes.length});
});
"""


def chromium() -> str:
    """Where Chromium is; the test is skipped where it is not."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        pytest.skip("Chromium is not installed")
    return found


def opened(page: Path, profile: Path, *flags: str) -> tuple[str, str]:
    """The page as it stands once its scripts have run, and all that the browser said of it."""
    command = [
        chromium(), "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--v=0",
        f"--user-data-dir={profile}", "--virtual-time-budget=20000", *flags, "--dump-dom", page.as_uri(),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    console = [line for line in done.stderr.splitlines() if "CONSOLE" in line or "Refused to" in line]
    return done.stdout, "\n".join(console)


def violations(page: Path, profile: Path, *flags: str) -> list[str]:
    """What axe-core finds wrong in the page: (rule: where), one text each."""
    if not _AXE.exists():
        pytest.skip("axe-core is not installed (npm install --no-save axe-core)")
    text = _POLICY.sub("", page.read_text(encoding="utf-8"))
    axe = _AXE.read_text(encoding="utf-8").replace("</script", "<\\/script")
    checked = page.with_name(f"axe-{page.name}")
    checked.write_text(text.replace("</body>", f"<script>{axe}</script><script>{_RUN}</script></body>"), "utf-8")
    shown, _console = opened(checked, profile, *flags)
    found = re.search(r'<pre id="found">(.*?)</pre>', shown, re.DOTALL)
    assert found, "axe-core did not run"
    result: dict[str, Any] = json.loads(html.unescape(found[1]))
    assert result["checked"], "axe-core checked nothing"
    told: list[str] = result["told"]
    return told
