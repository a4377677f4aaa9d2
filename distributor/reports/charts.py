"""The charts of a report as SVG: drawn here, by pygal, with no script and nothing fetched."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from distributor.reports.queries_details import Timeline

_DAY_S = 86_400
_PRINT = {"ink": "#1d1d1b", "pale": "#55534d", "line": "#1f6f54"}
_ROUND = re.compile(r"<!--.*?-->|<\?xml[^>]*\?>|<defs>\s*</defs>", re.DOTALL)
_STYLE = re.compile(r'<style type="text/css">.*?</style>', re.DOTALL)


def timeline_chart(timeline: Timeline, zone: ZoneInfo, *, title: str, colours: str = "page") -> str:
    """How many had it by when, as a curve; "" when there is nothing to draw.

    `colours` is "page" for colours that the page's style sheet gives, so that they follow light and dark, or "print"
    for fixed ones. Bars, which the page draws itself as text and boxes, need no library; a curve over time does.
    """
    if not timeline.steps or timeline.first == timeline.last:
        return ""
    start = timeline.steps[0][0]
    points = [((moment - start).total_seconds(), many) for moment, many in timeline.steps]
    return _curve([(0.0, 0), *points], start, zone, title, colours)


def trend_chart(points: Sequence[tuple[datetime, float]], zone: ZoneInfo, *, title: str, unit: str) -> str:
    """A figure of each release over the days, a dot for each; "" where two dots are not there to be compared.

    Shares stand on a scale from none to all, so that a small change does not look like a large one.
    """
    if len({moment for moment, _ in points}) < 2:
        return ""
    start, end = points[0][0], points[-1][0]
    chart = _chart(
        "page", show_dots=True, dots_size=4, fill=False,
        x_value_formatter=lambda x: datetime.fromtimestamp(start.timestamp() + x, zone).strftime("%d/%m/%y"),
    )  # fmt: skip
    span = (end - start).total_seconds()
    chart.x_labels = [span * step / 4 for step in range(5)]
    top = 100 if "%" in unit else max(value for _, value in points) or 1
    chart.range = (0, top)
    chart.y_labels = [{"value": value, "label": f"{value:g}{unit}"} for value in (0, round(top / 2, 1), top)]
    chart.add("", [((moment - start).total_seconds(), value) for moment, value in points])
    return _bare(chart.render(is_unicode=True), title, keeps_style=False)


def _curve(points: Sequence[tuple[float, int]], start: datetime, zone: ZoneInfo, title: str, colours: str) -> str:
    span, top = points[-1]
    chart = _chart(
        colours, show_dots=False, fill=True, x_value_formatter=lambda x: _clock(start, x, zone, is_long=span > _DAY_S)
    )
    chart.x_labels = [span * step / 4 for step in range(5)]
    chart.y_labels = sorted({0, round(top / 2), round(top * 0.9), top})
    chart.add("", list(points))
    return _bare(chart.render(is_unicode=True), title, keeps_style=colours == "print")


def _chart(colours: str, **options: Any) -> Any:
    import pygal  # type: ignore[import-untyped]  # noqa: PLC0415 - ships no types; only a report with charts needs it
    from pygal.style import Style  # type: ignore[import-untyped]  # noqa: PLC0415

    # Importing it leaves a finder of the old kind behind, over which every later import would trip.
    sys.meta_path[:] = [finder for finder in sys.meta_path if type(finder).__name__ != "PluginImportFixer"]
    given = _PRINT if colours == "print" else dict.fromkeys(_PRINT, "currentColor")
    style = Style(
        background="transparent", plot_background="transparent", foreground=given["pale"],
        foreground_strong=given["ink"], foreground_subtle=given["pale"], colors=(given["line"],), opacity=".18",
        font_family="sans-serif", label_font_size=13, major_label_font_size=13, value_font_size=13,
        guide_stroke_color=given["pale"], major_guide_stroke_color=given["pale"],
    )  # fmt: skip
    return pygal.XY(
        style=style, js=(), no_prefix=True, show_legend=False, width=760, height=260, margin=8, margin_right=40,
        include_x_axis=True, x_labels_major_count=5, truncate_label=-1, disable_xml_declaration=True,
        pretty_print=False, explicit_size=False, stroke_style={"width": 2.5}, **options,
    )  # fmt: skip


def _clock(start: datetime, seconds: float, zone: ZoneInfo, *, is_long: bool) -> str:
    moment = datetime.fromtimestamp(start.timestamp() + seconds, zone)
    return moment.strftime("%d/%m %H:%M" if is_long else "%H:%M:%S")


def _bare(svg: str, title: str, *, keeps_style: bool) -> str:
    """The drawing alone: no comment, no style of its own where the page has one, and a name for who cannot see it."""
    svg = _ROUND.sub("", svg).replace(' id=""', "", 1)
    if not keeps_style:
        svg = _STYLE.sub("", svg)
    svg = re.sub(r"<title>[^<]*</title>|<desc[^>]*>[^<]*</desc>|<script.*?</script>", "", svg, flags=re.DOTALL)
    label = title.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
    return svg.replace("<svg ", f'<svg role="img" aria-label="{label}" ', 1)
