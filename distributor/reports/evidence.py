"""Evidence of a release's dispatches as a zip: every row that proves it, under a chained and signed index.

The format is in docs/evidence.md. Anybody can check the hashes with common tools; the signature, only who has the key.
"""

from __future__ import annotations

import hashlib
import hmac
import io
import json
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, BinaryIO

from sqlalchemy import Connection

from distributor.errors import BadInput, Refused
from distributor.reports import queries_evidence
from distributor.reports.jsonlines import as_line
from distributor.reports.queries import Report
from distributor.tokens import Keyring
from distributor.unpacking import MAX_RATIO

INDEX, SIGNATURE = "index.jsonl", "signature.json"
FORMAT = "distributor-evidence-1"
_START = "0" * 64
_CHUNK = 1 << 16
_LONGEST_INDEX = 1 << 20  # it has a line for each table


@dataclass(frozen=True, slots=True)
class Verified:
    """What a check found whole; `is_signed` when the key was at hand and the signature is its own."""

    files: int
    rows: int
    key_id: str
    is_signed: bool


def write_evidence(file: BinaryIO, connection: Connection, report: Report, keyring: Keyring, made_at: datetime) -> None:
    """Write the zip, table by table and row by row; on one `reading`, so that it speaks of one moment."""
    about = {"release": report.slug, "dispatches": report.dispatch_ids, "made_at": made_at.isoformat()}
    write_tables(file, queries_evidence.tables(connection, report.dispatch_ids, report.slug), about, keyring)


def write_tables(
    file: BinaryIO,
    tables: Iterable[tuple[str, Iterator[Mapping[str, Any]]]],
    about: Mapping[str, Any],
    keyring: Keyring,
) -> None:
    """Write the rows of each table, their chained index, and its signature, which says what it is `about`."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        chained = list(_chained([_written(archive, f"{name}.jsonl", rows) for name, rows in tables]))
        archive.writestr(INDEX, b"".join(as_line(one) for one in chained))
        head = {
            "format": FORMAT,
            **about,
            "files": len(chained),
            "chain": chained[-1]["chain"],
            "key_id": keyring.key_id,
        }
        archive.writestr(SIGNATURE, json.dumps(head | {"signature": _sign(head, keyring)}, indent=2))


def verify(file: BinaryIO, keyring: Keyring | None) -> Verified:
    """Check a zip of evidence; `Refused` says what was changed, `BadInput` that it is none.

    Checked: that no file was changed, added, left out or put elsewhere, and, with the key at hand, who signed it. It is
    read piece by piece: however large it is, or turns out to be, memory stays flat.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            _check_size(archive, file.seek(0, io.SEEK_END))
            return _verify(archive, keyring)
    except (
        zipfile.BadZipFile, zlib.error, KeyError, ValueError, TypeError, NotImplementedError, EOFError, RuntimeError,
    ) as error:  # fmt: skip
        raise BadInput(
            f"This is no evidence of ours, or it is damaged: {error}.", mend="Ask for the file again."
        ) from None


def _verify(archive: zipfile.ZipFile, keyring: Keyring | None) -> Verified:
    names = archive.namelist()
    head = json.loads(_small(archive, SIGNATURE))
    if head["format"] != FORMAT:
        raise BadInput(f"Its format is «{head['format']}», which this program does not know.", mend="Use a newer one.")
    index = [json.loads(line) for line in _small(archive, INDEX).splitlines()]
    if sorted(names) != sorted([INDEX, SIGNATURE, *(one["name"] for one in index)]):
        raise Refused("A file was added to the evidence, or taken out of it.")
    for said, found in zip(index, _chained(_measured(archive, one["name"]) for one in index), strict=True):
        if said != found:
            raise Refused(f"{said['name']} is not what it was when the evidence was made.")
    if not index or index[-1]["chain"] != head["chain"] or len(index) != head["files"]:
        raise Refused("The index is not the one that was signed.")
    is_ours = keyring is not None and keyring.key_id == head["key_id"]
    if is_ours and keyring is not None:
        signed = {name: value for name, value in head.items() if name != "signature"}
        if not hmac.compare_digest(_sign(signed, keyring), str(head["signature"])):
            raise Refused("The signature is not ours: the index was made again by somebody without the key.")
    return Verified(len(index), sum(one["rows"] for one in index), str(head["key_id"]), is_ours)


def _check_size(archive: zipfile.ZipFile, size: int) -> None:
    """Refuse what was made to keep the reader busy: no part inflates beyond what the directory says of it."""
    unpacked = sum(one.file_size for one in archive.infolist())
    if unpacked > _LONGEST_INDEX and unpacked > MAX_RATIO * size:
        raise BadInput(f"It unpacks to more than {MAX_RATIO} times its size: no evidence does.")


def _small(archive: zipfile.ZipFile, name: str) -> bytes:
    with archive.open(name) as file:
        content = file.read(_LONGEST_INDEX + 1)
    if len(content) > _LONGEST_INDEX:
        raise BadInput(f"{name} is far longer than ours ever is.")
    return content


def _written(archive: zipfile.ZipFile, name: str, rows: Iterator[Mapping[str, Any]]) -> dict[str, Any]:
    digest, count, size = hashlib.sha256(), 0, 0
    with archive.open(name, "w", force_zip64=True) as file:
        for row in rows:
            line = as_line(row)
            file.write(line)
            digest.update(line)
            count, size = count + 1, size + len(line)
    return {"name": name, "rows": count, "bytes": size, "sha256": digest.hexdigest()}


def _measured(archive: zipfile.ZipFile, name: str) -> dict[str, Any]:
    digest, count, size = hashlib.sha256(), 0, 0
    with archive.open(name) as file:
        while chunk := file.read(_CHUNK):  # not line by line: a line of what is no evidence may never end
            digest.update(chunk)
            count, size = count + chunk.count(b"\n"), size + len(chunk)
    return {"name": name, "rows": count, "bytes": size, "sha256": digest.hexdigest()}


def _chained(entries: Any) -> Iterator[dict[str, Any]]:
    """Each entry with the hash of all before it: none can be changed, moved or left out alone."""
    chain = _START
    for entry in entries:
        line = json.dumps(entry, sort_keys=True, separators=(",", ":"))
        chain = hashlib.sha256(f"{chain}\n{line}".encode()).hexdigest()
        yield entry | {"chain": chain}


def _sign(head: Mapping[str, Any], keyring: Keyring) -> str:
    line = json.dumps(head, sort_keys=True, separators=(",", ":"))
    key = hmac.new(keyring.secret, b"distributor/evidence", hashlib.sha256).digest()
    return hmac.new(key, line.encode(), hashlib.sha256).hexdigest()
