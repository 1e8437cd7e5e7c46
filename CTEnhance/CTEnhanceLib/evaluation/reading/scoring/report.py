"""The score in words and tables: Markdown to read, CSV to compute with."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

from CTEnhanceLib.evaluation.markdown import number, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from CTEnhanceLib.evaluation.reading.results import ReaderAnswers

CSV_COLUMNS = ("reader", "case", "repeat", "set", "kind", "question", "answer", "set_seconds")
SIMULATED = "**Simulated**: {readers} {are} no person; a program answered. These figures say nothing about images."


def markdown(result: dict[str, Any]) -> str:
    """The score as Markdown: grades, preferences, agreement with every confusion table, times."""
    parts = [f"## {result['title']}"]
    if result["simulated"]:
        are = "is" if len(result["simulated"]) == 1 else "are"
        parts.append(SIMULATED.format(readers=", ".join(result["simulated"]), are=are))
    repeats = f", {result['repeats']} of them read twice" if result["repeats"] else ""
    parts.append(
        f"{result['cases']} cases{repeats}, {len(result['readers'])} readers ({', '.join(result['readers'])}). "
        "A figure over readers takes the first reading of each case."
    )
    for grades in result["grades"].values():
        parts += _grade_parts(result, grades)
    for preference in result["preferences"].values():
        parts += _preference_parts(preference)
    for choice in result["choices"].values():
        parts += _choice_parts(choice)
    for numbers in result["numbers"].values():
        parts += _number_parts(result, numbers)
    for texts in result["texts"].values():
        parts += ["### Remarks", "\n".join(_remark(text) for text in texts)] if texts else []
    parts += _time_parts(result)
    if len(result["readers"]) == 1:
        parts.append("One reader: there is no agreement to measure.")
    return "\n\n".join(parts) + "\n"


def answers_csv(key: dict[str, Any], results: Sequence[ReaderAnswers]) -> str:
    """Every answer, unblinded, one line each."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(CSV_COLUMNS)
    sets = {one["id"]: one for one in key["sets"]}
    for found in results:
        for (name, question, image), value in found.values.items():
            one = sets[name]
            kind = "" if image is None else one["images"][image]
            answer = one["images"].get(value, value) if isinstance(value, str) else value
            seconds = found.seconds.get(name)
            shown = "" if seconds is None else f"{seconds:.1f}"
            repeat = "yes" if one["repeat_of"] else "no"
            writer.writerow([found.reader, one["case"], repeat, name, kind, question, answer, shown])
    return text.getvalue()


def p_text(value: float | None) -> str:
    """A p for people."""
    if value is None:
        return "-"
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def _grade_parts(result: dict[str, Any], grades: dict[str, Any]) -> list[str]:
    words = ", ".join(f"{index} {word}" for index, word in enumerate(grades["words"], start=1))
    scale = range(1, len(grades["words"]) + 1)
    header = ["", "mean", "SD", "median", *(f"grade {grade}" for grade in scale), *result["readers"]]
    lines = [
        [kind, number(g["mean"], 2), number(g["sd"], 2), number(g["median"], 1)]
        + [str(g["counts"][str(grade)]) for grade in scale]
        + [number(g["by_reader"][reader], 2) for reader in result["readers"]]
        for kind, g in grades["kinds"].items()
    ]
    parts = [f"### {grades['text']}", f"Grades: {words}.", table(header, lines)]
    friedman = grades["friedman"]
    if friedman is not None and friedman["p"] is not None:
        parts.append(
            f"Friedman over {friedman['cases']} cases (mean of the readers): chi-square {friedman['statistic']:.2f}, "
            f"p {p_text(friedman['p'])}."
        )
    if grades["pairs"]:
        parts += ["Difference of grades, second minus first (negative: the second is better):", _pair_table(grades)]
        notes = {pair["note"] for pair in grades["pairs"]} - {None}
        parts += sorted(note.replace("patient", "case") for note in notes)
    parts.append("#### Agreement")
    for what, agreement in grades["agreement"].items():
        parts += _agreement_parts(what, agreement)
    return parts + _intra_parts(grades["intra_reader"])


def _pair_table(grades: dict[str, Any]) -> str:
    rows = [
        [
            f"{pair['second']} - {pair['first']}",
            f"{pair['mean']:+.2f}",
            "-" if pair["low"] is None else f"{pair['low']:+.2f} to {pair['high']:+.2f}",
            p_text(pair["p"]),
            p_text(pair["p_holm"]),
        ]
        for pair in grades["pairs"]
    ]
    return table(["", "mean", "95 % interval", "p (Wilcoxon)", "p (Holm)"], rows)


