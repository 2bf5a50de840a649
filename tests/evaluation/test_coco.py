"""COCO's numbers by hand and against pycocotools."""

import math

import numpy as np
import pytest
from boxes_by_hand import FAR, detection, random_case, run_pycocotools, target

from dsod_lite.evaluation import coco
from dsod_lite.evaluation.coco import COCO_NAMES, evaluate_coco


def test_coco_thresholds_and_sizes_by_hand():
    # 40 x 40 is medium. The detection covers 29 of its 40 columns: IoU 0.725, right at .5, .55, .6, .65, .7.
    stats = evaluate_coco([detection([0, 0, 29, 40], scores=[0.9])], [target([0, 0, 40, 40])])
    assert stats["AP"] == pytest.approx(5 / 10)
    assert stats["AR1"] == stats["AR100"] == pytest.approx(5 / 10)
    assert stats["APm"] == pytest.approx(5 / 10)
    assert (stats["AP50"], stats["AP75"]) == (pytest.approx(1), 0)
    assert all(math.isnan(stats[name]) for name in ("APs", "APl", "ARs", "ARl"))


def test_coco_takes_the_size_from_area_where_it_is_given():
    box = [0, 0, 40, 40]
    given_area = evaluate_coco([detection(box, scores=[0.9])], [target(box, area=[900.0])])
    assert given_area["APs"] == pytest.approx(1)
    assert math.isnan(given_area["APm"])


@pytest.mark.parametrize("field", ["difficult", "iscrowd"])
def test_coco_sets_difficult_objects_and_crowds_aside(field):
    easy, hard = [0, 0, 40, 40], [100, 0, 200, 100]
    inside = [120, 20, 140, 40]  # 4 % of the hard object: its IoU is 0.04, but all of it lies inside
    detections = [detection(hard, hard, inside, easy, scores=[0.9, 0.8, 0.7, 0.6])]
    stats = evaluate_coco(detections, [target(easy, hard, **{field: [False, True]})])
    assert stats["AP"] == pytest.approx(1)
    # Without the field the second detection of `hard` and the small box are wrong, as in any count.
    assert evaluate_coco(detections, [target(easy, hard)])["AP"] == pytest.approx((51 + 50 * 2 / 4) / 101)


def test_coco_with_nothing_there():
    nothing = detection(scores=[])
    missed = evaluate_coco([nothing, nothing], [target([0, 0, 40, 40]), target()])
    assert {missed[name] for name in ("AP", "AP50", "APm", "AR1", "AR100", "ARm")} == {0}
    assert math.isnan(missed["APs"])
    # Without a single object, no number means anything; with only crowds neither.
    for targets in ([], [target()], [target([0, 0, 40, 40], iscrowd=[True])]):
        stats = evaluate_coco([detection([0, 0, 9, 9], scores=[0.9])] * len(targets), targets)
        assert tuple(stats) == COCO_NAMES
        assert all(math.isnan(value) for value in stats.values())


def test_coco_is_silent(capsys):
    evaluate_coco([detection([0, 0, 40, 40], scores=[0.9])], [target([0, 0, 40, 40])])
    assert capsys.readouterr().out == ""


def test_coco_uses_the_best_hundred_of_a_class_and_image():
    box = [0, 0, 40, 40]
    for before, ap in ((99, 1 / 100), (100, 0)):
        boxes = [FAR] * before + [box]
        stats = evaluate_coco([detection(*boxes, scores=np.linspace(1, 0.1, before + 1).tolist())], [target(box)])
        assert stats["AP50"] == pytest.approx(ap)


@pytest.mark.parametrize(("seed", "at_once"), [(0, 250), (1, 250), (2, 250), (0, 7), (1, 1)])
def test_evaluate_coco_is_what_pycocotools_says(seed, at_once, monkeypatch):
    monkeypatch.setattr(coco, "AT_ONCE", at_once)
    detections, targets = random_case(seed, images=20, extent=80)
    for t in targets:
        del t["difficult"]
    theirs, _ = run_pycocotools(detections, targets)
    stats = evaluate_coco(detections, targets)
    assert tuple(stats) == COCO_NAMES
    precision, recall = theirs["precision"], theirs["recall"]
    assert stats["AP"] == pytest.approx(precision[..., 0, 2].mean())
    assert stats["AP50"] == pytest.approx(precision[0, ..., 0, 2].mean())
    assert stats["AP75"] == pytest.approx(precision[5, ..., 0, 2].mean())
    for name, size in (("s", 1), ("m", 2)):
        assert stats[f"AP{name}"] == pytest.approx(precision[..., size, 2].mean())
        assert stats[f"AR{name}"] == pytest.approx(recall[..., size, 2].mean())
    for name, most in (("AR1", 0), ("AR10", 1), ("AR100", 2)):
        assert stats[name] == pytest.approx(recall[..., 0, most].mean())
    assert 0 < stats["APs"] < stats["AP50"] < 1


def test_coco_names_wrong_fields():
    with pytest.raises(ValueError, match=r"targets\[0\]\['area'\] has shape \[2\]"):
        evaluate_coco([detection([0, 0, 10, 10], scores=[0.9])], [target([0, 0, 10, 10], area=[1.0, 2.0])])
    with pytest.raises(ValueError, match=r"detections\[0\]\['labels'\] holds 0; labels go from 1"):
        evaluate_coco([detection([0, 0, 10, 10], labels=[0], scores=[0.9])], [target([0, 0, 10, 10])])
