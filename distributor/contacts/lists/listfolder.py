"""A folder of press lists: a CSV file for each with members, and `lists.toml` for names, sectors and queries."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from distributor.errors import BadInput
from distributor.folding import slugify

INDEX = "lists.toml"
"""The file of the folder that says what its lists are called and are about."""

_KEYS = frozenset({"name", "sector", "query"})
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_REJECTS = re.compile(r"-rejects(-\d+)?\.csv", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ListEntry:
    """A list of the folder: its slug, and the file of its members; a smart one has a `query` and no file.

    `name` and `sector` are None where the folder does not say: the base keeps what it has.
    """

    slug: str
    file_name: str = ""
    name: str | None = None
    sector: str | None = None
    query: str = ""


def read_folder(index: str, file_names: Iterable[str]) -> list[ListEntry]:
    """The lists of a folder, by slug: those of its index (the text of `lists.toml`) and of its CSV files.

    Files of rejected rows are none. Raises `BadInput` for an index that cannot be read, a list with neither file nor
    query, one with both, and two files for one list.
    """
    entries = read_index(index)
    files: dict[str, str] = {}
    for name in sorted(file_names):
        slug = slugify(name.rpartition(".")[0])
        if not slug or _REJECTS.search(name):
            continue
        if slug in files:
            raise BadInput(f"{files[slug]} and {name} are both the list «{slug}».", mend="Keep one of them.")
        files[slug] = name
    for slug in files.keys() | entries.keys():
        entry = entries.get(slug, ListEntry(slug))
        if entry.query and slug in files:
            message = f"The list «{slug}» has a query here and members in {files[slug]}."
            raise BadInput(message, mend="Keep one of them.", file=INDEX)
        if not entry.query and slug not in files:
            message = f"The list «{slug}» has neither a file {slug}.csv nor a query."
            raise BadInput(message, mend="Put its file back, or take it out of here.", file=INDEX)
        entries[slug] = ListEntry(slug, files.get(slug, ""), entry.name, entry.sector, entry.query)
    return [entries[slug] for slug in sorted(entries)]


def read_index(text: str) -> dict[str, ListEntry]:
    """The entries of `lists.toml` by slug, without their files; `BadInput` for a text that is no such index."""
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"It cannot be read: {error}.", file=INDEX) from None
    return {slug: _entry(slug, value) for slug, value in found.items()}


def _entry(slug: str, value: Any) -> ListEntry:
    if not isinstance(value, Mapping) or slug != slugify(slug):
        raise BadInput(f"«{slug}» is no list.", file=INDEX, mend="A list is a table of its short name, as: [economie]")
    for key, said in value.items():
        if key not in _KEYS:
            raise BadInput(f"«{key}» is not known.", file=INDEX, field=slug, mend="It may say name, sector and query.")
        if not isinstance(said, str):
            raise BadInput("A text is expected, in quotes.", file=INDEX, field=f"{slug}.{key}")
    query = str(value.get("query", "")).strip()
    return ListEntry(slug, name=value.get("name"), sector=value.get("sector"), query=query)


def write_index(entries: Iterable[ListEntry]) -> str:
    """The text of `lists.toml`: one table per list, by slug, so that a version control system shows what changed."""
    tables = []
    for entry in sorted(entries, key=lambda one: one.slug):
        said = {"name": entry.name or entry.slug, "sector": entry.sector or "", "query": entry.query}
        lines = [
            f"[{entry.slug if _BARE_KEY.fullmatch(entry.slug) else _quoted(entry.slug)}]",
            *(f"{key} = {_quoted(text)}" for key, text in said.items() if text),
        ]
        tables.append("\n".join(lines) + "\n")
    return "\n".join(tables)


def _quoted(text: str) -> str:
    """A basic string of TOML; JSON's is one too, but for the delete character."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
