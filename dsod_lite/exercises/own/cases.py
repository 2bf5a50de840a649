"""What each week's file is asked, with random numbers of a seed, and what the usual mistakes look like."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torchvision.ops import box_convert, box_iou

from ...detector.blocks import DenseBlock, DenseLayer, Stem, Transition
from ...detector.boxes import CENTRE_VARIANCE, SIZE_VARIANCE, decode, encode
from ...detector.matching import match
from ...detector.prediction import DensePrediction, Downsample, MultiBoxHead, Reuse
from .probing import Case, answer


@dataclass(frozen=True)
class Asked:
    """A case, in words, and with the answers that come from usual mistakes."""

    case: Case
    tried: str
    hint: str
    slips: Sequence[tuple[Any, str]] = ()
    """Wrong answers, each with what the mistake is."""


class Numbers:
    """Random numbers of a seed, in the shapes that detectors have."""

    def __init__(self, seed: int) -> None:
        self.rng = torch.Generator().manual_seed(seed)

    def between(self, low: int, high: int) -> int:
        return int(torch.randint(low, high + 1, (), generator=self.rng))

    def uniform(self, *shape: int) -> Tensor:
        return torch.rand(*shape, generator=self.rng)

    def normal(self, *shape: int) -> Tensor:
        return torch.randn(*shape, generator=self.rng)

    def priors(self, count: int) -> Tensor:
        """[count, 4] cxcywh, fractions."""
        return torch.cat([self.uniform(count, 2), 0.1 + 0.4 * self.uniform(count, 2)], dim=1)

    def boxes(self, count: int) -> Tensor:
        """[count, 4] xyxy, fractions."""
        return box_convert(self.priors(count), "cxcywh", "xyxy")

    def state(self, module: torch.nn.Module) -> dict[str, Tensor]:
        """Weights for a module, none of them 0 or 1, and BatchNorm's running variances above 0."""
        return {
            name: 0.5 + self.uniform(*value.shape) if "var" in name else 0.3 * self.normal(*value.shape)
            for name, value in module.state_dict().items()
            if value.is_floating_point()
        } | {name: value for name, value in module.state_dict().items() if not value.is_floating_point()}


def boxes(numbers: Numbers) -> Iterator[Asked]:
    count = numbers.between(4, 9)
    truth, priors = numbers.boxes(count), numbers.priors(count)
    right = encode(truth, priors)
    variances = torch.tensor([CENTRE_VARIANCE, CENTRE_VARIANCE, SIZE_VARIANCE, SIZE_VARIANCE])
    sizes = torch.cat([priors[:, 2:], torch.ones(count, 2)], dim=1)
    yield Asked(
        Case("detector.boxes", "encode", [truth, priors]),
        f"encode(boxes, priors) of {count} each",
        "Centres: differences in sizes of the prior, over 0.1. Sizes: logarithms of ratios, over 0.2.",
        [
            (right * variances, "The variances are missing: 0.1 for centres, 0.2 for sizes, by which one divides."),
            (right * variances**2, "One divides by the variances; this multiplies by them."),
            (right * torch.tensor([1, 1, -1, -1]), "It is the box's size over the prior's, not the other way round."),
            (right * sizes, "The centre's shift is in units of the prior's size: divide by that as well."),
        ],
    )
    yield Asked(
        Case("detector.boxes", "encode", [truth[:, None], priors]),
        "encode(boxes [N, 1, 4], priors [P, 4]), all pairs at once",
        "Use `...` for all dimensions before the last one, so that shapes broadcast.",
    )
    offsets = numbers.normal(count, 4)
    size = priors[:, 2:] * (1 + offsets[:, 2:] * SIZE_VARIANCE)
    centre = priors[:, :2] + offsets[:, :2] * CENTRE_VARIANCE * priors[:, 2:]
    yield Asked(
        Case("detector.boxes", "decode", [offsets, priors]),
        f"decode(offsets, priors) of {count} each",
        "It undoes encode: times the variances and the prior's size, the exponential for sizes. Corners come out.",
        [
            (box_convert(decode(offsets, priors), "xyxy", "cxcywh"), "Corners are wanted, not centre and size."),
            (box_convert(torch.cat([centre, size], 1), "cxcywh", "xyxy"), "Sizes were logarithms: the exponential."),
            (decode(offsets / variances, priors), "The variances are missing: encode divided by them."),
        ],
    )


