"""A DNS that says what a test wrote down, and counts what it was asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from distributor.doctor.lookup import DnsSilent


class Zone:
    """A `Lookup` over TXT records by name, and records of other types by (name, type); `silent` names never answer."""

    def __init__(
        self,
        texts: Mapping[str, str | Sequence[str]] | None = None,
        others: Mapping[tuple[str, str], Sequence[str]] | None = None,
        silent: Sequence[str] = (),
    ) -> None:
        self._records: dict[tuple[str, str], Sequence[str]] = dict(others or {})
        for name, text in (texts or {}).items():
            self._records[name, "TXT"] = [text] if isinstance(text, str) else text
        self._silent = silent
        self.asked: list[str] = []

    def __call__(self, name: str, kind: str) -> Sequence[str]:
        self.asked.append(f"{name} {kind}")
        if name in self._silent:
            raise DnsSilent("the test says so")
        return self._records.get((name, kind), ())
