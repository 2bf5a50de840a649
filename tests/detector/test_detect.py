"""Detection: by hand, against a loop over pictures and classes, and against torchvision's SSD."""

import math
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torchvision.models.detection._utils import BoxCoder
from torchvision.models.detection.ssd import SSD
from torchvision.ops import box_convert, nms

from dsod_lite.detector.boxes import decode
from dsod_lite.detector.detect import detect

Detections = list[dict[str, Tensor]]


def logits_for(scores: list[list[float]]) -> Tensor:
    """Logits [P, C] whose softmax gives these scores to the classes 1 to C - 1, the rest to background."""
    table = torch.tensor(scores, dtype=torch.float64)
    return torch.cat([1 - table.sum(dim=1, keepdim=True), table], dim=1).log().float()


def quiet(pictures: int, priors: Tensor) -> Tensor:
    """Offsets 0: the boxes are the priors."""
    return torch.zeros(pictures, len(priors), 4)


def boxes_of(priors: Tensor, *indices: int) -> list[list[float]]:
    return box_convert(priors[list(indices)], "cxcywh", "xyxy").tolist()


# ---- by hand ----------------------------------------------------------------------------------------------

# Two priors over almost the same place (IoU 0.8 / 1.2 = 0.667) and one elsewhere.
PRIORS = torch.tensor([[0.25, 0.25, 0.25, 0.25], [0.3, 0.25, 0.25, 0.25], [0.75, 0.75, 0.25, 0.25]])


def test_one_picture_by_hand() -> None:
    logits = logits_for([[0.6, 0.1], [0.7, 0.2], [0.005, 0.3]])
    found = detect(quiet(1, PRIORS), logits[None], PRIORS)[0]
    # Class 1: 0.7 suppresses 0.6; 0.005 is below the threshold. Class 2: 0.3, then 0.2, which suppresses 0.1.
    assert found["labels"].tolist() == [1, 2, 2]
    assert found["scores"].tolist() == pytest.approx([0.7, 0.3, 0.2])
    torch.testing.assert_close(found["boxes"], torch.tensor(boxes_of(PRIORS, 1, 2, 1)))
    assert found["boxes"].dtype == found["scores"].dtype == torch.float32
    assert found["labels"].dtype == torch.int64


def test_boxes_are_decoded_and_not_clipped() -> None:
    # Centre moved by 10 * 0.1 of a width to the left, twice as high.
    offsets = torch.tensor([[[-10.0, 0, 0, math.log(2) / 0.2]]])
    found = detect(offsets, logits_for([[0.9]])[None], torch.tensor([[0.25, 0.25, 0.5, 0.5]]))[0]
    torch.testing.assert_close(found["boxes"], torch.tensor([[-0.5, -0.25, 0.0, 0.75]]))


def test_classes_and_pictures_do_not_suppress_each_other() -> None:
    # The same box in three pictures and three classes, and in none of them anything to suppress it.
    prior = torch.tensor([[0.5, 0.5, 0.5, 0.5]])
    logits = logits_for([[0.2, 0.3, 0.4]]).expand(3, -1, -1)
    for found in detect(quiet(3, prior), logits, prior):
        assert found["labels"].tolist() == [3, 2, 1]
        assert found["scores"].tolist() == pytest.approx([0.4, 0.3, 0.2])


def test_boxes_outside_the_picture_do_not_reach_another_class() -> None:
    # batched_nms moves each class by the largest coordinate and 1, here 1.75: onto the first box, were it not for care.
    priors = torch.tensor([[0.5, 0.5, 0.5, 0.5], [-1.25, -1.25, 0.5, 0.5]])
    found = detect(quiet(1, priors), logits_for([[0.9, 0.0], [0.0, 0.8]])[None], priors)[0]
    assert found["labels"].tolist() == [1, 2]
    torch.testing.assert_close(found["boxes"], torch.tensor(boxes_of(priors, 0, 1)))


def test_a_score_has_to_be_above_the_threshold() -> None:
    prior, logits = torch.tensor([[0.5, 0.5, 0.5, 0.5]]), torch.zeros(1, 1, 2)  # score exactly 0.5
    assert len(detect(quiet(1, prior), logits, prior, score_threshold=0.5)[0]["scores"]) == 0
    assert len(detect(quiet(1, prior), logits, prior, score_threshold=0.499)[0]["scores"]) == 1