def priors(numbers: Numbers) -> Iterator[Asked]:
    small = float(numbers.between(8, 30))
    yield Asked(
        Case("detector.priors", "cell_shapes", [small, 2 * small, [2, 3]]),
        f"cell_shapes({small:g}, {2 * small:g}, [2, 3])",
        "A square of min, one of √(min · max), and for each ratio r the shapes (√r, 1/√r) and (1/√r, √r), times min.",
    )
    fields: dict[str, Any] = {
        "min_sizes": (small, 2 * small),
        "max_sizes": (2 * small, 3 * small),
        "aspect_ratios": ((2,), (2, 3)),
    }
    cells, size = [numbers.between(4, 6), numbers.between(2, 3)], 16 * numbers.between(5, 9)
    for steps, words in ((None, "without steps"), ((8, 30), "with steps of 8 and 30 pixels")):
        config = {"make": "PriorConfig", "with": {**fields, "steps": steps}}
        case = Case("detector.priors", "prior_boxes", [config, cells, size])
        yield Asked(
            case,
            f"prior_boxes(config, {cells}, {size}) {words}",
            "The order is map, row, column, shape. Centres lie half a step inside; all is over the image's size.",
            [
                (answer(case)[:, [1, 0, 2, 3]], "x and y have changed places: centres go along the rows first."),
                (answer(case) * size, "Fractions are wanted: divide by the image's size."),
            ],
        )


def matching(numbers: Numbers) -> Iterator[Asked]:
    objects, count = numbers.between(3, 5), numbers.between(20, 30)
    truth = torch.stack([numbers.boxes(objects) for _ in range(2)])
    iou = torch.stack([box_iou(each, numbers.boxes(count)) for each in truth])
    iou[1, -1] = -1  # padding
    best, own = iou.max(dim=1)
    alone = own.where(best >= 0.4, -1)
    yield Asked(
        Case("detector.matching", "bipartite_priors", [iou]),
        f"bipartite_priors of {objects} objects and {count} priors in two pictures, the second with one object fewer",
        "The largest IoU of the whole table first; then its row and column are out. Padding, below 0, gets -1.",
        [(iou.argmax(dim=2), "Each object has its best prior, even if another one has it already: no prior twice.")],
    )
    yield Asked(
        Case("detector.matching", "match", [iou, 0.4]),
        "match of the same, with a threshold of 0.4",
        "First every object's own prior, by `bipartite_priors`; then of those left all with an IoU of 0.4 or more.",
        [(alone, "That is the threshold alone. Each object has to have a prior of its own first.")],
    )
    by_hand = torch.tensor([[[0.25, 0.5, 0.75, 0.0], [0.375, 0.125, 0.625, 0.0]]])
    yield Asked(
        Case("detector.matching", "match", [by_hand]),
        "match of the IoUs [0.25, 0.5, 0.75, 0] and [0.375, 0.125, 0.625, 0], two objects and four priors",
        "The first object has prior 2. The second is left with prior 0. Of those left, prior 1 has an IoU of 0.5.",
    )
    yield Asked(
        Case("detector.matching", "match", [torch.zeros(2, 0, 5), 0.5]),
        "match of two pictures without objects",
        "No objects: every prior is background, -1.",
    )


