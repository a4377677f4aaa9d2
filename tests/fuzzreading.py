"""Fuzzing of what comes back, guided by coverage: `make fuzz`, or `make fuzz MINUTES=30`. It fetches atheris.

A message that breaks the reader is written to `crash-…`: it belongs into `test_hostile_mail.py`, and is mended then.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import atheris  # type: ignore[import-not-found,unused-ignore]
from comebackforms import TOLD
from comebacks import FORMS, bounce, complaint, letter, report

with atheris.instrument_imports(include=["distributor.feedback", "email"]):
    from distributor.feedback.apply import digest_of
    from distributor.feedback.reading import read_message


def read(raw: bytes) -> None:
    """Whatever it is, it is read, and what is found can be written down."""
    digest_of(raw)
    found = read_message(raw)
    assert len(found.findings) <= 200
    for text in (found.subject, found.sender, *(one.address for one in found.findings)):
        text.encode("utf-8")


def write_seeds(folder: Path) -> None:
    """A small corpus to begin with: our own samples."""
    told = [bounce(*one[:2]) for one in (*FORMS.values(), *list(TOLD.values())[::5])]
    told += [report("Final-Recipient: rfc822; a@b.example", "Action: failed", "Status: 5.1.1")]
    told += [complaint("a@b.example", "<1@b.example>"), letter("a@b.example", "Re: Bilan", "Merci.")]
    for number, raw in enumerate(told):
        (folder / f"{number}.eml").write_bytes(raw)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        write_seeds(Path(name))
        atheris.Setup([sys.argv[0], name, "-max_len=20000", "-timeout=10", *sys.argv[1:]], read)
        atheris.Fuzz()
