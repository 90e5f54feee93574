"""The chart of growth, written as SVG by hand: the benchmark needs no plotting package."""

from __future__ import annotations

import math
from typing import Any

WIDTH, HEIGHT = 620, 360
LEFT, RIGHT, TOP, BOTTOM = 60, 170, 20, 50
COLOURS = ("#4c78a8", "#f58518", "#54a24b", "#b279a2")


def growth_chart(known: dict[str, Any], target: float) -> str:
    """Times against sizes, both relative to the smallest and on logarithmic axes.

    Args:
        known: name: {"points": [{"factor", "seconds"}, ...]}.
        target: how many times as long the tenfold size may take.
    """
    lines = {
        name: [
            (point["factor"], point["seconds"] / one["points"][0]["seconds"])
            for point in one["points"]
            if math.isfinite(point["seconds"])
        ]
        for name, one in known.items()
    }
    values = [value for line in lines.values() for _, value in line]
    top = max([target, *values]) * 1.15
    bottom = min([1.0, *values]) / 1.15

    def x(factor: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * math.log10(factor)

    def y(value: float) -> float:
        share = math.log(value / bottom) / math.log(top / bottom)
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * share

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        'font-family="sans-serif" font-size="12" role="img">',
        "<title>Time against size, both relative to the smallest</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
    ]
    for factor in (1, 3, 10):
        parts.append(_line(x(factor), y(bottom), x(factor), y(top), "#ddd"))
        parts.append(_text(x(factor), HEIGHT - BOTTOM + 18, f"×{factor}", "middle"))
    for value in (1, 2, 3, 5, 10, 20, 50, 100):
        if bottom <= value <= top:
            parts.append(_line(x(1), y(value), x(10), y(value), "#ddd"))
            parts.append(_text(LEFT - 8, y(value) + 4, f"×{value}", "end"))
    parts.append(_line(x(1), y(1), x(10), y(target), "#999", dash=True))
    labels = [(y(target), f"at most ×{target:g}", "#666")]
    for colour, (name, line) in zip(COLOURS, lines.items(), strict=False):
        path = " ".join(f"{x(factor):.1f},{y(value):.1f}" for factor, value in line)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [
            f'<circle cx="{x(factor):.1f}" cy="{y(value):.1f}" r="3.5" fill="{colour}"/>'
            for factor, value in line
        ]
        if line:
            labels.append((y(line[-1][1]), name, colour))
    parts += [
        _text(x(10) + 10, height + 4, label, "start", colour)
        for height, label, colour in _apart(labels)
    ]
    parts.append(_text((x(1) + x(10)) / 2, HEIGHT - 12, "size", "middle"))
    parts.append(_text(LEFT - 40, TOP - 6, "time", "start"))
    return "\n".join([*parts, "</svg>"]) + "\n"


def _apart(labels: list[tuple[float, str, str]]) -> list[tuple[float, str, str]]:
    """Labels moved down until none hides another."""
    placed: list[tuple[float, str, str]] = []
    for height, label, colour in sorted(labels):
        lowest = placed[-1][0] + 15 if placed else height
        placed.append((max(height, lowest), label, colour))
    return placed


def _line(x1: float, y1: float, x2: float, y2: float, colour: str, dash: bool = False) -> str:
    style = ' stroke-dasharray="5 4"' if dash else ""
    ends = f'x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"'
    return f'<line {ends} stroke="{colour}"{style}/>'


def _text(x: float, y: float, text: str, anchor: str, colour: str = "#333") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">{text}</text>'
