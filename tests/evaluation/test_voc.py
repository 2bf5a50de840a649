"""VOC's average precision by hand, against a slow reference and pycocotools."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from boxes_by_hand import FAR, detection, random_case, run_pycocotools, target
from hypothesis import given, settings
from hypothesis import strategies as st

from dsod_lite.evaluation.voc import average_precision, evaluate_voc

# ---------------------------------------------------------------- by hand


def ap_of(detections, targets, method="all-point", **options):
    return evaluate_voc(detections, targets, num_classes=2, method=method, **options).ap[1]


def test_a_small_curve_by_hand_with_both_methods():
    # Three objects. By score: right, wrong, right, wrong; one object is never found.
    #   recall     1/3  1/3  2/3  2/3
    #   precision   1   1/2  2/3  1/2
    # Envelope: 1 up to recall 1/3, 2/3 up to recall 2/3, then 0.
    #   all-point: 1/3 * 1 + 1/3 * 2/3               = 5/9
    #   11-point:  0, .1, .2, .3 -> 1; .4, .5, .6 -> 2/3; .7 to 1 -> 0;  (4 + 2) / 11 = 6/11
    a, b, c = [0, 0, 10, 10], [20, 0, 30, 10], [40, 0, 50, 10]
    targets = [target(a, b), target(c)]
    detections = [
        detection(a, FAR, scores=[0.9, 0.8]),
        detection(c, FAR, scores=[0.7, 0.6]),
    ]
    result = evaluate_voc(detections, targets, num_classes=2)
    np.testing.assert_allclose(result.curves[1].recall, [1 / 3, 1 / 3, 2 / 3, 2 / 3])
    np.testing.assert_allclose(result.curves[1].precision, [1, 1 / 2, 2 / 3, 1 / 2])
    np.testing.assert_allclose(result.curves[1].scores, [0.9, 0.8, 0.7, 0.6])
    assert result.num_objects == {1: 3}
    assert (result.method, result.iou_threshold) == ("11point", 0.5)
    assert result.ap[1] == pytest.approx(6 / 11)
    assert ap_of(detections, targets, "all-point") == pytest.approx(5 / 9)


def test_a_recall_of_three_in_ten_reaches_the_level_0_3():
    # In floats 3 * 0.1 is 0.30000000000000004: with it the fourth level is missed, and 3/11 comes out.
    assert average_precision(np.ones(3), np.arange(1, 4) / 10, "11point") == pytest.approx(4 / 11)


@pytest.mark.parametrize("n", range(1, 60))
def test_eleven_points_count_levels_exactly(n):
    # k of n objects found without an error: the levels up to k/n count. In whole numbers: 10 k >= level n.
    for k in range(1, n + 1):
        levels = sum(10 * k >= level * n for level in range(11))
        assert average_precision(np.ones(k), np.arange(1, k + 1) / n, "11point") == pytest.approx(levels / 11)


def test_a_second_detection_of_the_same_object_is_wrong():
    a, b = [0, 0, 10, 10], [20, 0, 30, 10]
    detections = [detection(a, a, b, scores=[0.9, 0.8, 0.7])]
    curve = evaluate_voc(detections, [target(a, b)], 2).curves[1]
    # right, wrong (a is found already), right
    np.testing.assert_allclose(curve.precision, [1, 1 / 2, 2 / 3])
    np.testing.assert_allclose(curve.recall, [1 / 2, 1 / 2, 1])


def test_the_score_and_not_the_overlap_says_who_is_first():
    # The worse box (IoU 8/10) has the higher score and takes the object; the perfect one is the duplicate.
    detections = [detection([0, 0, 10, 10], [0, 0, 10, 8], scores=[0.6, 0.9])]
    curve = evaluate_voc(detections, [target([0, 0, 10, 10])], 2).curves[1]
    np.testing.assert_allclose(curve.scores, [0.9, 0.6])
    np.testing.assert_allclose(curve.precision, [1, 1 / 2])


def test_detections_of_difficult_objects_are_left_out_and_difficult_objects_are_not_missed():
    easy, hard = [0, 0, 10, 10], [20, 0, 30, 10]
    targets = [target(easy, hard, difficult=[False, True])]
    detections = [detection(hard, hard, easy, FAR, scores=[0.9, 0.8, 0.7, 0.6])]
    result = evaluate_voc(detections, targets, 2)
    assert result.num_objects[1] == 1
    # The first two vanish from the count, however many they are.
    np.testing.assert_allclose(result.curves[1].scores, [0.7, 0.6])
    np.testing.assert_allclose(result.curves[1].precision, [1, 1 / 2])
    assert result.ap[1] == 1
    # Nothing is lost when nobody finds the difficult one.
    assert ap_of([detection(easy, scores=[0.7])], targets) == 1
    # Were it not difficult: wrong or right as any other.
    assert ap_of(detections, [target(easy, hard)]) == pytest.approx(1 / 2 * 1 + 1 / 2 * 2 / 3)


def test_the_best_object_is_taken_so_the_detection_is_wrong_though_another_is_free():
    # Objects x from 0 to 10 and from 3 to 13, height 10. Detection from 1 to 11 overlaps
    # the first by 9 of 11 and the second by 8 of 12 = 0.67, which would be enough, but 9/11 is more.
    first, second = [0, 0, 10, 10], [3, 0, 13, 10]
    detections = [detection(first, [1, 0, 11, 10], scores=[0.9, 0.8])]
    curve = evaluate_voc(detections, [target(first, second)], 2).curves[1]
    np.testing.assert_allclose(curve.precision, [1, 1 / 2])
    np.testing.assert_allclose(curve.recall, [1 / 2, 1 / 2])


def test_the_best_object_is_difficult_so_the_detection_is_left_out_though_another_is_free():
    first, second = [0, 0, 10, 10], [3, 0, 13, 10]
    detections = [detection([1, 0, 11, 10], scores=[0.8])]
    result = evaluate_voc(detections, [target(first, second, difficult=[True, False])], 2)
    assert len(result.curves[1].scores) == 0
    assert result.ap[1] == 0  # and the second object is missed


def test_of_two_objects_overlapped_equally_the_first_listed_is_taken():
    # The detection from 5 to 15 has IoU 5/15 with both neighbours.
    left, right = [0, 0, 10, 10], [10, 0, 20, 10]
    detections = [detection([5, 0, 15, 10], scores=[0.8])]
    for boxes in ([left, right], [right, left]):
        kept = evaluate_voc(detections, [target(*boxes, difficult=[False, True])], 2, iou_threshold=0.3)
        gone = evaluate_voc(detections, [target(*boxes, difficult=[True, False])], 2, iou_threshold=0.3)
        assert len(kept.curves[1].scores) == 1
        assert len(gone.curves[1].scores) == 0


def test_the_first_listed_is_taken_however_many_share_a_place():
    a = [0, 0, 10, 10]
    targets = [target(*[a] * 50, difficult=[False] + [True] * 49)]
    assert ap_of([detection(a, scores=[0.8])], targets) == 1


def test_equal_scores_go_by_image_and_then_by_place():
    a = [0, 0, 10, 10]
    right, wrong = detection(a, scores=[0.5]), detection(FAR, scores=[0.5])
    targets = [target(a), target(a)]
    # Right first: precision 1, 1/2. Wrong first: 0, 1/2. So the order of the images decides.
    np.testing.assert_allclose(evaluate_voc([right, wrong], targets, 2).curves[1].precision, [1, 1 / 2])
    np.testing.assert_allclose(evaluate_voc([wrong, right], targets, 2).curves[1].precision, [0, 1 / 2])
    both = [detection(FAR, a, scores=[0.5, 0.5])]
    np.testing.assert_allclose(evaluate_voc(both, [target(a)], 2).curves[1].precision, [0, 1 / 2])


def test_an_iou_equal_to_the_threshold_is_enough():
    # 10 x 10 inside 20 x 10: exactly 1/2.
    detections, targets = [detection([0, 0, 10, 10], scores=[1.0])], [target([0, 0, 20, 10])]
    assert ap_of(detections, targets) == 1
    assert ap_of(detections, targets, iou_threshold=np.nextafter(0.5, 1)) == 0


def test_plus_one_changes_a_decision():
    # Columns 1 to 3 against columns 1 to 6, both in rows 1 to 6. Continuous: widths 2 and 5, IoU 0.4.
    # Whole pixels: widths 3 and 6, IoU exactly 0.5.
    detections, targets = [detection([1, 1, 3, 6], scores=[1.0])], [target([1, 1, 6, 6])]
    assert ap_of(detections, targets) == 0
    assert ap_of(detections, targets, plus_one=True) == 1
    # Neighbouring boxes that only touch at x = 3 share a column of pixels: 6 of 18 + 18 - 6.
    detections, targets = [detection([1, 1, 3, 6], scores=[1.0])], [target([3, 1, 5, 6])]
    assert ap_of(detections, targets, plus_one=True, iou_threshold=0.2) == 1
    assert ap_of(detections, targets, plus_one=False, iou_threshold=0.2) == 0


def test_classes_and_images_do_not_mix():
    a = [0, 0, 10, 10]
    # Class 1 is only in image 0, class 2 only in image 1; the detections have them the wrong way round.
    targets = [target(a, labels=[1]), target(a, labels=[2])]
    detections = [detection(a, labels=[2], scores=[0.9]), detection(a, labels=[1], scores=[0.9])]
    assert evaluate_voc(detections, targets, 3).mean_ap == 0
    assert evaluate_voc(detections[::-1], targets, 3).mean_ap == 1


def test_the_mean_is_over_classes_that_have_an_object():
    a, b = [0, 0, 10, 10], [20, 0, 30, 10]
    # Class 1 found, class 2 missed, class 3 with a difficult object only, class 4 with a false positive only.
    targets = [target(a, b, FAR, labels=[1, 2, 3], difficult=[False, False, True])]
    detections = [detection(a, b, labels=[1, 4], scores=[0.9, 0.9])]
    result = evaluate_voc(detections, targets, num_classes=5)
    assert result.ap[1] == 1
    assert result.ap[2] == 0
    assert math.isnan(result.ap[3])
    assert math.isnan(result.ap[4])
    assert result.mean_ap == 0.5
    assert result.num_objects == {1: 1, 2: 1, 3: 0, 4: 0}
    assert set(result.curves) == set(result.ap) == {1, 2, 3, 4}
    np.testing.assert_allclose(result.curves[4].precision, [0])


# ---------------------------------------------------------------- nothing there, and wrong input


def test_nothing_there():
    a, nothing = [0, 0, 10, 10], detection(scores=[])
    assert ap_of([nothing, nothing], [target(a), target()]) == 0  # no detections
    assert math.isnan(evaluate_voc([detection(a, scores=[0.9])], [target()], 2).mean_ap)  # no objects
    assert math.isnan(evaluate_voc([nothing], [target()], 2).mean_ap)
    assert math.isnan(evaluate_voc([], [], 2).mean_ap)  # no images
    empty = {"boxes": torch.tensor([]), "labels": torch.tensor([]), "scores": torch.tensor([])}
    assert ap_of([empty, detection(a, scores=[0.9])], [empty, target(a)]) == 1


def test_boxes_without_an_inside_match_nothing():
    # Reversed, flat and far too large boxes: no warning, no accident such as a negative area.
    flat, reversed_box = [5, 5, 5, 9], [9, 9, 1, 1]
    targets = [target(flat, [0, 0, 10, 10])]
    detections = [detection(flat, reversed_box, [-1e30, -1e30, 1e30, 1e30], scores=[0.9, 0.8, 0.7])]
    with np.errstate(all="raise"):
        assert ap_of(detections, targets) == 0


def test_any_dtype_and_a_graph_are_taken():
    a = [0, 0, 10, 10]
    d = detection(a, scores=[0.5])
    d = {
        "boxes": d["boxes"].half(),
        "labels": d["labels"].int(),
        "scores": d["scores"].bfloat16().requires_grad_(),
    }
    assert ap_of([d], [target(a)]) == 1


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
def test_detections_on_a_gpu():
    a = [0, 0, 10, 10]
    d = {name: value.cuda() for name, value in detection(a, scores=[0.5]).items()}
    assert ap_of([d], [target(a)]) == 1


@pytest.mark.parametrize("options", [{"method": "12point"}, {"iou_threshold": 0.0}, {"iou_threshold": 50}])
def test_wrong_options_are_named(options):
    with pytest.raises(ValueError, match=next(iter(options))):
        evaluate_voc([], [], 2, **options)


# ---------------------------------------------------------------- against a slow reference


def slow_evaluate(detections, targets, label, threshold, method, plus_one):
    """One class as the rules read: one detection after the other, its best object, a list of who is found."""
    p = int(plus_one)
    claims = []
    for image, d in enumerate(detections):
        for box, of, score in zip(d["boxes"].tolist(), d["labels"].tolist(), d["scores"].tolist(), strict=True):
            if of == label:
                claims.append((score, image, box))
    claims.sort(key=lambda claim: -claim[0])

    objects: dict[int, list[Any]] = {}
    total = 0
    for image, t in enumerate(targets):
        hard = t["difficult"].tolist() if "difficult" in t else [False] * len(t["labels"])
        for box, of, difficult in zip(t["boxes"].tolist(), t["labels"].tolist(), hard, strict=True):
            if of == label:
                objects.setdefault(image, []).append({"box": box, "difficult": difficult, "found": False})
                total += not difficult

    right, wrong, curve = 0, 0, []
    for _, image, (x1, y1, x2, y2) in claims:
        best, chosen = 0.0, None
        for candidate in objects.get(image, []):
            u1, v1, u2, v2 = candidate["box"]
            width, height = min(x2, u2) - max(x1, u1) + p, min(y2, v2) - max(y1, v1) + p
            if width > 0 and height > 0:
                union = (x2 - x1 + p) * (y2 - y1 + p) + (u2 - u1 + p) * (v2 - v1 + p) - width * height
                if width * height / union > best:
                    best, chosen = width * height / union, candidate
        if chosen is not None and best >= threshold:
            if chosen["difficult"]:
                continue
            if chosen["found"]:
                wrong += 1
            else:
                chosen["found"] = True
                right += 1
        else:
            wrong += 1
        curve.append((right / total if total else 0, right / (right + wrong)))

    if not total:
        return math.nan, curve
    if method == "11point":
        best_at = [max((p for r, p in curve if r >= level / 10), default=0) for level in range(11)]
        return sum(best_at) / 11, curve
    area, last = 0.0, 0.0
    for index, (recall, _) in enumerate(curve):
        area += (recall - last) * max(p for _, p in curve[index:])
        last = recall
    return area, curve


@pytest.mark.parametrize("seed", range(30))
def test_agrees_with_the_slow_reference(seed):
    detections, targets = random_case(seed)
    for threshold, method, plus_one in [
        (0.5, "11point", False),
        (0.5, "all-point", True),
        (0.25, "all-point", False),
        (0.75, "11point", True),
    ]:
        result = evaluate_voc(detections, targets, 4, threshold, method, plus_one)
        for label in (1, 2, 3):
            ap, curve = slow_evaluate(detections, targets, label, threshold, method, plus_one)
            assert result.ap[label] == pytest.approx(ap, nan_ok=True)
            ours = result.curves[label]
            np.testing.assert_allclose(np.stack([ours.recall, ours.precision], 1), np.reshape(curve, (-1, 2)))


# ---------------------------------------------------------------- properties

cases = st.integers(0, 10**6).map(random_case)


@settings(deadline=None, max_examples=60)
@given(cases)
def test_ap_and_curves_stay_in_their_bounds(case):
    detections, targets = case
    for method in ("11point", "all-point"):
        result = evaluate_voc(detections, targets, 4, method=method)
        assert 0 <= result.mean_ap <= 1 or not any(result.num_objects.values())
        for label, curve in result.curves.items():
            assert math.isnan(result.ap[label]) == (result.num_objects[label] == 0)
            assert math.isnan(result.ap[label]) or 0 <= result.ap[label] <= 1
            assert (np.diff(curve.recall) >= 0).all()
            assert (np.diff(curve.scores) <= 0).all()
            assert ((curve.precision >= 0) & (curve.precision <= 1)).all()


@settings(deadline=None, max_examples=60)
@given(cases, st.floats(0.1, 1.0))
def test_the_objects_themselves_are_perfect_detections(case, threshold):
    _, targets = case
    # Two objects of a class at one place would share their best object: keep one of them.
    for t in targets:
        places = np.concatenate([t["boxes"].numpy(), t["labels"].numpy()[:, None]], axis=1)
        _, once = np.unique(places, axis=0, return_index=True)
        t.update({name: value[once] for name, value in t.items()})
    detections = [t | {"scores": torch.ones(len(t["labels"]))} for t in targets]
    for method in ("11point", "all-point"):
        result = evaluate_voc(detections, targets, 4, threshold, method)
        assert all(result.ap[label] == pytest.approx(1) for label in result.ap if result.num_objects[label])


@settings(deadline=None, max_examples=60)
@given(cases, st.integers(1, 3), st.booleans())
def test_a_false_positive_below_all_others_changes_no_ap(case, label, plus_one):
    # It adds a point of lower precision at the last recall, and the envelope there is already higher.
    detections, targets = case
    more = [dict(d) for d in detections]
    more[0] = {
        "boxes": torch.cat([more[0]["boxes"], torch.tensor([[1000.0, 1000, 1001, 1001]])]),
        "labels": torch.cat([more[0]["labels"], torch.tensor([label])]),
        "scores": torch.cat([more[0]["scores"], torch.tensor([0.0])]),
    }
    for method in ("11point", "all-point"):
        before = evaluate_voc(detections, targets, 4, method=method, plus_one=plus_one)
        after = evaluate_voc(more, targets, 4, method=method, plus_one=plus_one)
        assert after.ap == pytest.approx(before.ap, nan_ok=True)
        assert len(after.curves[label].scores) == len(before.curves[label].scores) + 1


@settings(deadline=None, max_examples=60)
@given(cases, st.integers(1, 3))
def test_a_false_positive_above_all_others_never_helps(case, label):
    detections, targets = case
    more = [dict(d) for d in detections]
    more[0] = {
        "boxes": torch.cat([more[0]["boxes"], torch.tensor([[1000.0, 1000, 1001, 1001]])]),
        "labels": torch.cat([more[0]["labels"], torch.tensor([label])]),
        "scores": torch.cat([more[0]["scores"], torch.tensor([2.0])]),
    }
    before, after = (evaluate_voc(d, targets, 4, method="all-point").ap[label] for d in (detections, more))
    assert not after > before
    assert not before > 0 or after < before


@settings(deadline=None, max_examples=40)
@given(cases)
def test_only_the_order_of_the_scores_counts(case):
    detections, targets = case
    before = evaluate_voc(detections, targets, 4)
    squeezed = [d | {"scores": d["scores"] ** 3 / 7} for d in detections]
    assert evaluate_voc(squeezed, targets, 4).ap == pytest.approx(before.ap, nan_ok=True)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10**6), st.randoms(use_true_random=False))
def test_with_distinct_scores_the_order_of_images_and_detections_does_not_count(seed, random):
    detections, targets = random_case(seed, distinct=True)
    before = evaluate_voc(detections, targets, 4)
    images = random.sample(range(len(targets)), len(targets))
    shuffled = []
    for image in images:
        rows = random.sample(range(len(detections[image]["labels"])), len(detections[image]["labels"]))
        shuffled.append({name: value[rows] for name, value in detections[image].items()})
    after = evaluate_voc(shuffled, [targets[image] for image in images], 4)
    assert after.ap == pytest.approx(before.ap, nan_ok=True)


# ---------------------------------------------------------------- against pycocotools


def separated_case(seed):
    """Objects of a class far apart, so VOC's rule (best object) and COCO's (best free object) agree."""
    g = np.random.default_rng(seed)
    detections, targets = [], []
    for _ in range(25):
        n = int(g.integers(0, 6))
        corner = np.stack([100.0 * np.arange(n), g.random(n) * 50], 1)
        truth = np.concatenate([corner, corner + 20 + 40 * g.random((n, 2))], 1)
        labels = g.integers(1, 4, n)
        copies = g.integers(0, 4, n)
        near = np.repeat(truth, copies, 0) + g.normal(0, 5, (copies.sum(), 4))
        stray = np.array([[0.0, 500, 30, 530]]).repeat(g.integers(0, 4), 0)
        boxes = np.concatenate([near, stray])
        detections.append(
            {
                "boxes": torch.tensor(boxes),
                "labels": torch.tensor(np.concatenate([np.repeat(labels, copies), g.integers(1, 4, len(stray))])),
                "scores": torch.tensor(g.random(len(boxes))),
            }
        )
        targets.append({"boxes": torch.tensor(truth), "labels": torch.tensor(labels)})
    return detections, targets


@pytest.mark.parametrize("seed", range(6))
def test_precision_and_recall_agree_with_pycocotools(seed):
    detections, targets = separated_case(seed)
    theirs, levels = run_pycocotools(detections, targets)
    for threshold, t in ((0.5, 0), (0.75, 5)):
        result = evaluate_voc(detections, targets, 4, threshold, "all-point")
        for label in (1, 2, 3):
            curve = result.curves[label]
            envelope = [max(curve.precision[curve.recall >= level], default=0) for level in levels]
            # axes: IoU threshold, recall level, class, size (0: all), most detections (2: 100)
            np.testing.assert_allclose(theirs["precision"][t, :, label - 1, 0, 2], envelope, atol=1e-9)
            assert theirs["recall"][t, label - 1, 0, 2] == pytest.approx(curve.recall[-1])
            assert 0 < np.mean(envelope) < 1  # the case is neither empty nor perfect