def loss(numbers: Numbers) -> Iterator[Asked]:
    hardness, positive = numbers.uniform(2, 30), torch.zeros(2, 30, dtype=torch.bool)
    positive[0, :3] = positive[1, 4] = True
    mine = Case("detector.loss", "mine_hard_negatives", [hardness, positive, 3.0, 0])
    over_all = hardness.masked_fill(positive, -1).flatten().argsort(descending=True)[:12]
    whole_batch = torch.zeros(60, dtype=torch.bool).index_fill(0, over_all, True).view(2, 30)
    yield Asked(
        mine,
        "mine_hard_negatives(background_loss, positive, 3.0, 0), three positives in one picture, one in the other",
        "In each picture the negatives with the largest loss, three for each positive; positives are not among them.",
        [
            (whole_batch, "That is mined over the whole batch; the ratio holds in each picture."),
            (answer(mine) | positive, "The positives are among them: they count by themselves."),
        ],
    )
    yield Asked(
        Case("detector.loss", "mine_hard_negatives", [hardness, torch.zeros_like(positive), 3.0, 4]),
        "mine_hard_negatives(background_loss, no positives, 3.0, at_least=4)",
        "Without a positive there are `at_least` negatives.",
    )
    fewer = positive & torch.tensor([[True], [False]])
    yield Asked(
        Case("detector.loss", "mine_hard_negatives", [hardness, fewer]),
        "mine_hard_negatives(background_loss, positive), three positives in one picture, none in the other",
        "Unless it is said otherwise: three for each positive, and none where there is no positive.",
    )
    truth, labels = [numbers.boxes(2), numbers.boxes(1)], [torch.tensor([1, 3]), torch.tensor([2])]
    prior = torch.cat([*(box_convert(each, "xyxy", "cxcywh") for each in truth), numbers.priors(9)])
    matched = torch.full((2, 12), -1)
    matched[0, 2], matched[0, 5], matched[1, 7] = 0, 1, 0
    padded = torch.zeros(2, 2, 4)
    padded[0], padded[1, :1] = truth[0], truth[1]
    yield Asked(
        Case("detector.loss", "matched_targets", [matched, padded, torch.tensor([[1, 3], [2, 0]]), prior]),
        "matched_targets of two pictures",
        "The label of the matched object, 0 where there is none; and `encode` of its box, 0 where there is none.",
    )
    offsets, logits = numbers.normal(2, 12, 4), numbers.normal(2, 12, 4)
    call = Case("detector.loss", "MultiBoxLoss", [0.5, 3.0, 0], [offsets, logits, prior, truth, labels])
    output = answer(call)["output"]
    corners = box_convert(prior, "cxcywh", "xyxy")
    positives = sum(int((match(box_iou(each, corners)[None]) >= 0).sum()) for each in truth)
    by_pictures = {name: value * positives / 2 for name, value in output.items()}
    yield Asked(
        call,
        "MultiBoxLoss()(offsets, logits, priors, boxes, labels) of two pictures",
        "Both sums over the whole batch, divided by the number of positives in it.",
        [({"state": {}, "output": by_pictures}, "Divided by the number of pictures; it is the number of positives.")],
    )
    nothing = [torch.zeros(0, 4)] * 2, [torch.zeros(0, dtype=torch.int64)] * 2
    for least in (0, 4):
        yield Asked(
            Case("detector.loss", "MultiBoxLoss", [0.5, 3.0, least], [offsets, logits, prior, *nothing]),
            f"MultiBoxLoss with at least {least} negatives, of two pictures without objects",
            "No positives: divide by 1 and not by 0. What is left are the negatives that there are at least.",
        )


def _module(numbers: Numbers, module: str, name: str, arguments: list[int], *inputs: Any) -> Case:
    kinds = (DenseBlock, DenseLayer, DensePrediction, Downsample, MultiBoxHead, Reuse, Stem, Transition)
    kind: Any = next(each for each in kinds if each.__name__ == name)
    return Case(module, name, arguments, list(inputs), numbers.state(kind(*arguments)))


