"""Markdown's tree as plain text of 72 columns: the part that screen readers, old terminals and copy-and-paste read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

from markdown_it.token import Token
from markdown_it.tree import SyntaxTreeNode

from distributor.rendering.widths import break_line, display_width, pad

WIDTH = 72


def render(tokens: Sequence[Token], width: int = WIDTH) -> str:
    """The document as text without a line end after it; every word, link and cell of the source is in it."""
    return _blocks(SyntaxTreeNode(list(tokens)).children, width)


@lru_cache(maxsize=256)  # notices and headlines, the same for every recipient
def wrap(text: str, width: int = WIDTH) -> str:
    """`text` with its own lines kept and the long ones broken, never in a URL or a number.

    Width is what a reader sees: a Chinese letter takes two columns, and a line may end after it without a blank.
    """
    return "\n".join(_wrap_line(line, width) for line in text.split("\n"))


def _wrap_line(line: str, width: int) -> str:
    wrapped = break_line(line, max(width, 20))
    # Many readers take "-- " on a line of its own for the beginning of a signature, and hide what follows.
    return "\n".join(" --" if part == "--" else part for part in wrapped)


def _blocks(nodes: Sequence[SyntaxTreeNode], width: int, *, tight: bool = False) -> str:
    parts = [_block(node, width) for node in nodes]
    return ("\n" if tight else "\n\n").join(part for part in parts if part)


def _block(node: SyntaxTreeNode, width: int) -> str:
    render_block = _BLOCKS.get(node.type)
    if render_block is not None:
        return render_block(node, width)
    # A block of a kind unknown here still gives its text: nothing is lost.
    return _blocks(node.children, width) if node.children else wrap(node.content, width)


def _paragraph(node: SyntaxTreeNode, width: int) -> str:
    return wrap(_inline(node), width)


def _heading(node: SyntaxTreeNode, width: int) -> str:
    title = wrap(_inline(node), width)
    longest = max(display_width(line) for line in title.split("\n"))
    return f"{title}\n{('=' if node.tag == 'h1' else '-') * longest}"


def _quote(node: SyntaxTreeNode, width: int) -> str:
    return _prefixed(_blocks(node.children, width - 2), "> ", "> ")


def _code(node: SyntaxTreeNode, _width: int) -> str:
    return _prefixed(node.content.rstrip("\n"), "    ", "    ")


def _rule(_node: SyntaxTreeNode, _width: int) -> str:
    return "* * *"


def _prefixed(text: str, first: str, rest: str) -> str:
    lines = text.split("\n")
    return "\n".join((f"{rest if number else first}{line}").rstrip() for number, line in enumerate(lines))


def _list(node: SyntaxTreeNode, width: int) -> str:
    start = int(node.attrs.get("start", 1))
    ordered = node.type == "ordered_list"
    tight = all(child.hidden for item in node.children for child in item.children if child.type == "paragraph")
    items = []
    for number, item in enumerate(node.children, start):
        mark = f"{number}. " if ordered else "- "
        content = _blocks(item.children, width - len(mark), tight=tight)
        items.append(_prefixed(content, mark, " " * len(mark)))
    return ("\n" if tight else "\n\n").join(items)


def _table(node: SyntaxTreeNode, width: int) -> str:
    lines = [row for part in node.children for row in part.children]
    rows = [[_inline(cell).replace("\n", " ") for cell in line.children] for line in lines]
    columns = [max(display_width(row[place]) for row in rows) for place in range(len(rows[0]))]
    sides = [str(cell.attrs.get("style", "")).removeprefix("text-align:") or "left" for cell in lines[0].children]
    if sum(columns) + 3 * (len(columns) - 1) <= width:
        aligned = [" | ".join(map(_padded, row, columns, sides)) for row in rows]
        aligned.insert(1, "-+-".join("-" * size for size in columns))
        return "\n".join(line.rstrip() for line in aligned)
    # Too wide for columns: each row as lines of "heading: cell".
    if len(rows) == 1:
        return "\n".join(wrap(cell, width) for cell in rows[0])
    blocks = [
        "\n".join(wrap(f"{head}: {cell}" if head else cell, width) for head, cell in zip(rows[0], row, strict=True))
        for row in rows[1:]
    ]
    return "\n\n".join(blocks)


def _padded(cell: str, columns: int, side: str) -> str:
    return pad(cell, columns, align=side)


def _inline(node: SyntaxTreeNode) -> str:
    if not node.children:
        return {"softbreak": " ", "hardbreak": "\n"}.get(node.type, node.content)
    text = "".join(_inline(child) for child in node.children)
    match node.type:
        case "link":
            return with_target(text, str(node.attrs.get("href", "")))
        case "s":
            # What is struck out means the opposite: unlike emphasis, it must show.
            return f"~~{text}~~"
        case "image":
            return f"[{text}]"
        case _:
            return text


def with_target(text: str, target: str) -> str:
    """A link in plain text: `text (https://…)`, or one of the two where they say the same."""
    shown = target.removeprefix("mailto:").removeprefix("tel:")
    if not target or text.strip() in {target, shown}:
        return text
    return f"{text} ({shown})" if text.strip() else shown


_BLOCKS: dict[str, Callable[[SyntaxTreeNode, int], str]] = {
    "paragraph": _paragraph,
    "inline": _paragraph,
    "heading": _heading,
    "blockquote": _quote,
    "bullet_list": _list,
    "ordered_list": _list,
    "fence": _code,
    "code_block": _code,
    "hr": _rule,
    "table": _table,
}
