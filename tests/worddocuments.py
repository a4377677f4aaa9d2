"""Word documents for tests, made here part by part: honest ones, and those that no program wrote."""

from __future__ import annotations

from collections.abc import Mapping
from xml.sax.saxutils import escape, quoteattr

from workbooks import archive

_SPACES = (
    'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    ' xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
    ' xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing"'
    ' xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'
    ' xmlns:pic="http://schemas.openxmlformats.org/drawingml/2006/picture"'
    ' xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
)
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"


def docx(body: str, *, links: Mapping[str, str] | None = None, **parts: str | bytes) -> bytes:
    """A document of this body; `links` are relations (id → target, as in the file); further parts as `word__x_xml`."""
    relations = "".join(
        f'<Relationship Id={quoteattr(name)} Type="{_OFFICE}/{"image" if target.startswith("media/") else "hyperlink"}"'
        f" Target={quoteattr(target)}{'' if target.startswith('media/') else ' TargetMode=' + quoteattr('External')}/>"
        for name, target in (links or {}).items()
    )
    members: dict[str, str | bytes] = {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types"><Default Extension="png"'
        ' ContentType="image/png"/><Default Extension="emf" ContentType="image/x-emf"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="d"'
        f' Type="{_OFFICE}/officeDocument" Target="word/document.xml"/></Relationships>',
        "word/document.xml": f"<w:document {_SPACES}><w:body>{body}</w:body></w:document>",
        "word/_rels/document.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">{relations}</Relationships>',
        "word/styles.xml": f'<w:styles {_SPACES}><w:style w:type="paragraph" w:styleId="T"><w:name w:val="Title"/>'
        '</w:style><w:style w:type="paragraph" w:styleId="H2"><w:name w:val="heading 2"/></w:style></w:styles>',
    }
    members |= {name.replace("__", "/").replace("_xml", ".xml"): content for name, content in parts.items()}
    return archive(members)


def part(root: str, inside: str) -> str:
    """A further part of a document, as a header, a footer or the comments."""
    return f"<w:{root} {_SPACES}>{inside}</w:{root}>"


def paragraph(*runs: str, style: str = "") -> str:
    """A paragraph of runs as `run` makes them, or of plain texts."""
    inside = "".join(one if one.startswith("<") else run(one) for one in runs)
    properties = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' if style else ""
    return f"<w:p>{properties}{inside}</w:p>"


def run(text: str, *properties: str) -> str:
    """A run of text with properties, as `b`, `i`, `strike`, `vanish`."""
    said = "".join(f"<w:{name}/>" for name in properties)
    return f'<w:r><w:rPr>{said}</w:rPr><w:t xml:space="preserve">{escape(text)}</w:t></w:r>'


def tracked(kind: str, text: str, author: str) -> str:
    """Words inserted (`ins`) or deleted (`del`) by somebody with changes tracked."""
    tag = "delText" if kind == "del" else "t"
    return f"<w:{kind} w:author={quoteattr(author)}><w:r><w:{tag}>{escape(text)}</w:{tag}></w:r></w:{kind}>"


def picture(relation: str, alt: str) -> str:
    """A run that shows the picture of a relation."""
    blip = f'<pic:pic><pic:blipFill><a:blip r:embed="{relation}"/></pic:blipFill></pic:pic>'
    return (
        f"<w:r><w:drawing><wp:inline><wp:docPr id='1' name='x' descr={quoteattr(alt)}/><a:graphic><a:graphicData>"
        f"{blip}</a:graphicData></a:graphic></wp:inline></w:drawing></w:r>"
    )


def table(*rows: tuple[str, ...]) -> str:
    """A table of plain texts."""
    cells = ("".join(f"<w:tc>{paragraph(run(text))}</w:tc>" for text in row) for row in rows)
    return f"<w:tbl>{''.join(f'<w:tr>{one}</w:tr>' for one in cells)}</w:tbl>"