def test_an_overlap_has_to_be_above_the_threshold() -> None:
    priors = torch.tensor([[0.5, 0.5, 1.0, 1.0], [0.5, 0.25, 1.0, 0.5]])  # IoU exactly 0.5
    logits = logits_for([[0.9], [0.8]])[None]
    assert len(detect(quiet(1, priors), logits, priors, nms_threshold=0.5)[0]["scores"]) == 2
    assert len(detect(quiet(1, priors), logits, priors, nms_threshold=0.499)[0]["scores"]) == 1


def test_a_suppressed_box_suppresses_nothing() -> None:
    # A row of three: neighbours overlap (IoU 0.6), the ends less (0.33). The middle one goes before it acts.
    priors = torch.tensor([[0.5, 0.5, 0.4, 0.4], [0.6, 0.5, 0.4, 0.4], [0.7, 0.5, 0.4, 0.4]])
    found = detect(quiet(1, priors), logits_for([[0.9], [0.8], [0.7]])[None], priors)[0]
    assert found["scores"].tolist() == pytest.approx([0.9, 0.7])


def test_the_best_of_a_class_are_chosen_before_suppression() -> None:
    # The two best overlap; the third, elsewhere, is no candidate, so one is left and not two.
    logits = logits_for([[0.8], [0.7], [0.6]])[None]
    assert detect(quiet(1, PRIORS), logits, PRIORS, candidates_per_class=2)[0]["scores"].tolist() == pytest.approx(
        [0.8]
    )
    assert len(detect(quiet(1, PRIORS), logits, PRIORS, candidates_per_class=3)[0]["scores"]) == 2


def test_each_class_has_its_own_candidates() -> None:
    logits = logits_for([[0.5, 0.1], [0.01, 0.02], [0.4, 0.2]])[None]
    found = detect(quiet(1, PRIORS), logits, PRIORS, candidates_per_class=1)[0]
    assert found["labels"].tolist() == [1, 2]
    assert found["scores"].tolist() == pytest.approx([0.5, 0.2])


def test_the_best_of_a_picture_are_chosen_after_suppression_and_over_all_classes() -> None:
    logits = torch.stack([logits_for([[0.6, 0.1], [0.7, 0.2], [0.05, 0.3]]), logits_for([[0.0, 0.4]] * 3)])
    first, second = detect(quiet(2, PRIORS), logits, PRIORS, detections_per_image=2)
    assert first["labels"].tolist() == [1, 2]
    assert first["scores"].tolist() == pytest.approx([0.7, 0.3])
    assert second["labels"].tolist() == [2, 2]  # a picture does not use up another's


def test_the_authors_limits() -> None:
    # 500 boxes of one class, in a row and apart; of another class the same ones.
    x = torch.arange(500.0)
    priors = torch.stack([x, x, torch.full_like(x, 0.5), torch.full_like(x, 0.5)], dim=1)
    logits = torch.stack([torch.zeros(500), x / 500, -10 + x / 500], dim=1)[None]
    found = detect(quiet(1, priors), logits, priors, score_threshold=0)[0]
    assert found["labels"].tolist() == [1] * 200
    assert found["boxes"][:, 0].tolist() == pytest.approx([499 - i - 0.25 for i in range(200)])
    found = detect(quiet(1, priors), logits, priors, score_threshold=0, detections_per_image=10_000)[0]
    assert found["labels"].tolist() == [1] * 400 + [2] * 400


@pytest.mark.parametrize("pictures", [1, 3])
def test_no_candidates(pictures: int) -> None:
    found = detect(quiet(pictures, PRIORS), logits_for([[0.001, 0.002]] * 3).expand(pictures, -1, -1), PRIORS)
    assert len(found) == pictures
    for one in found:
        assert one["boxes"].shape == (0, 4)
        assert one["labels"].shape == one["scores"].shape == (0,)
        assert one["boxes"].dtype == one["scores"].dtype == torch.float32
        assert one["labels"].dtype == torch.int64


