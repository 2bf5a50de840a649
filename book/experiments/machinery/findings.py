"""The paper's findings as comparisons of recorded runs, and the verdict on each."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from .catalogue import experiment, measure_of, seeds_of
from .questions import BUDGETS, asked_at
from .records import RECORDS, clipped, interval, load, values, verdict


@dataclass(frozen=True)
class Finding:
    """A sentence of the paper's, or of later work, that two variants of an experiment can hold or not."""

    sentence: str
    experiment: str
    a: str
    b: str
    expected: Literal["a > b", "a < b"] = "a > b"
    measure: str = "AP50"
    minus: tuple[str, str] | None = None
    """Two further variants, whose difference is taken off that of a and b."""
    headline: bool = False
    """Whether PLAN.md names it. What no plan names is exploration."""


FINDINGS = (
    Finding("All of DSOD's choices together beat none of them.", "ladder", "8_dense_prediction", "1_base"),
    Finding("The transition w/o pooling helps.", "ladder", "2_transition_without_pooling", "1_base"),
    Finding("Compression costs accuracy.", "ladder", "3_compression_1", "2_transition_without_pooling"),
    Finding("A wide bottleneck helps.", "ladder", "4_wide_bottleneck", "3_compression_1"),
    Finding("A wide first convolution helps.", "ladder", "5_wide_first_convolution", "4_wide_bottleneck"),
    Finding("A big growth rate helps.", "ladder", "6_big_growth_rate", "5_wide_first_convolution"),
    Finding("The stem block helps.", "ladder", "7_stem_block", "6_big_growth_rate"),
    Finding("Dense prediction helps.", "ladder", "8_dense_prediction", "7_stem_block"),
    Finding("In a dense chain gradients keep their direction better than in a plain one.",
            "gradients", "dense", "plain", measure="agreement_start"),
    Finding("Deep and dense is better than deep and plain.", "depth", "dense_30", "plain_30"),
    Finding("And than deep and residual.", "depth", "dense_30", "residual_30"),
    Finding("DSOD's stem is better than DenseNet's.", "stem", "stem", "densenet"),
    Finding("DSOD's stem finds more small objects.", "stem", "stem", "densenet", measure="APs"),
    Finding("With the transition w/o pooling and a fourth block it finds more than without.",
            "transition", "four_blocks", "three_blocks"),
    Finding("And more than three wider blocks of as many parameters.", "transition", "four_blocks", "three_wider"),
    Finding("Dense prediction finds at least as much as plain, with fewer parameters.",
            "prediction", "dense", "plain"),
    Finding("Dense prediction finds more than plain of as many parameters.", "prediction", "dense", "plain_narrow"),
    Finding("From scratch, DSOD beats two stages.", "proposal_free", "dsod", "faster_rcnn"),
    Finding("SSD beats two stages, without normalisation in either.", "proposal_free", "ssd", "faster_rcnn"),
    Finding("With normalisation in both it does.", "proposal_free", "ssd_norm", "faster_rcnn_norm"),
    Finding("Later work: with normalisation, given time, two stages train from scratch.",
            "proposal_free", "faster_rcnn_norm_3x", "faster_rcnn_3x"),
    Finding("DSOD beats these, too, in the same time.", "proposal_free", "dsod_3x", "faster_rcnn_norm_3x"),
    Finding("Pre-training does not help where there are pictures enough.",
            "pictures", "dense_1000", "pretrained_1000"),
    Finding("With few pictures it does.", "pictures", "pretrained_50", "dense_50"),
    Finding("With few pictures it does, if nobody counts what it cost.", "pictures", "gift_50", "dense_50"),
    Finding("Not even then does it help where there are pictures enough.", "pictures", "dense_1000", "gift_1000"),
    Finding("A structure made for it learns more from few pictures.", "pictures", "dense_200", "chain_200"),
    Finding("BatchNorm over few pictures is worse.", "batchnorm", "batch_32", "batch_2"),
    Finding("On photographs, from scratch, DSOD beats SSD.", "blood_cells", "dsod", "ssd"),
    Finding("And two stages.", "blood_cells", "dsod", "faster_rcnn"),
    Finding("And itself with plain prediction.", "blood_cells", "dsod", "dsod_plain"),
    Finding("Larger copies of the photographs help it.", "blood_cells", "dsod_320", "dsod"),
    Finding("Giving each object a prior of its own helps.", "matching", "base", "unforced"),
    Finding("At SSD's threshold, 0.5, it does.", "matching", "threshold_0.5", "unforced_0.5"),
    Finding("Mining three negatives for each positive beats one for each.", "matching", "base", "negatives_1"),
    Finding("The map's own centres are better than the authors'.", "matching", "centres_map", "centres_official"),
)  # fmt: skip
"""Those whose runs were made before there was a plan."""

HEADS = (
    Finding("Without priors a detector finds more.", "heads", "centres", "priors", headline=True),
    Finding("One cell for each object learns more slowly than several.",
            "heads", "centres", "one_to_one", headline=True),
    Finding("Without suppression it finds more than they do.",
            "heads", "one_to_one", "centres", measure="AP50_unsuppressed", headline=True),
)  # fmt: skip
"""The plan's study of three heads."""

