"""The page on which a message is looked at: on a telephone and a desktop, light and dark, with its headers and text."""

from __future__ import annotations

import re
from html import escape

from distributor.rendering.composer import Preview

_PHONE, _DESKTOP = 375, 760
_PREFERS = re.compile(r"\(\s*prefers-color-scheme\s*:\s*(light|dark)\s*\)", re.IGNORECASE)
_HEAD_END = re.compile(r"</head\s*>", re.IGNORECASE)
# True and false of every window, whatever the reader's own machine prefers.
_ALWAYS, _NEVER = "(min-width: 0)", "(max-width: 0)"

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-src 'self' about:">
<title>{title}</title>
<style>
body {{ margin: 24px; font: 15px/1.5 system-ui, sans-serif; color: #1d1d1b; background: #e4e2dc; }}
h1 {{ margin: 0 0 4px; font-size: 20px; }}
h2 {{ margin: 28px 0 8px; font-size: 15px; }}
.frames {{ display: flex; flex-wrap: wrap; gap: 20px; align-items: flex-start; }}
figure {{ margin: 0; max-width: 100%; }}
figcaption {{ margin: 0 0 6px; font-size: 13px; color: #55534d; }}
iframe {{ display: block; border: 1px solid #8a877f; border-radius: 6px; background: #fff; max-width: 100%; }}
iframe.dark {{ background: #121211; }}
table {{ border-collapse: collapse; font-size: 13px; }}
th {{ padding: 2px 14px 2px 0; text-align: start; vertical-align: top; white-space: nowrap; }}
td {{ overflow-wrap: anywhere; }}
pre {{ margin: 0; padding: 16px; background: #fff; border: 1px solid #8a877f; border-radius: 6px;
 white-space: pre-wrap; overflow-wrap: anywhere; font-size: 13px; max-width: 82ch; }}
</style>
</head>
<body>
<h1>{title}</h1>
<div>{recipient}</div>
<h2>As it looks</h2>
<div class="frames">
{frames}
</div>
<h2>Headers</h2>
<table>
{headers}
</table>
<h2>The text part</h2>
<pre>{text}</pre>
</body>
</html>
"""


def preview_page(preview: Preview) -> str:
    """One page that fetches nothing and runs nothing: the HTML part in four frames, the headers, the text part."""
    held = dict(preview.headers)
    headers = "\n".join(f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in preview.headers)
    frames = "\n".join(
        _frame(preview.page, scheme, name, width, height)
        for scheme in ("light", "dark")
        for name, width, height in (("telephone", _PHONE, 720), ("desktop", _DESKTOP, 720))
    )
    return _PAGE.format(
        title=escape(held.get("Subject", "")),
        recipient=escape(held.get("To", "")),
        frames=frames,
        headers=headers,
        text=escape(preview.text),
    )


def in_scheme(html: str, scheme: str) -> str:
    """The HTML part as a reader who prefers `scheme`, light or dark, sees it, whatever the browser itself prefers."""
    forced = _PREFERS.sub(lambda match: _ALWAYS if match[1].lower() == scheme else _NEVER, html)
    style = f"<style>:root {{ color-scheme: {scheme} !important; }}</style>"
    return _HEAD_END.sub(lambda match: style + match[0], forced, count=1)


def _frame(html: str, scheme: str, name: str, width: int, height: int) -> str:
    return (
        f'<figure><figcaption>{name}, {scheme}</figcaption><iframe class="{scheme}" sandbox title="{name}, {scheme}"'
        f' width="{width}" height="{height}" srcdoc="{escape(in_scheme(html, scheme))}"></iframe></figure>'
    )
