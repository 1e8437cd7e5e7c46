"""Fill docs/trust.md with the figures of the default model: its uncertainty and its fracture study, from metrics.json.

    python tools/trust_page.py [--write] [--model MODEL]

Text between `<!-- NAME -->` and `<!-- end NAME -->` is replaced. Without --write it only says whether that is due
(a test asks the same), so no figure on that page is typed in by hand.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import Any

from CTEnhanceLib.evaluation.baselines import YARDSTICK
from CTEnhanceLib.evaluation.fractures.record import EARLIER, computing_methods, own_sentences
from CTEnhanceLib.evaluation.fractures.tables import markdown
from CTEnhanceLib.model.figures import read_metrics
from CTEnhanceLib.model.folder import find_model
from CTEnhanceLib.training.uncertainty.words import table

PAGE = Path(__file__).resolve().parent.parent / "docs" / "trust.md"


def blocks(metrics: dict[str, Any]) -> dict[str, list[str]]:
    """The parts of the page that metrics.json settles, by name; those it has no figures for are left out."""
    found = {}
    if "uncertainty" in metrics:
        found["uncertainty"] = table(metrics["uncertainty"])
    if any(row["name"] == "crisp end" for case in metrics.get("cases", {}).values() for row in case["rows"]):
        found["detail"] = _of_detail(metrics)
    if "fractures" in metrics:
        figures = metrics["fractures"]
        name = metrics.get("model", "context")
        picture = "![Gaps and steps: what is seen, bridged and mismeasured](pictures/fractures.png)"
        found["fracture sentences"] = [*[f"* **{said}**" for said in own_sentences(figures, name)], "", picture]
        tables = markdown(figures)
        found["fracture tables"] = tables[tables.index("### ") :].rstrip("\n").split("\n")
    return found


def _of_detail(metrics: dict[str, Any]) -> list[str]:
    """What each end and the default gain and invent: sFRC of metrics.json's cases, and the fracture study's gaps."""
    model = metrics["model"]
    columns = {YARDSTICK: YARDSTICK, "accurate end": "detail 0", model: "the default's detail", "crisp end": "detail 1"}
    lines = [f"| | {' | '.join(columns.values())} |", "|---" * (len(columns) + 1) + "|"]
    for case, record in metrics["cases"].items():
        rows = {row["name"]: row for row in record["rows"]}
        gains = [f"{rows[name]['regions']['bone']['gain_db']:+.2f}" for name in columns]
        lines.append(f"| {case}: gain in bone, dB | {' | '.join(gains)} |")
        if all(rows[name].get("sfrc") for name in columns):
            scans = [rows[name]["sfrc"] for name in columns]
            cells = [f"{scan['marked']} / {scan['invented']} of {scan['patches']}" for scan in scans]
            lines.append(f"| {case}: patches marked / invented | {' | '.join(cells)} |")
    return [*lines, *_fractures_of_detail(metrics)]


def _fractures_of_detail(metrics: dict[str, Any]) -> list[str]:
    figures = metrics.get("fractures")
    if figures is None:
        return []
    ends = [m for m in computing_methods(figures) if m.startswith(f"{metrics['model']}, detail") and EARLIER not in m]
    methods = [YARDSTICK, *sorted(ends, key=lambda m: float(m.rsplit(" ", 1)[1]))]
    if len(methods) != 4:
        return []
    invented = {row["method"]: row["per_cm2"] for row in figures["invented"]}
    lines = [f"| gaps invented in intact bone, per cm2 | {' | '.join(f'{invented[m]:.3f}' for m in methods)} |"]
    for width in (1.0, 2.0):
        seen = {
            row["method"]: f"{100 * row['seen']:.0f}"
            for row in figures["rows"]
            if (row["kind"], row["angles"], row["size_mm"]) == ("gap", "between slices", width)
        }
        lines.append(f"| gaps of {width:g} mm between slices seen, of 100 | {' | '.join(seen[m] for m in methods)} |")
    return lines


def filled(page: str, metrics: dict[str, Any]) -> str:
    """The page with each block replaced.

    Raises:
        ValueError: The page lacks the marks of a block.
    """
    for name, lines in blocks(metrics).items():
        pattern = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end {name} -->)", re.DOTALL)
        if not pattern.search(page):
            raise ValueError(f"{PAGE.name} has no block '{name}'")
        body = "\n".join(["", *lines, "", ""])
        page = pattern.sub(lambda m, body=body: m[1] + body + m[2], page)
    return page


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--model", default="context")
    args = parser.parse_args()
    before = PAGE.read_text(encoding="utf-8")
    after = filled(before, read_metrics(find_model(args.model)))
    if args.write and after != before:
        PAGE.write_text(after, encoding="utf-8")
    print("docs/trust.md is as metrics.json says" if after == before or args.write else "run it with --write")
    return 0 if after == before or args.write else 1


if __name__ == "__main__":
    raise SystemExit(main())
