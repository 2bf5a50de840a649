"""Kinds of mistakes, their cost, suspects and the threshold of best F1, each on a picture that is judged by hand."""

import math

import pytest
import torch

from dsod_lite import evaluate_voc
from dsod_lite.evaluation.errors import KINDS, TIDE, costs, counting, sort_out, worst
from dsod_lite.evaluation.suspects import suspects
from dsod_lite.evaluation.threshold import best_threshold

STAR, RING = 1, 2


def row(spans, labels, scores=None):
    record = {"boxes": torch.tensor([[x1, 0.0, x2, 10.0] for x1, x2 in spans]).reshape(-1, 4)}
    record["labels"] = torch.tensor(labels, dtype=torch.int64)
    return record if scores is None else record | {"scores": torch.tensor(scores)}


TRUTH = row([(0, 10), (20, 30)], [STAR, RING])
FOUND = row(
    [(0, 9), (0, 8), (20, 29), (20, 24), (20, 24), (50, 60)],
    [STAR, STAR, STAR, RING, STAR, RING],
    [0.9, 0.8, 0.7, 0.6, 0.5, 0.45],
)


def test_one_mistake_of_each_kind() -> None:
    kind, item = sort_out(FOUND, TRUTH)
    assert [KINDS[k] for k in kind] == list(KINDS)
    assert item[:5].tolist() == [0, 0, 1, 1, 1]
    assert [i for _, _, i in worst(3, [(kind, item)], [FOUND])] == [1, 2, 3]


def test_what_mending_is_worth_by_hand() -> None:
    """The star is found first; of the ring's two mistakes a mended one is in first place (class) or first of rings."""
    assert evaluate_voc([FOUND], [TRUTH], 3, method="all-point").mean_ap == 0.5
    worth = costs([FOUND], [TRUTH], 3)
    assert tuple(worth) == TIDE
    # Mended, the wrong name and the bad box are a ring found by the best of all rings: AP 1 for both classes.
    assert worth["class"] == worth["place"] == pytest.approx(0.5)
    assert worth["duplicate"] == worth["both"] == worth["background"] == pytest.approx(0.0)
    assert worth["missed"] == pytest.approx(0.5)  # without rings only stars are left to be judged


def test_difficult_objects_are_neither_hits_nor_misses() -> None:
    """The ring is difficult: its good box is left out, its bad one is a false ring, and no ring is missed."""
    truth = TRUTH | {"difficult": torch.tensor([False, True])}
    found = row([(0, 9), (20, 29), (20, 24)], [STAR, RING, RING], [0.9, 0.8, 0.7])
    some, objects = counting(found, truth)
    assert some["scores"].tolist() == pytest.approx([0.9, 0.7])
    assert objects["labels"].tolist() == [STAR]
    assert evaluate_voc([found], [truth], 3, method="all-point").mean_ap == 1.0
    assert costs([found], [truth], 3) == dict.fromkeys(TIDE, 0.0)
    assert costs([row([(0, 9)], [STAR], [0.9])], [truth], 3)["missed"] == 0.0


def test_empty_pictures_cost_nothing_and_do_no_harm() -> None:
    nothing = row([], [], [])
    assert all(math.isnan(gain) for gain in costs([nothing], [row([], [])], 3).values())
    assert costs([nothing], [TRUTH], 3)["missed"] == 1.0
    assert suspects([nothing], [row([], [])]) == []
    assert best_threshold([nothing], [row([], [])]) is None


def test_suspects_are_the_sure_mistakes_and_the_labels_where_nothing_is_seen() -> None:
    truth = row([(0, 10), (20, 30), (80, 90)], [STAR, RING, RING])
    found = suspects([FOUND], [truth], min_score=0.4)
    assert [(s.kind, s.label) for s in found] == [("mislabelled", STAR), ("unlabelled", RING), ("doubtful", RING)]
    assert found[0].box.tolist() == [20, 0, 29, 10]
    assert found[2].box.tolist() == [80, 0, 90, 10]
    assert [s.kind for s in suspects([FOUND], [truth], min_score=0.6)] == ["mislabelled", "doubtful"]


def test_the_threshold_of_the_best_f1() -> None:
    """One of two found first: F1 is 2/3 from 0.9 on, and falls with every mistake after it."""
    assert best_threshold([FOUND], [TRUTH]) == pytest.approx(0.9, abs=1e-4)
    later = row([(0, 9), (50, 60), (20, 29)], [STAR, RING, RING], [0.9, 0.6, 0.3])
    assert best_threshold([later], [TRUTH]) == pytest.approx(0.3, abs=1e-4)  # 2·2/(3+2) is more than 2·1/(1+2)
    ties = row([(0, 9), (20, 29)], [STAR, RING], [0.5, 0.5])
    assert best_threshold([ties], [TRUTH]) == 0.5
    assert best_threshold([row([(50, 60)], [STAR], [0.9])], [TRUTH]) is None


@pytest.mark.parametrize("score", [0.5, 0.50003])
def test_a_threshold_shows_all_that_score_the_same(score: float) -> None:
    """The ring and ten false alarms score alike, as far as the threshold's digits go: 2·2/(12+2) is less than 2/3."""
    alike = row([(0, 9), (20, 29), *[(50 + 10 * i, 60 + 10 * i) for i in range(10)]], [STAR, *[RING] * 11],
                [0.9, score, *[0.5] * 10])  # fmt: skip
    assert best_threshold([alike], [TRUTH]) == pytest.approx(0.9, abs=1e-4)


def test_a_difficult_object_neither_helps_nor_harms_the_threshold() -> None:
    difficult = TRUTH | {"difficult": torch.tensor([False, True])}
    both = row([(0, 9), (20, 29), (50, 60)], [STAR, RING, RING], [0.9, 0.8, 0.7])
    assert best_threshold([both], [difficult]) == pytest.approx(0.9, abs=1e-4)
