"""How the language versions of one sending are shown: who gets which."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from distributor.cli.terminal.output import console
from distributor.outgoing.proving import Proved


def show_languages(versions: Sequence[Proved], *, detailed: bool = False) -> None:
    """How many get each version; `detailed` names who gets which translation."""
    if len(versions) == 1:
        return
    out = console()
    shown = ", ".join(
        f"{one.stored.version.lang} {one.rendered}" + (f" («{one.stored.release.slug}»)" if number else "")
        for number, one in enumerate(versions)
    )
    out.print(f"By version: {shown}")
    for one in versions[1:] if detailed else ():
        for planned in one.manifest.recipients:
            out.print(f"  {one.stored.release.slug}: {planned.recipient.name or planned.address}")


def languages_as_json(versions: Sequence[Proved]) -> dict[str, Any]:
    """Who gets which version, by address."""
    return {
        "versions": [
            {
                "release": one.stored.release.slug,
                "lang": one.stored.version.lang,
                "version": one.stored.version.number,
                "total": one.rendered,
                "addresses": [str(planned.address) for planned in one.manifest.recipients],
            }
            for one in versions
        ]
    }