PHOTOGRAPHS = (
    *(
        Finding(f"{on}: {sentence}", "photographs", f"{name}_{a}", f"{name}_{b}", headline=True)
        for name, on in (("cells", "On blood cells"), ("cards", "On playing cards"))
        for sentence, a, b in (
            ("one stage beats two.", "ssd_norm", "faster_rcnn_norm"),
            ("DSOD beats two stages.", "dsod", "faster_rcnn_norm"),
            ("dense is better than plain.", "dense_30", "plain_30"),
            ("the stem helps.", "dsod", "densenet_stem"),
            ("dense prediction helps.", "dsod", "plain_prediction"),
        )
    ),
    Finding("On blood cells: pre-training helps with 30 photographs.",
            "photographs", "cells_pretrained_30", "cells_scratch_30", headline=True),
    Finding("On blood cells: from scratch is better with all of them.",
            "photographs", "cells_dsod", "cells_pretrained", headline=True),
    *(
        Finding(f"{on}: {sentence}", "photographs", f"{name}_{a}", f"{name}_{b}", measure=measure, headline=True)
        for name, on in (("cells", "On blood cells"), ("cards", "On playing cards"))
        for sentence, a, b, measure in (
            ("a head with priors finds more than one without.", "dsod", "centres", "AP50"),
            ("one cell for each object finds more than several.", "one_to_one", "centres", "AP50"),
            ("and so it does without suppression.", "one_to_one", "centres", "AP50_unsuppressed"),
        )
    ),
)  # fmt: skip
"""The plan's study of photographs."""

HEADLINE = (
    *(
        Finding(asked.sentence, budget, asked.a, asked.b, minus=asked.minus, headline=True)
        for budget in BUDGETS
        for asked in asked_at(budget)
    ),
    *HEADS,
    *PHOTOGRAPHS,
)
"""The plan's questions, at each budget, and those of its studies."""


def differences_of(finding: Finding, folder: Path = RECORDS) -> dict[int, float]:
    """a - b for every seed that all of a finding's variants have, by seed."""
    runs = load(finding.experiment, folder)

    def by_seed(variant: str) -> dict[int, float]:
        own = runs.get(variant, [])
        return {r["seed"]: value for r, value in zip(own, values(own, finding.measure), strict=True)}

    kinds = [by_seed(variant) for variant in (finding.a, finding.b, *(finding.minus or ()))]
    shared = sorted(set.intersection(*(set(kind) for kind in kinds)))
    signs = (1, -1, -1, 1)
    return {seed: sum(sign * kind[seed] for sign, kind in zip(signs, kinds, strict=False)) for seed in shared}


def judged(finding: Finding, folder: Path = RECORDS) -> str:
    """The verdict, with the mean difference and its 95 % interval; or how many seeds are missing."""
    differences = list(differences_of(finding, folder).values())
    if (seeds := len(differences)) < 3:
        return f"not judged: {seeds} of {seeds_of(experiment(finding.experiment))} seeds recorded"
    mean, low, high = interval(differences)
    said = verdict(differences, finding.expected)
    return f"{said}: {mean:+.3f} [{low:+.3f}, {high:+.3f}] {finding.measure}, {seeds} seeds"


def report(name: str, folder: Path = RECORDS) -> None:
    """Prints what an experiment's variants have found and cost, what is missing, and the verdicts on its findings."""
    module, runs = experiment(name), load(name, folder)
    measure = measure_of(module)
    longest = max(map(len, module.VARIANTS))
    records = [record for several in runs.values() for record in several]
    print(describe(records) if records else f"epochs: {module.EPOCHS}; nothing recorded")
    for variant in module.VARIANTS:
        own = runs.get(variant, [])
        print(f"{variant:{longest}}  {line(own, measure, seeds_of(module))}")
        for rest in also(own, measure) if own else []:
            print(f"    {rest}")
    print()
    verdicts(name, folder)


def verdicts(name: str, folder: Path = RECORDS) -> None:
    """Prints the findings that an experiment speaks to, each with its verdict."""
    for finding in (*FINDINGS, *HEADLINE):
        if finding.experiment == name:
            print(f"{finding.sentence}\n  {judged(finding, folder)}")


def line(runs: Sequence[dict[str, Any]], measure: str, wanted: int) -> str:
    """A variant in the list: mean and interval, and the seeds that are missing."""
    if not runs:
        return f"not run (0 of {wanted} seeds)"
    missing = f"  ({len(runs)} of {wanted} seeds)" if len(runs) < wanted else ""
    return spread(runs, measure) + missing


def spread(runs: Sequence[dict[str, Any]], measure: str) -> str:
    """A measure's mean and interval; a count, which no seed changes, as it is."""
    numbers = values(runs, measure)
    if all(number.is_integer() for number in numbers) and len(set(numbers)) == 1:
        return f"{measure} {numbers[0]:,.0f}"
    if len(numbers) == 1:
        return f"{measure} {numbers[0]:.3f} (one seed)"
    mean, low, high = clipped(interval(numbers), measure)
    return f"{measure} {mean:.3f} [{low:.3f}, {high:.3f}]"


def also(runs: Sequence[dict[str, Any]], measure: str) -> list[str]:
    """What else belongs to a variant: COCO's AP, where that is not the measure, parameters, and how long it took."""
    result = runs[0]["result"]
    lines = [spread(runs, "AP")] if "AP" in result and measure != "AP" else []
    costs = [f"{result['parameters']:,} parameters"] if "parameters" in result else []
    if "train_seconds" in result:
        costs.append(f"{statistics.median(run['result']['train_seconds'] for run in runs):.0f} s")
    return [*lines, ", ".join(costs)] if costs else lines


def describe(records: Sequence[dict[str, Any]]) -> str:
    """The budget, and where and when the records were made."""
    machines = sorted({f"{r['device']}, {r['threads']} thread, torch {r['torch']}" for r in records})
    return "\n".join([f"epochs: {records[0]['epochs']}; {min(r['started'] for r in records)[:10]}", *machines])