def _preference_parts(p: dict[str, Any]) -> list[str]:
    counts = ", ".join(f"{kind} {count}" for kind, count in p["counts"].items())
    won = ", ".join(f"{kind} {count}" for kind, count in p["cases_won"].items())
    share = p["share"]
    beside = f" Beside {p['beside']}." if p["beside"] else ""
    readers = [[reader, *map(str, by.values())] for reader, by in p["by_reader"].items()]
    return [
        f"### {p['text']}",
        f"Between {p['between'][0]} and {p['between'][1]}.{beside}",
        table(["", *p["between"]], [*readers, ["all", *map(str, p["counts"].values())]]),
        f"Answers: {counts}; {share['kind']} {share['mean']:.0%} (95 % interval {share['low']:.0%} to "
        f"{share['high']:.0%}; exact binomial p {p_text(p['p_answers'])}, which takes the readers of one case as "
        f"independent). Cases: {won}, undecided {p['cases_undecided']} (sign test p {p_text(p['p_cases'])}).",
        *_agreement_parts("preference", p["agreement"]),
        *_intra_parts(p["intra_reader"]),
    ]


def _choice_parts(choice: dict[str, Any]) -> list[str]:
    words = list(next(iter(choice["kinds"].values())))
    rows = [[kind, *(str(counts[word]) for word in words)] for kind, counts in choice["kinds"].items()]
    parts = [f"### {choice['text']}", table(["", *words], rows)]
    for what, agreement in choice["agreement"].items():
        parts += _agreement_parts(what, agreement)
    return parts


def _number_parts(result: dict[str, Any], numbers: dict[str, Any]) -> list[str]:
    unit = f" ({numbers['unit']})" if numbers["unit"] else ""
    rows = [
        [kind, number(n["mean"], 2), number(n["sd"], 2), *(number(n["by_reader"][r], 2) for r in result["readers"])]
        for kind, n in numbers["kinds"].items()
    ]
    return [f"### {numbers['text']}{unit}", table(["", "mean", "SD", *result["readers"]], rows)]


def _remark(text: dict[str, Any]) -> str:
    kind = f", {text['kind']}" if text["kind"] else ""
    return f"- {text['reader']}, {text['case']}{kind}: {text['text']}"


def _time_parts(result: dict[str, Any]) -> list[str]:
    times = {reader: t for reader, t in result["seconds_per_set"].items() if t is not None}
    if not times:
        return []
    said = "; ".join(f"{reader} {t['median']:.0f} s (in all {t['total'] / 60:.1f} min)" for reader, t in times.items())
    return [f"Median time for a set: {said}."]


def _agreement_parts(what: str, agreement: dict[str, Any]) -> list[str]:
    parts = []
    for pair in agreement["pairs"]:
        first, second = pair["readers"]
        parts += [f"**{what}**, {first} and {second}: {_kappas(pair)}", _confusion(pair, first, second)]
        parts += [pair["note"]] if pair["note"] else []
    found = agreement["fleiss"]
    if found is not None and found["kappa"] is not None:
        parts.append(f"**{what}**, all readers: Fleiss' kappa {found['kappa']:.3f} (p {p_text(found['p'])}).")
    return parts


def _intra_parts(intra: dict[str, Any]) -> list[str]:
    parts = ["#### The same reader twice"] if intra else []
    for reader, pair in intra.items():
        parts += [f"**{reader}**: {_kappas(pair)}", _confusion(pair, "first", "again")]
        parts += [pair["note"]] if pair["note"] else []
    return parts


def _kappas(pair: dict[str, Any]) -> str:
    equal = f"{pair['agreement']:.0%} equal."
    if pair["plain"]["kappa"] is None:
        return equal
    said = [_kappa("kappa", pair["plain"])]
    if pair["quadratic"] is not None and len(pair["categories"]) > 2:
        said.append(_kappa("quadratic weights", pair["quadratic"]))
    return f"{'; '.join(said)}; {equal}"


def _kappa(name: str, figure: dict[str, Any]) -> str:
    low, high = number(figure["low"], 2), number(figure["high"], 2)
    interval = "no interval" if figure["low"] is None else f"95 % interval {low} to {high}"
    return f"{name} {figure['kappa']:.3f} ({interval}, p {p_text(figure['p'])})"


def _confusion(pair: dict[str, Any], first: str, second: str) -> str:
    header = [f"{first} \\ {second}", *pair["categories"]]
    return table(header, [[name, *map(str, row)] for name, row in zip(pair["categories"], pair["table"])])