def blocks(numbers: Numbers) -> Iterator[Asked]:
    channels, growth, side = 2 * numbers.between(4, 7), numbers.between(3, 6), numbers.between(9, 13)
    x = numbers.normal(2, channels, side, side)
    layer = _module(numbers, "detector.blocks", "DenseLayer", [channels, 8, growth], x)
    right = answer(layer)
    old, new = right["output"][:, :channels], right["output"][:, channels:]
    yield Asked(
        layer,
        f"DenseLayer({channels}, 8, {growth}) on [2, {channels}, {side}, {side}]",
        "BatchNorm, ReLU, 1×1 to the bottleneck; BatchNorm, ReLU, 3×3 to the growth; and beside the input.",
        [
            ({**right, "output": torch.cat([new, old], 1)}, "The input stands first, and what is new behind it."),
            ({**right, "output": new}, "Only what is new comes out. The input stays beside it: that is the skip."),
        ],
    )
    for name, arguments, words in (
        ("DenseBlock", [channels, 3, 8, growth], "Each layer reads all before it: growth_rate more channels each."),
        ("Transition", [channels, channels // 2], "A 1×1 in pre-activation order, then 2×2 pooling that rounds up."),
    ):
        case = _module(numbers, "detector.blocks", name, arguments, x)
        yield Asked(case, f"{name}{tuple(arguments)} on [2, {channels}, {side}, {side}]", words)
    picture = numbers.normal(1, 3, 33, 33)
    yield Asked(
        _module(numbers, "detector.blocks", "Stem", [4], picture),
        "Stem(4) on a picture of 33×33",
        "Three 3×3 convolutions, the first of stride 2, each before its BatchNorm and ReLU; the last has 2A channels.",
    )


def prediction(numbers: Numbers) -> Iterator[Asked]:
    side = 2 * numbers.between(3, 5)
    fine, coarse = numbers.normal(1, 12, side, side), numbers.normal(1, 20, side // 2, side // 2)
    for name, arguments, words in (
        ("Reuse", [12, 6], "Pooling, then a 1×1 in pre-activation order."),
        ("Downsample", [12, 6, 8], "A 1×1, then a 3×3 with stride 2, both in pre-activation order."),
    ):
        yield Asked(_module(numbers, "detector.prediction", name, arguments, fine), f"{name}{tuple(arguments)}", words)
    dense = Case("detector.prediction", "DensePrediction", [12, 20, [16, 12, 8]], [fine, coarse])
    state = numbers.state(DensePrediction(12, 20, [16, 12, 8]))
    yield Asked(
        Case(dense.module, dense.name, dense.arguments, dense.inputs, state),
        f"DensePrediction(12, 20, [16, 12, 8]) on maps of {side}×{side} and {side // 2}×{side // 2}",
        "Half learned, half reused. In the second map the learned half stands first, in the others the reused one.",
    )
    head = Case("detector.prediction", "MultiBoxHead", [[12, 20], [4, 6], 3], [[fine, coarse]])
    case = Case(head.module, head.name, head.arguments, head.inputs, numbers.state(MultiBoxHead([12, 20], [4, 6], 3)))
    right = answer(case)
    yield Asked(
        case,
        "MultiBoxHead([12, 20], [4, 6], 3) on the same two maps",
        "Offsets [B, P, 4] and logits [B, P, C]: move the channels to the end before the reshape.",
        [({**right, "output": _unmoved(right["output"], side)}, "The channels were not at the end: permute first.")],
    )


def _unmoved(outputs: list[Tensor], side: int) -> list[Tensor]:
    """What a reshape without a permute makes of a head's answers."""
    found = []
    for values, each in zip((4, 3), outputs, strict=True):
        maps, start = [], 0
        for cells, priors_here in ((side, 4), (side // 2, 6)):
            count = cells * cells * priors_here
            own = each[:, start : start + count].reshape(1, cells, cells, priors_here * values)
            maps.append(own.permute(0, 3, 1, 2).reshape(1, -1, values))
            start += count
        found.append(torch.cat(maps, dim=1))
    return found


def detect(numbers: Numbers) -> Iterator[Asked]:
    count = numbers.between(30, 50)
    prior, logits = numbers.priors(count), 2 * numbers.normal(2, count, 4)
    offsets = numbers.normal(2, count, 4)
    yield Asked(
        Case("detector.detect", "detect", [offsets, logits, prior, 0.1, 0.3, 20, 10]),
        f"detect of {count} priors, 3 classes, thresholds 0.1 and 0.3, 20 candidates a class, 10 detections",
        "Softmax; each class by itself: above the threshold, its best 20, NMS; then the best 10 of all. Labels from 1.",
    )
    one = torch.tensor([[0.5, 0.5, 0.2, 0.2]]).expand(2, 4)
    both = torch.tensor([[[0.0, 5, 0], [0.0, 0, 5]]])
    case = Case("detector.detect", "detect", [torch.zeros(1, 2, 4), both, one])
    merged = [{name: value[:1] for name, value in answer(case)[0].items()}]
    yield Asked(
        case,
        "detect of two boxes in one place, of two classes",
        "Suppression is within a class.",
        [(merged, "A box was suppressed by one of another class.")],
    )
    bad = torch.zeros(1, 2, 4)
    bad[0, 0] = torch.nan
    yield Asked(
        Case("detector.detect", "detect", [bad, both, one]),
        "detect with a box that is not finite",
        "A box with a corner that is not finite is no detection, and must not switch suppression off.",
    )


def voc(numbers: Numbers) -> Iterator[Asked]:
    count = numbers.between(8, 15)
    best = {"numpy": torch.randint(0, 5, (count,), generator=numbers.rng)}
    enough = {"numpy": numbers.uniform(count) > 0.3}
    difficult = {"numpy": torch.tensor([False, True, False, False, False])}
    yield Asked(
        Case("evaluation.voc", "judge", [best, enough, difficult]),
        f"judge of {count} detections of five objects, one of them difficult",
        "The first to claim an object is right. Claims to difficult ones do not count, neither way.",
    )
    correct = numbers.uniform(count) > 0.4
    correct[:3] = torch.tensor([False, True, True])  # a hit, and one after it with a higher precision
    scores = {"numpy": numbers.uniform(count).sort(descending=True).values.double()}
    curve = Case("evaluation.voc", "precision_recall", [{"numpy": correct}, scores, count])
    yield Asked(
        curve,
        f"precision_recall of {count} detections, {count} objects",
        "After each detection: hits so far over detections so far, and hits so far over all objects.",
    )
    found = answer(curve)
    precision, recall = found["precision"], found["recall"]
    bare = float((recall.diff(prepend=torch.zeros(1, dtype=recall.dtype)) * precision).sum())
    for method in ("all-point", "11point"):
        yield Asked(
            Case("evaluation.voc", "average_precision", [{"numpy": precision}, {"numpy": recall}, method]),
            f"average_precision of that curve, {method!r}",
            "Precision counts as the best at this recall or a higher one: run over it from the end with a maximum.",
            [(bare, "That is the area under the bare curve. Precision counts as the best at this recall or higher.")],
        )


QUESTIONS: dict[str, Callable[[Numbers], Iterator[Asked]]] = {
    "boxes.py": boxes,
    "priors.py": priors,
    "matching.py": matching,
    "loss.py": loss,
    "blocks.py": blocks,
    "prediction.py": prediction,
    "detect.py": detect,
    "voc.py": voc,
}


def questions(file: str, seed: int) -> list[Asked]:
    """What a week's file is asked. Another seed asks it with other numbers and sizes."""
    return list(QUESTIONS[file](Numbers(seed)))
