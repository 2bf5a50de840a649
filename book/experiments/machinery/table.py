"""All findings in one table: a row each, corrected for their number, with what they share and what decides them.

`python -m book.experiments findings` prints it, and `--json FILE` writes it.
"""

import json
import textwrap
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .catalogue import experiment
from .findings import FINDINGS, HEADLINE, Finding, differences_of
from .records import RECORDS, interval, load, values, verdict
from .significance import holm, improvement, over_seeds_and_pictures, p_value

Row = dict[str, Any]
LEAST_SEEDS = 3
COLUMN = 72
"""Characters of a line in the book."""
MATTERS = 0.02
"""PLAN.md: where the whole interval is nearer to 0 than this, there is no difference that matters."""
SAME_ARM = (("prediction", "dense"), ("transition", "four_blocks"), ("proposal_free", "dsod"))
"""`dsod_tiny` at 375 steps under three names: the same settings, seeds and numbers."""
PICTURES = {"stem": 3000, "blood_cells": 292}
"""Pictures that are learned from, where a record does not say and they are not 2,000."""


def rows(folder: Path = RECORDS) -> list[Row]:
    """A row for each finding, headline questions first, those of the longest budget before others.

    Keys: "experiment", "question", "a", "b", "measure", "headline", "budget_steps" (of a's and b's detectors the more),
    "seeds", "difference", "low" and "high" (95 %, over "interval_over"), "p", "p_holm" (over the rows of the same
    `family`), "low_corrected" and "high_corrected" (95 % for all of the family together, by Bonferroni), "improvement",
    "verdict" by PLAN.md's rule, "verdict_uncorrected" as it was before there was a plan, and "shares_runs_with", the
    questions of rows that have an arm in common. What needs three seeds is None where there are fewer.
    """
    findings = sorted(
        (*HEADLINE, *FINDINGS), key=lambda f: (not f.headline, -experiment(f.experiment).EPOCHS * f.headline)
    )
    found = [row(finding, folder) for finding in findings]
    for family in {each["family"] for each in found}:
        judged = [each for each in found if each["family"] == family and each["p"] is not None]
        for each, corrected in zip(judged, holm([each["p"] for each in judged]), strict=True):
            each["p_holm"] = corrected
            _, each["low_corrected"], each["high_corrected"] = interval(each["differences"], 1 - 0.05 / len(judged))
    for each, finding in zip(found, findings, strict=True):
        each["verdict"] = decided(each, finding.expected)
        others = [other for other in findings if other is not finding and arms(other) & arms(finding)]
        each["shares_runs_with"] = [label(other) for other in others]
    return found


def row(finding: Finding, folder: Path) -> Row:
    """A finding by itself, before the others are looked at."""
    by_seed = differences_of(finding, folder)
    differences = list(by_seed.values())
    enough = len(differences) >= LEAST_SEEDS
    runs = load(finding.experiment, folder)
    span: tuple[float | None, float | None, float | None] = (None, None, None)
    over = None
    if enough:
        pictures = resampled(finding, runs, list(by_seed))
        span = over_seeds_and_pictures(differences, pictures) if pictures else interval(differences)
        over = "seeds and pictures" if pictures else "seeds"
    a, b = (runs.get(variant, []) for variant in (finding.a, finding.b))
    return {
        "experiment": finding.experiment,
        "question": finding.sentence,
        "a": finding.a,
        "b": finding.b,
        "measure": finding.measure,
        "headline": finding.headline,
        "family": finding.experiment if finding.headline else "exploration",
        "budget_steps": max((s for s in map(steps, (*a, *b)) if s is not None), default=None),
        "seeds": len(differences),
        "differences": differences,
        "difference": span[0],
        "low": span[1],
        "high": span[2],
        "interval_over": over,
        "p": p_value(differences) if enough else None,
        "p_holm": None,
        "low_corrected": None,
        "high_corrected": None,
        "improvement": chance_of_more(finding, a, b) if enough else None,
        "verdict_uncorrected": verdict(differences, finding.expected) if enough else "not judged",
    }


def resampled(finding: Finding, runs: Mapping[str, Sequence[Row]], seeds: Sequence[int]) -> list[list[float]]:
    """The differences on samples of the test pictures [seeds, samples]; empty, where a record has none."""
    if finding.measure != "AP50":
        return []
    kinds = [runs[variant] for variant in (finding.a, finding.b, *(finding.minus or ()))]
    of_seed = [{r["seed"]: r["result"].get("resampled_ap50") for r in kind} for kind in kinds]
    if not all(kind[seed] for kind in of_seed for seed in seeds):
        return []
    signs = (1, -1, -1, 1)[: len(kinds)]
    return [
        [sum(s * v for s, v in zip(signs, each, strict=True)) for each in zip(*(k[seed] for k in of_seed), strict=True)]
        for seed in seeds
    ]


def chance_of_more(finding: Finding, a: Sequence[Row], b: Sequence[Row]) -> float | None:
    """The probability of improvement of `a` over `b`; None for a difference of differences."""
    return None if finding.minus else improvement(values(a, finding.measure), values(b, finding.measure))


def decided(found: Row, expected: str) -> str:
    """PLAN.md's answer: "held", "contrary", "no difference that matters", "open"; or "not judged"."""
    if found["p_holm"] is None:
        return "not judged"
    if found["p_holm"] < 0.05:
        return "held" if (found["difference"] > 0) == (expected == "a > b") else "contrary"
    near = found["low"] > -MATTERS and found["high"] < MATTERS
    return "no difference that matters" if near else "open"


def steps(record: Row) -> int | None:
    """The steps of a run's detector; 0 of one that was not trained."""
    if not (train := record.get("train")):
        return 0
    pictures = record["result"].get("pictures", PICTURES.get(record["experiment"], 2000))
    return train["epochs"] * (pictures // train["batch_size"])


def arms(finding: Finding) -> set[tuple[str, str]]:
    """The experiments and variants of a finding, the same arm under one name."""
    variants = (finding.a, finding.b, *(finding.minus or ()))
    own = {(finding.experiment, variant) for variant in variants}
    return {SAME_ARM[0] if arm in SAME_ARM else arm for arm in own}


def label(finding: Finding) -> str:
    """A finding's experiment and sentence."""
    return f"{finding.experiment}: {finding.sentence}"


def write(path: Path, folder: Path = RECORDS) -> None:
    """Writes the rows as JSON."""
    path.write_text(json.dumps(rows(folder), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def as_text(found: Sequence[Row]) -> str:
    """The rows in words: each question with its seeds and steps, and its verdict, difference and corrected p below.

    Those that are not judged are counted at the end, by experiment.
    """
    lines, missing = [], Counter[str]()
    for each in found:
        if each["p_holm"] is None:
            missing[each["experiment"]] += 1
            continue
        made = f"({each['seeds']} seeds" + (f", {each['budget_steps']:,} steps)" if each["budget_steps"] else ")")
        span = f"{each['difference']:+.3f} [{each['low']:+.3f}, {each['high']:+.3f}]"
        lines.append(textwrap.fill(f"{each['question']} {made}", COLUMN))
        lines.append(f"  {each['verdict']}: {span}, p {each['p_holm']:.3f}")
    if missing:
        lines.append(f"not judged yet, with fewer than {LEAST_SEEDS} seeds:")
        lines += [f"  {name}: {count} questions" for name, count in missing.items()]
    return "\n".join(lines)