def test_a_picture_between_others_may_be_empty() -> None:
    nothing, something = logits_for([[0.001]] * 3), logits_for([[0.5]] * 3)
    found = detect(quiet(3, PRIORS), torch.stack([something, nothing, something]), PRIORS)
    assert [len(one["scores"]) for one in found] == [2, 0, 2]
    torch.testing.assert_close(found[0], found[2])


# ---- a diverged network -----------------------------------------------------------------------------------

BAD_OFFSETS = {
    "wide beyond float": [0.0, 0.0, 1e4, 0.0],
    "undefined": [math.nan, 0.0, 0.0, 0.0],
    "infinitely far": [math.inf, 0.0, 0.0, 0.0],
    "inf minus inf": [math.inf, 0.0, math.inf, 0.0],
    "overflown half precision": [-65504.0, 65504.0, 65504.0, 65504.0],
}


@pytest.mark.parametrize("bad", BAD_OFFSETS.values(), ids=BAD_OFFSETS.keys())
@pytest.mark.parametrize("where", [(0, 0), (0, 2), (1, 1)])
def test_a_box_that_is_none_is_dropped_and_harms_no_other(bad: list[float], where: tuple[int, int]) -> None:
    logits = logits_for([[0.6, 0.1], [0.7, 0.2], [0.05, 0.3]]).expand(2, -1, -1).clone()
    offsets = quiet(2, PRIORS)
    offsets[where] = torch.tensor(bad)
    harmed = detect(offsets, logits, PRIORS)
    logits[where] = torch.tensor([50.0, 0.0, 0.0])  # the same without that prior
    torch.testing.assert_close(harmed, detect(quiet(2, PRIORS), logits, PRIORS))


@pytest.mark.parametrize("bad", [[1e30, 0.0, 0.0, 0.0], [-1e7, 1e7, 0.0, 0.0], [0.0, 0.0, 400.0, 400.0]])
def test_a_box_far_away_or_huge_is_kept_and_harms_no_other(bad: list[float]) -> None:
    logits = logits_for([[0.6, 0.1], [0.7, 0.2], [0.05, 0.3]])[None]
    offsets = quiet(1, PRIORS)
    offsets[0, 2] = torch.tensor(bad)
    found = detect(offsets, logits, PRIORS)[0]
    # As in the example by hand; the third prior overlaps nothing, wherever it is.
    assert found["labels"].tolist() == [1, 2, 2, 1]
    assert found["scores"].tolist() == pytest.approx([0.7, 0.3, 0.2, 0.05])
    torch.testing.assert_close(found["boxes"][[0, 2]], torch.tensor(boxes_of(PRIORS, 1, 1)))


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_score_that_is_none_is_dropped(bad: float) -> None:
    logits = logits_for([[0.6, 0.1], [0.7, 0.2], [0.05, 0.3]])[None].clone()
    logits[0, 1] = bad
    found = detect(quiet(1, PRIORS), logits, PRIORS)[0]
    assert found["labels"].tolist() == [1, 2, 2, 1]
    assert found["scores"].tolist() == pytest.approx([0.6, 0.3, 0.1, 0.05])


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision(dtype: torch.dtype) -> None:
    offsets, logits, priors = random_answers(0, 2, 40, 4, reach=1, growth=1)
    found = detect(offsets.to(dtype), logits.to(dtype), priors)
    torch.testing.assert_close(found, detect(offsets.to(dtype).float(), logits.to(dtype).float(), priors))
    assert found[0]["boxes"].dtype == found[0]["scores"].dtype == torch.float32


# ---- oracles ----------------------------------------------------------------------------------------------


def random_answers(
    seed: int, pictures: int, priors: int, num_classes: int, reach: float, growth: float
) -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    boxes = torch.rand(priors, 4, generator=generator)
    boxes[:, 2:] = 0.2 + 0.3 * boxes[:, 2:]
    offsets = torch.randn(pictures, priors, 4, generator=generator)
    offsets = offsets * torch.tensor([reach, reach, growth, growth])
    return offsets, 2 * torch.randn(pictures, priors, num_classes, generator=generator), boxes


