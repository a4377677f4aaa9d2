"""What the doctor's tests do to a workspace."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

SetUp = Callable[..., Path]


def write_settings(folder: Path, **values: str) -> None:
    """Set variables in `.env`."""
    env_file = folder / ".env"
    lines = env_file.read_text(encoding="utf-8").splitlines()
    for name, value in values.items():
        lines = [line for line in lines if not line.startswith(f"DISTRIBUTOR_{name}=")]
        lines.append(f"DISTRIBUTOR_{name}={value}")
    env_file.write_text("\n".join(lines) + "\n", encoding="utf-8")
