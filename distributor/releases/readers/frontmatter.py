"""The front matter of a release: YAML read strictly, each scalar kept as written, each fault with its line."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TypeGuard

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from distributor.errors import BadInput

_MAX_DEPTH = 12
_MAX_CHARS = 64_000
_TAG = "tag:yaml.org,2002:"
_PLAIN_TAGS = frozenset(
    _TAG + name for name in ("str", "int", "float", "bool", "null", "timestamp", "seq", "map", "merge", "value")
)
_NO_TEXT = re.compile("[\0\ud800-\udfff]")
"""What YAML's escapes can write although no file can hold it, nor a database keep it."""
_KEY = re.compile(r"^[^\W\d][\w -]*\s*:(?:\s|$)")


@dataclass(frozen=True, slots=True)
class Entry:
    """One key's value, still a YAML node, and the source line of the key."""

    key: str
    node: Node
    line: int


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """The entries between the `---` lines, whose first is `first_line`; the text after them begins at `body_line`."""

    entries: dict[str, Entry]
    first_line: int
    body_line: int


def split_front_matter(rows: list[str]) -> FrontMatter | None:
    """Read the front matter at the very top of a text given as lines; None when there is none.

    Raises `BadInput` with the file's own line for an unterminated block, broken YAML, a key given twice, an alias or
    anchor (they can make a small file a huge one), a tag, or nesting deeper than 12.
    """
    start = next((index for index, row in enumerate(rows) if row.strip()), None)
    if start is None or rows[start].rstrip() != "---":
        return None
    end = next((index for index in range(start + 1, len(rows)) if rows[index].rstrip() in {"---", "..."}), None)
    keyed = any(_KEY.match(row) for row in rows[start + 1 : end])
    if end is None:
        if not keyed:
            return None
        raise BadInput(
            "The front matter is not closed.",
            mend="Put a line `---` after its last key.",
            line=start + 1,
        )
    inside = rows[start + 1 : end]
    if not keyed and any(row.strip() and not row.lstrip().startswith("#") for row in inside):
        return None
    return FrontMatter(read_mapping("\n".join(inside), first_line=start + 2), start + 2, end + 2)


def read_mapping(text: str, *, first_line: int) -> dict[str, Entry]:
    """Compose YAML whose first line is `first_line` of its file into entries; raises `BadInput` as above."""
    if len(text) > _MAX_CHARS:
        raise BadInput(
            "The front matter is far too long.", mend="Close it with `---` before the text.", line=first_line
        )
    try:
        node = _Loader(text, first_line).get_single_node()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise BadInput(
            f"The front matter is not valid YAML: {error.problem or error.context}.",
            mend='Put a value that holds a colon or begins with a sign in quotes, such as `title: "Grève : la suite"`.',
            line=first_line + (mark.line if mark else 0),
        ) from None
    except yaml.YAMLError as error:
        raise BadInput("The front matter holds characters that YAML does not allow.", line=first_line) from error
    if node is None:
        return {}
    if not isinstance(node, MappingNode):
        raise BadInput("The front matter is not a list of `key: value` lines.", line=first_line)
    return mapping(node, first_line=first_line, field="")


def mapping(node: MappingNode, *, first_line: int, field: str) -> dict[str, Entry]:
    """The entries of a mapping node; `BadInput` for a key that is no text or comes twice."""
    entries: dict[str, Entry] = {}
    for key, value in node.value:
        line = first_line + key.start_mark.line
        if not isinstance(key, ScalarNode):
            raise BadInput("A key of the front matter is not a word.", line=line, field=field or None)
        if key.value in entries:
            raise BadInput(
                f"`{key.value}` is given twice.", mend="Keep one of them.", line=line, field=field or key.value
            )
        entries[key.value] = Entry(key.value, value, line)
    return entries


def is_empty(node: Node) -> bool:
    """Whether nothing was written after the key."""
    return isinstance(node, ScalarNode) and node.style is None and node.tag == f"{_TAG}null"


def is_text(node: Node) -> TypeGuard[ScalarNode]:
    """Whether the value is a single text, number or date: something written in one piece."""
    return isinstance(node, ScalarNode)


def as_value(node: Node, *, first_line: int) -> object:
    """A node as JSON-able values: truth values, numbers and nulls as such, dates and everything else as written."""
    if isinstance(node, MappingNode):
        entries = mapping(node, first_line=first_line, field="")
        return {key: as_value(entry.node, first_line=first_line) for key, entry in entries.items()}
    if isinstance(node, SequenceNode):
        return [as_value(child, first_line=first_line) for child in node.value]
    return _scalar(str(node.value), node.tag.removeprefix(_TAG))


def _scalar(text: str, tag: str) -> object:
    if tag == "null":
        return None
    if tag == "bool" and text.lower() in {"true", "false"}:
        return text.lower() == "true"  # `no` and `on` stay words: YAML 1.1's reading of them surprises
    # A number that would not be written back the same (0123, 1_000, 12:30) is text to the person who wrote it.
    if tag == "int" and re.fullmatch(r"-?(?:0|[1-9]\d{0,17})", text):
        return int(text)
    if tag == "float" and re.fullmatch(r"-?\d{1,15}\.\d{1,15}", text):
        return float(text)
    return text


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader, composing only, without aliases, anchors and tags, and with a limit to nesting."""

    def __init__(self, text: str, first_line: int) -> None:
        super().__init__(text)
        self._first_line = first_line
        self._depth = 0

    def compose_node(self, parent: Node | None, index: int) -> Node | None:
        event: yaml.Event = self.peek_event()  # type: ignore[no-untyped-call]  # the stubs leave it untyped
        line = self._first_line + (event.start_mark.line if event.start_mark else 0)
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise BadInput(
                "The front matter uses a YAML anchor or alias (`&` or `*`).",
                mend="Write the value out, or put it in quotes.",
                line=line,
            )
        if self._depth >= _MAX_DEPTH:
            raise BadInput("The front matter is nested too deeply.", mend="Write plain `key: value` lines.", line=line)
        if isinstance(event, yaml.ScalarEvent) and _NO_TEXT.search(event.value):
            raise BadInput(
                "The front matter writes out a character (as `\\u` or `\\x`) that no text can hold.",
                mend="Write the character itself, or leave it out.",
                line=line,
            )
        self._depth += 1
        node = super().compose_node(parent, index)
        self._depth -= 1
        if node is not None and getattr(event, "tag", None) not in {None, "!"} and node.tag not in _PLAIN_TAGS:
            raise BadInput(
                f"The front matter uses a YAML tag (`{node.tag}`).",
                mend="Put the value in quotes.",
                line=line,
            )
        return node
