"""The parts of a page: headings, tables, pictures with captions, a line plot."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np

_STYLE = """
@page { size: A4; margin: 14mm }
body { font: 10.5pt/1.35 Helvetica, Arial, sans-serif; color: #111; background: #fff; max-width: 190mm;
       margin: 8mm auto; padding: 0 4mm }
h1 { font-size: 15pt; margin: 0 0 1mm } h2 { font-size: 11.5pt; margin: 5mm 0 1.5mm; border-bottom: 1px solid #bbb }
p { margin: 1mm 0 } .statement { font-weight: bold; color: #a30000 } .note { color: #444; font-size: 9pt }
.verdict { border: 1.5px solid #333; padding: 2mm 3mm; margin: 3mm 0; font-weight: bold }
table { border-collapse: collapse; font-size: 9.5pt } td, th { padding: .4mm 2.5mm; border-bottom: 1px solid #ddd;
        text-align: right; vertical-align: top } td:first-child, th:first-child { text-align: left }
table.facts td { text-align: left } table.facts td:first-child { color: #444; white-space: nowrap }
.pictures { display: flex; flex-wrap: wrap; gap: 2mm } figure { margin: 0; break-inside: avoid }
figure img { width: 100%; image-rendering: pixelated; background: #000; display: block }
figcaption { font-size: 9pt } .measured { border-left: 3px solid #d98a00; padding-left: 1.5mm }
.computed { border-left: 3px solid #1c6fc4; padding-left: 1.5mm } svg { max-width: 100%; break-inside: avoid }
"""
_COLOURS = ("#888888", "#333333", "#1c6fc4", "#b5179e", "#2a9d4a")
_WIDTH, _HEIGHT, _LEFT, _BELOW = 680, 190, 46, 30


def document(title: str, parts: Sequence[str]) -> str:
    """Put a page together of parts that are HTML already; it needs nothing from anywhere else."""
    policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}"><style>{_STYLE}</style></head>\n'
        f"<body>\n{chr(10).join(parts)}\n</body></html>\n"
    )


def heading(words: str, level: int = 2) -> str:
    """Give a heading."""
    return f"<h{level}>{escape(words)}</h{level}>"


def paragraph(words: str, kind: str = "") -> str:
    """Give a paragraph; `kind` is "", "statement", "note" or "verdict"."""
    return f'<p class="{kind}">{escape(words)}</p>' if kind else f"<p>{escape(words)}</p>"


def facts(pairs: Sequence[tuple[str, str]]) -> str:
    """Give names and values, one a line."""
    rows = "".join(f"<tr><td>{escape(name)}</td><td>{escape(value)}</td></tr>" for name, value in pairs)
    return f'<table class="facts">{rows}</table>'


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Give a table; the first column holds names, the others figures."""
    head = "".join(f"<th>{escape(cell)}</th>" for cell in header)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{body}</table>"


def pictures(entries: Sequence[tuple[str, str, str]], across: int = 2) -> str:
    """Give pictures, `across` in a row: data URI, caption, and "measured" or "computed"."""
    width = f"{168 // across - 1}mm"  # an A4 page leaves 174 mm, the gap is 2 mm
    figures = "".join(_figure(*entry, width) for entry in entries)
    return f'<div class="pictures">{figures}</div>'


def _figure(uri: str, caption: str, kind: str, width: str) -> str:
    words = escape(caption)
    picture = f'<img alt="{words}" src="{uri}"><figcaption class="{kind}">{words}</figcaption>'
    return f'<figure style="width: {width}">{picture}</figure>'


def line_plot(x: np.ndarray, curves: dict[str, np.ndarray], across: str, up: str) -> str:
    """Give a line plot as SVG.

    Args:
        x: Shape (n,), ascending, in the unit that `across` names.
        curves: By name, each (n,); NaN leaves a gap.
        across: What `x` is.
        up: What the curves are.
    """
    values = np.concatenate([np.asarray(curve, dtype=float) for curve in curves.values()])
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    high = high if high > low else low + 1.0
    left, right, bottom = _LEFT, _WIDTH - 8, _HEIGHT - _BELOW

    def place(a: float, b: float) -> tuple[float, float]:
        share = (a - float(x[0])) / max(float(x[-1] - x[0]), 1e-9)
        return left + share * (right - left), bottom - (b - low) / (high - low) * (bottom - 8)

    parts = [f'<rect x="{left}" y="8" width="{right - left}" height="{bottom - 8}" fill="none" stroke="#bbb"/>']
    for value in _round_values(low, high):
        parts.append(_text(left - 4, place(float(x[0]), float(value))[1] + 3, f"{value:.4g}", "end"))
    for value in _round_values(float(x[0]), float(x[-1])):
        parts.append(_text(place(float(value), low)[0], bottom + 12, f"{value:.4g}", "middle"))
    for number, (name, curve) in enumerate(curves.items()):
        colour = _COLOURS[number % len(_COLOURS)]
        parts += [
            f'<polyline fill="none" stroke="{colour}" stroke-width="1.2" points="{points}"/>'
            for points in _runs(x, np.asarray(curve, dtype=float), place)
        ]
        parts.append(f'<rect x="{left + 8 + 150 * number}" y="{_HEIGHT - 9}" width="14" height="3" fill="{colour}"/>')
        parts.append(_text(left + 26 + 150 * number, _HEIGHT - 4, name, "start"))
    parts.append(_text(right, 20, f"{up}; across: {across}", "end"))
    return f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" role="img">{"".join(parts)}</svg>'


def _round_values(low: float, high: float) -> np.ndarray:
    """Give three to eight round values between two."""
    step = 10 ** np.floor(np.log10(max(high - low, 1e-9)))
    step *= next(part for part in (2, 1, 0.5, 0.2) if (high - low) / (step * part) >= 3)
    return np.arange(np.ceil(low / step - 1e-9), np.floor(high / step + 1e-9) + 1) * step


def _runs(x: np.ndarray, curve: np.ndarray, place: object) -> list[str]:
    runs: list[list[str]] = [[]]
    for a, b in zip(x, curve):
        if np.isfinite(b):
            runs[-1].append("{:.1f},{:.1f}".format(*place(float(a), float(b))))  # type: ignore[operator]
        elif runs[-1]:
            runs.append([])
    return [" ".join(run) for run in runs if run]


def _text(x: float, y: float, words: str, anchor: str) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="9" font-family="Helvetica, Arial" fill="#444" '
        f'text-anchor="{anchor}">{escape(words)}</text>'
    )
