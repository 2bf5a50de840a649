"""How sure is this? What the records say of a chapter's subject, for its folded box."""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from .findings import FINDINGS, HEADLINE, differences_of
from .questions import QUESTIONS
from .records import RECORDS, interval
from .table import rows


def how_sure(*names: str, plan: tuple[int, ...] = (), about: str = "", folder: Path = RECORDS) -> None:
    """Prints each finding of some experiments by AP50 and by COCO's AP, and what PLAN.md asks of the same subject.

    The verdict is the one after Holm's correction, as in `table`. Where AP was not recorded that is said.

    Args:
        names: experiments that no plan named, so that their findings are exploration, or a study of PLAN.md's.
        plan: the numbers of PLAN.md's questions, from 1.
        about: a regular expression; of a study only the questions that it finds are printed. All are counted.
        folder: the records'.
    """
    found = rows(folder)
    if explored := [each for each in found if not each["headline"] and each["experiment"] in names]:
        print(f"Exploration, without a plan. Judged among {len(FINDINGS)} findings.")
        for each in explored:
            print(f"- {each['question']}\n{said(each, folder)}")
    if studied := [each for each in found if each["headline"] and each["experiment"] in names]:
        print(f"A study of the plan. Judged among its {len(studied)} questions.")
        for each in (each for each in studied if re.search(about, each["question"])):
            print(f"- {each['question']}\n{said(each, folder)}")
    for number in plan:
        sentence = QUESTIONS[number - 1].sentence
        print(f"The plan's question {number}: {sentence}")
        asked = [each for each in found if each["headline"] and each["question"] == sentence]
        for each in (each for each in asked if each["seeds"]):
            print(said(each, folder))
        if missing := [each["experiment"].removeprefix("headline_") for each in asked if not each["seeds"]]:
            print(f"    not run yet: {', '.join(missing)}")


def said(row: Mapping[str, Any], folder: Path) -> str:
    """A row of the table in three lines: the verdict and its budget, the difference by its own measure, and by AP."""
    if row["p_holm"] is None:
        return f"    {row['experiment']}: {row['seeds']} seeds are recorded, too few to judge"
    budget = f"{row['budget_steps']:,} steps, " if row["budget_steps"] else ""
    lines = [f"    {row['verdict']}: {budget}{row['seeds']} seeds, p {row['p_holm']:.2f}"]
    lines.append(f"      {row['measure']} {row['difference']:+.3f} [{row['low']:+.3f}, {row['high']:+.3f}]")
    if row["measure"] == "AP50":
        lines.append(f"      AP   {by_ap(row, folder)}")
    return "\n".join(lines)


def by_ap(row: Mapping[str, Any], folder: Path) -> str:
    """The same difference by COCO's AP, with its interval over the seeds; or that it was not recorded."""
    key = row["experiment"], row["question"]
    finding = next(each for each in (*FINDINGS, *HEADLINE) if (each.experiment, each.sentence) == key)
    try:
        differences = differences_of(replace(finding, measure="AP"), folder)
    except ValueError:
        return "was not recorded"
    mean, low, high = interval(list(differences.values()))
    return f"{mean:+.3f} [{low:+.3f}, {high:+.3f}]"
