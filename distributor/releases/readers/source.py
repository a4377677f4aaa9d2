"""A release written out as Markdown with front matter: what `read_release` reads back as the same release."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import yaml

from distributor.releases.draft import PressContact, ReleaseDraft, Signatory
from distributor.releases.kinds import ReleaseKind

_LONGEST_FRONT = 50_000  # beyond it the boilerplate stands in the text


def write_source(draft: ReleaseDraft) -> str:
    """The whole draft as the text of a file; remarks and lines are the reader's to find again."""
    front = write_front(_fields(draft))
    body = draft.body
    if len(front) > _LONGEST_FRONT:
        front = write_front(_fields(draft) | {"boilerplate": ""})
        body = f"{body}\n\n{draft.boilerplate}"
    # Two spaces at the end of a line break it too, and the next editor takes them off.
    body = re.sub(r"(?<=[^\s\\])  \n(?=[^\S\n]*[^\s])", "\\\n", body)
    return f"---\n{front}---\n\n{body.strip(chr(10))}\n"


def write_front(fields: Mapping[str, Any]) -> str:
    """Fields as the YAML of a front matter, the empty ones left out."""
    held = {name: value for name, value in fields.items() if value not in ("", None, [], {}, ())}
    return yaml.dump(held, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=10**6) if held else ""


def person(one: PressContact | Signatory) -> dict[str, str]:
    """A person as the front matter gives them: only what is known."""
    return {name: text for name, text in asdict(one).items() if text}


def _fields(draft: ReleaseDraft) -> dict[str, Any]:
    people = [person(one) for one in draft.contacts]
    day = draft.dateline_date
    return {
        "title": draft.headline,
        "lang": draft.lang,
        "kind": draft.kind.value if draft.kind is not ReleaseKind.RELEASE else "",
        "standfirst": draft.standfirst,
        "dateline": {
            name: text for name, text in (("place", draft.dateline_place), ("date", day and day.isoformat())) if text
        },
        "embargo": draft.embargo_until.isoformat() if draft.embargo_until else "",
        "sector": draft.sector,
        "signatory": person(draft.signatory),
        "contact": people[0] if len(people) == 1 else people,
        "boilerplate": draft.boilerplate,
        "attachments": list(draft.attachments),
        "logo": draft.logo,
        "translation_of": draft.translation_of,
        **draft.extra,
    }


class _Dumper(yaml.SafeDumper):
    """PyYAML's safe writer: several lines as they read, and no anchors, which a front matter may not have."""

    def ignore_aliases(self, _data: object) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)