def slow_detect(
    offsets: Tensor,
    logits: Tensor,
    priors: Tensor,
    score_threshold: float,
    nms_threshold: float,
    candidates_per_class: int,
    detections_per_image: int,
) -> Detections:
    """One picture and one class at a time."""
    answer = []
    for picture in range(len(logits)):
        scores, boxes = logits[picture].softmax(dim=1), decode(offsets[picture], priors)
        found: list[tuple[float, int, list[float]]] = []
        for label in range(1, logits.shape[2]):
            best = scores[:, label].argsort(descending=True)[:candidates_per_class]
            best = best[scores[best, label] > score_threshold]
            kept = best[nms(boxes[best].double(), scores[best, label].double(), nms_threshold)]
            found += [(scores[i, label].item(), label, boxes[i].tolist()) for i in kept]
        found = sorted(found, reverse=True)[:detections_per_image]
        answer.append(
            {
                "boxes": torch.tensor([box for _, _, box in found]).reshape(-1, 4),
                "labels": torch.tensor([label for _, label, _ in found], dtype=torch.int64),
                "scores": torch.tensor([score for score, _, _ in found]),
            }
        )
    return answer


@given(
    seed=st.integers(0, 10**6),
    pictures=st.integers(1, 4),
    priors=st.integers(1, 60),
    num_classes=st.integers(2, 6),
    reach=st.sampled_from([0.1, 3.0, 300.0]),  # up to some hundred pictures away, on all sides
    growth=st.sampled_from([0.1, 3.0]),
    limits=st.fixed_dictionaries(
        {
            "score_threshold": st.sampled_from([0.0, 0.01, 0.3, 0.9]),
            "nms_threshold": st.sampled_from([0.1, 0.45, 0.8]),
            "candidates_per_class": st.sampled_from([1, 7, 400]),
            "detections_per_image": st.sampled_from([1, 9, 200]),
        }
    ),
)
def test_detections_equal_the_loop(
    seed: int,
    pictures: int,
    priors: int,
    num_classes: int,
    reach: float,
    growth: float,
    limits: dict[str, Any],
) -> None:
    answers = random_answers(seed, pictures, priors, num_classes, reach, growth)
    torch.testing.assert_close(detect(*answers, **limits), slow_detect(*answers, **limits))


@pytest.mark.parametrize("reach", [0.1, 300.0])
def test_many_detections_equal_the_loop(reach: float) -> None:
    # More than a thousand candidates: torchvision's batched_nms then takes another way.
    answers = random_answers(0, 3, 300, 8, reach, 1.0)
    limits = {
        "score_threshold": 0.01,
        "nms_threshold": 0.45,
        "candidates_per_class": 400,
        "detections_per_image": 10_000,
    }
    expected = slow_detect(*answers, **limits)  # type: ignore[arg-type]
    assert sum(len(one["scores"]) for one in expected) > 200
    torch.testing.assert_close(detect(*answers, **limits), expected)  # type: ignore[arg-type]


@given(st.integers(0, 10**6), st.sampled_from([0.01, 0.2]), st.sampled_from([5, 400]), st.sampled_from([3, 200]))
def test_detections_equal_torchvision(seed: int, score: float, candidates: int, best: int) -> None:
    # torchvision clips boxes before suppression, in single precision, so: boxes well inside the picture.
    generator = torch.Generator().manual_seed(seed)
    priors = 0.3 + 0.4 * torch.rand(30, 4, generator=generator)
    priors[:, 2:] = 0.1 + (priors[:, 2:] - 0.3) / 4
    offsets = torch.rand(1, 30, 4, generator=generator) - 0.5
    logits = 2 * torch.randn(1, 30, 4, generator=generator)
    ssd = SimpleNamespace(
        box_coder=BoxCoder((10.0, 10.0, 5.0, 5.0)),
        score_thresh=score,
        topk_candidates=candidates,
        nms_thresh=0.45,
        detections_per_img=best,
    )
    expected = SSD.postprocess_detections(
        ssd,  # type: ignore[arg-type]
        {"bbox_regression": offsets, "cls_logits": logits},
        [box_convert(priors, "cxcywh", "xyxy")],
        [(1, 1)],
    )
    found = detect(offsets, logits, priors, score, 0.45, candidates, best)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-6)
