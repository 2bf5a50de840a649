"""What the figures contain: boxes where they belong, names, scores, colours and curves. Not pixels."""

from typing import Any

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_hex, to_rgb
from matplotlib.patches import Rectangle

from dsod_lite.evaluation.voc import evaluate_voc
from dsod_lite.plots import (
    PALETTE,
    fonts,
    plot_history,
    plot_precision_recall,
    plot_priors,
    show_boxes,
    show_detections,
    show_samples,
)
from dsod_lite.plots.canvas import class_name


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


IMAGE = torch.rand(3, 60, 80, generator=torch.Generator().manual_seed(0))
BOXES = torch.tensor([[10.0, 20, 30, 50], [5, 1, 25, 15], [60, 30, 90, 55]])
NAMES = ["cat", "dog", "bird"]


def rectangles(ax):
    return [p for p in ax.patches if isinstance(p, Rectangle)]


def corners(rectangle):
    x, y = rectangle.get_xy()
    return [x, y, x + rectangle.get_width(), y + rectangle.get_height()]


def words(ax):
    return [text.get_text() for text in ax.texts]


# ---------------------------------------------------------------- boxes on pictures


def test_boxes_lie_where_they_are_told():
    ax = show_boxes(IMAGE, BOXES)
    assert [corners(r) for r in rectangles(ax)] == BOXES.tolist()
    assert words(ax) == []
    # Pixel i lies from i to i + 1, and a box that reaches outside does not stretch the picture.
    assert ax.images[0].get_extent() == [0, 80, 60, 0]
    assert ax.get_xlim() == (0, 80)
    assert ax.get_ylim() == (60, 0)
    assert to_hex(ax.figure.get_facecolor()) == "#ffffff"


def test_the_picture_is_shown_as_it_is():
    shown = show_boxes(IMAGE, BOXES).images[0].get_array()
    np.testing.assert_array_equal(shown, IMAGE.permute(1, 2, 0))
    whole = (IMAGE * 255).to(torch.uint8)
    np.testing.assert_array_equal(show_boxes(whole, BOXES).images[0].get_array(), whole.permute(1, 2, 0))
    # A little beyond 0 to 1, as resizing may leave it, is cut off rather than wrapped around or warned about.
    shown = show_boxes(IMAGE * 1.5 - 0.1, BOXES).images[0].get_array()
    assert (shown.min(), shown.max()) == (0, 1)


def test_a_photograph_is_drawn_from_as_many_pixels_as_a_figure_shows():
    ax = show_boxes(torch.rand(3, 3000, 2000), BOXES)
    assert ax.images[0].get_array().shape == (1500, 1000, 3)
    assert ax.images[0].get_extent() == [0, 2000, 3000, 0]
    assert [corners(r) for r in rectangles(ax)] == BOXES.tolist()


def test_labels_choose_colour_and_words():
    labels = torch.tensor([1, 3, 1])
    ax = show_boxes(IMAGE, BOXES, labels, class_names=NAMES)
    assert words(ax) == ["cat", "bird", "cat"]
    colours = [to_hex(r.get_edgecolor()).upper() for r in rectangles(ax)]
    assert colours == [PALETTE[0], PALETTE[2], PALETTE[0]]
    assert words(show_boxes(IMAGE, BOXES, labels)) == ["1", "3", "1"]
    one_colour = show_boxes(IMAGE, BOXES, labels, color="#123456")
    assert {to_hex(r.get_edgecolor()) for r in rectangles(one_colour)} == {"#123456"}


def test_the_best_box_is_drawn_last_so_it_lies_on_top():
    scores = torch.tensor([0.5, 0.987, 0.126])
    ax = show_boxes(IMAGE, BOXES, torch.tensor([1, 2, 3]), scores, NAMES)
    assert words(ax) == ["bird 0.13", "cat 0.50", "dog 0.99"]
    assert corners(rectangles(ax)[-1]) == BOXES[1].tolist()
    assert words(show_boxes(IMAGE, BOXES, scores=scores)) == ["0.13", "0.50", "0.99"]


def test_words_stay_on_the_picture():
    # Boxes at and over the edges, with words longer than they are wide.
    boxes = [
        [-5, -5, 20, 20],
        [60, -3, 85, 9],
        [70, 40, 79, 59],
        [-9, 50, 8, 70],
        [30, 0, 50, 9],
    ]
    labels = torch.ones(len(boxes), dtype=torch.int64)
    ax = show_boxes(IMAGE, torch.tensor(boxes).float(), labels, labels.float(), ["dining table"])
    ax.figure.draw_without_rendering()
    frame = ax.get_window_extent()
    for text in ax.texts:
        extent = text.get_window_extent()
        assert extent.x0 >= frame.x0 - 1
        assert extent.x1 <= frame.x1 + 1
        assert extent.y0 >= frame.y0 - 1
        assert extent.y1 <= frame.y1 + 1


@pytest.mark.parametrize("label", range(1, len(PALETTE) + 1))
def test_words_can_be_read_on_their_plate(label):
    # WCAG 2 asks for a contrast of 4.5 in small print.
    def luminance(color):
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(color)]
        return float(np.dot(linear, [0.2126, 0.7152, 0.0722]))

    text = show_boxes(IMAGE, BOXES[:1], torch.tensor([label])).texts[0]
    plate = text.get_bbox_patch().get_facecolor()
    dark, light = sorted([luminance(text.get_color()), luminance(plate)])
    assert (light + 0.05) / (dark + 0.05) >= 4.5


def test_no_boxes_is_a_picture_alone():
    nothing = torch.empty(0, 4), torch.empty(0, dtype=torch.int64), torch.empty(0)
    ax = show_boxes(IMAGE, *nothing, NAMES)
    assert (len(ax.images), len(rectangles(ax)), len(ax.texts)) == (1, 0, 0)


def test_a_given_axes_is_used():
    _, axes = plt.subplots(1, 2)
    assert show_boxes(IMAGE, BOXES, ax=axes[1]) is axes[1]
    assert not axes[0].images
    assert len(plt.get_fignums()) == 1


def test_wrong_input_is_named():
    with pytest.raises(ValueError, match="3 boxes, but 2 scores"):
        show_boxes(IMAGE, BOXES, scores=torch.rand(2))
    with pytest.raises(ValueError, match="3 boxes, but 1 labels"):
        show_boxes(IMAGE, BOXES, labels=torch.tensor([1]))
    with pytest.raises(ValueError, match=r"shape \[60, 80, 3\]"):
        show_boxes(IMAGE.permute(1, 2, 0), BOXES)
    for label in (0, 4):  # 0 would be the last name, were it only an index
        with pytest.raises(ValueError, match=f"label {label} has no name"):
            show_boxes(IMAGE, BOXES[:1], torch.tensor([label]), class_names=NAMES)
    with pytest.raises(ValueError, match="no images"):
        show_detections([], [])
    with pytest.raises(ValueError, match="targets are of 2 images, but there are 1"):
        show_detections([IMAGE], [{}], [{}, {}])


# ---------------------------------------------------------------- grids


def found(scores):
    return {"boxes": BOXES, "labels": torch.tensor([1, 2, 3]), "scores": torch.tensor(scores)}


def test_detections_above_the_score_and_ground_truth_in_dashes():
    truth = {"boxes": torch.tensor([[11.0, 21, 31, 51]]), "labels": torch.tensor([1])}
    figure = show_detections([IMAGE], [found([0.9, 0.3, 0.2])], [truth], NAMES, min_score=0.3)
    (ax,) = figure.axes
    assert words(ax) == ["dog 0.30", "cat 0.90"]
    assert [corners(r) for r in rectangles(ax)] == [BOXES[1].tolist(), BOXES[0].tolist()]
    (line,) = ax.lines
    assert line.get_xydata().tolist() == [[11, 21], [31, 21], [31, 51], [11, 51], [11, 21]]
    assert line.get_linestyle() == "--"
    assert {line.get_color(), line.get_gapcolor()} == {"white", "black"}
    assert all(line.get_zorder() < r.get_zorder() for r in rectangles(ax))
    assert len(ax.images) == 1


def test_ground_truth_that_reaches_outside_does_not_stretch_the_picture():
    truth = {"boxes": torch.tensor([[-20.0, -20, 200, 200]])}
    (ax,) = show_detections([IMAGE], [found([0.9, 0.3, 0.2])], [truth]).axes
    assert ax.get_xlim() == (0, 80)
    assert ax.get_ylim() == (60, 0)


@pytest.mark.parametrize(("n", "columns", "grid"), [(1, 4, (1, 1)), (4, 4, (1, 4)), (5, 4, (2, 4)), (5, 2, (3, 2))])
def test_a_grid_has_a_place_for_each_image(n, columns, grid):
    images = [torch.rand(3, 40 + 5 * i, 50) for i in range(n)]
    figure = show_detections(images, [found([0.9, 0.8, 0.7])] * n, columns=columns)
    assert len(figure.axes) == n
    assert {ax.get_subplotspec().get_gridspec().get_geometry() for ax in figure.axes} == {grid}
    assert [ax.images[0].get_array().shape[0] for ax in figure.axes] == [40 + 5 * i for i in range(n)]
    assert to_hex(figure.get_facecolor()) == "#ffffff"


class Dataset:
    def __getitem__(self, i):
        return IMAGE, {"boxes": BOXES[:i], "labels": torch.tensor([1, 2, 3])[:i]}


def test_samples_are_the_ones_asked_for_with_the_data_sets_names():
    figure = show_samples(Dataset(), [2, 0, 3])
    assert [words(ax) for ax in figure.axes] == [["1", "2"], [], ["1", "2", "3"]]
    named: Any = Dataset()
    named.classes = NAMES
    assert words(show_samples(named, [2]).axes[0]) == ["cat", "dog"]
    with pytest.raises(ValueError, match="no images"):
        show_samples(named, [])


# ---------------------------------------------------------------- curves


def lines_by_label(figure):
    return {line.get_label(): line for ax in figure.axes for line in ax.lines}


HISTORY = [
    {"epoch": 1, "loss": 5.0, "bbox_regression": 2.0, "classification": 3.0, "lr": 0.1, "seconds": 9.0},
    {"epoch": 2, "loss": 4.0, "bbox_regression": 1.5, "classification": 2.5, "val_ap50": 0.25},
    {"epoch": 3, "loss": 3.0, "bbox_regression": 1.0, "classification": 2.0, "val_ap50": None},
    {"epoch": 4, "loss": 2.0, "bbox_regression": 0.5, "classification": 1.5, "val_ap50": 0.5},
]


def test_history_draws_losses_and_the_ap_of_the_epochs_that_have_one():
    ax = plot_history(HISTORY)
    lines = lines_by_label(ax.figure)
    assert lines["loss"].get_xydata().tolist() == [[1, 5], [2, 4], [3, 3], [4, 2]]
    assert lines["box regression"].get_ydata().tolist() == [2, 1.5, 1, 0.5]
    assert lines["classification"].get_ydata().tolist() == [3, 2.5, 2, 1.5]
    assert lines["validation AP50"].get_xydata().tolist() == [[2, 25], [4, 50]]
    left, right = ax.figure.axes
    assert lines["validation AP50"].axes is right
    assert (left.get_ylabel(), right.get_ylabel(), left.get_xlabel()) == ("loss", "AP50 (%)", "epoch")
    assert right.get_ylim() == (0, 100)
    assert left.get_ylim()[0] == 0
    assert [text.get_text() for text in ax.get_legend().get_texts()] == list(lines)


def test_a_history_of_one_epoch_is_seen():
    lines = lines_by_label(plot_history(HISTORY[1:2]).figure)
    assert len(lines) == 4
    assert {line.get_marker() for line in lines.values()} == {"o"}
    assert lines_by_label(plot_history(HISTORY).figure)["loss"].get_marker() == "None"


def test_history_without_ap_or_parts_has_what_there_is():
    ax = plot_history([{"epoch": 1, "loss": 2.0}, {"epoch": 2, "loss": 1.0}])
    assert list(lines_by_label(ax.figure)) == ["loss"]
    assert ax.figure.axes == [ax]
    assert list(plot_history([]).lines) == []


def test_precision_and_recall_are_those_of_the_result():
    # Class 1: right, wrong, right of two objects. Class 2: one object, never found. Class 3: no object.
    a, b, c = [0, 0, 10, 10], [20, 0, 30, 10], [40, 0, 50, 10]
    targets = [{"boxes": torch.tensor([a, b, c]), "labels": torch.tensor([1, 1, 2])}]
    detections = [
        {
            "boxes": torch.tensor([a, c, b, c]),
            "labels": torch.tensor([1, 1, 1, 3]),
            "scores": torch.tensor([0.9, 0.8, 0.7, 0.6]),
        }
    ]
    result = evaluate_voc(detections, targets, 4, method="all-point")
    ax = plot_precision_recall(result, NAMES)
    cat, dog = ax.lines
    # AP of class 1: 1/2 * 1 + 1/2 * 2/3 = 0.833; the mean with class 2's 0 is 0.417
    assert [cat.get_label(), dog.get_label()] == ["83.3  cat", "0.0  dog"]
    np.testing.assert_allclose(cat.get_xydata(), [[0, 1], [0.5, 1], [0.5, 0.5], [1, 2 / 3]])
    assert dog.get_xydata().tolist() == [[0, 0]]
    assert ax.get_title() == "mean AP 41.7 % (all-point, IoU 0.5)"
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["83.3  cat", "0.0  dog"]
    assert to_hex(cat.get_color()).upper() == PALETTE[0]


def test_precision_and_recall_tell_twenty_classes_apart():
    boxes = torch.tensor([[0, 0, 10, 10]] * 20)
    labels = torch.arange(1, 21)
    detections = [{"boxes": boxes, "labels": labels, "scores": torch.ones(20)}]
    ax = plot_precision_recall(evaluate_voc(detections, [{"boxes": boxes, "labels": labels}], 21))
    assert len({(to_hex(line.get_color()), line.get_linestyle()) for line in ax.lines}) == 20
    assert "11-point" in ax.get_title()


def test_precision_and_recall_of_nothing():
    ax = plot_precision_recall(evaluate_voc([], [], 3))
    assert (list(ax.lines), ax.get_legend()) == ([], None)


# ---------------------------------------------------------------- priors


def test_priors_inside_and_outside_are_all_on_the_canvas():
    # On 100 x 200: a square around (50, 50), one that reaches over the left edge, one centred outside.
    priors = torch.tensor([[0.25, 0.5, 0.1, 0.2], [0.05, 0.5, 0.3, 0.2], [1.5, 0.5, 0.1, 0.2]])
    ax = plot_priors(priors, (100, 200))
    inside, outside = (c for c in ax.collections if isinstance(c, PolyCollection))
    boxes = [path.vertices[:4].tolist() for path in [*inside.get_paths(), *outside.get_paths()]]
    expected = [[[40, 40], [60, 40], [60, 60], [40, 60]], [[-20, 40], [40, 40], [40, 60], [-20, 60]]]
    np.testing.assert_allclose(boxes, [*expected, [[290, 40], [310, 40], [310, 60], [290, 60]]], atol=1e-4)
    assert to_hex(inside.get_edgecolor()[0]) != to_hex(outside.get_edgecolor()[0])
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [
        "2 centred inside",
        "1 centred outside",
    ]
    assert corners(rectangles(ax)[0]) == [0, 0, 200, 100]
    assert ax.get_xlim()[0] < -20
    assert ax.get_xlim()[1] > 310
    assert ax.get_ylim()[0] > 100 > 0 > ax.get_ylim()[1]  # y runs down, as in the image
    assert ax.get_aspect() == 1
    np.testing.assert_allclose(ax.lines[0].get_xydata(), [[50, 50], [10, 50]], atol=1e-4)


def test_priors_in_one_colour_on_a_picture():
    priors = torch.tensor([[0.5, 0.5, 0.1, 0.1], [1.5, 0.5, 0.1, 0.1]])
    ax = plot_priors(priors, 300, image=IMAGE, color="black", linewidth=0.5)
    assert ax.images[0].get_extent() == [0, 300, 300, 0]
    assert {to_hex(c.get_edgecolor()[0]) for c in ax.collections} == {"#000000"}
    assert {c.get_linewidth()[0] for c in ax.collections} == {0.5}
    assert ax.get_legend() is None


def test_no_priors_is_a_canvas():
    ax = plot_priors(torch.empty(0, 4), 300)
    assert (len(ax.collections), len(rectangles(ax))) == (0, 1)
    assert ax.get_xlim()[0] < 0 < 300 < ax.get_xlim()[1]


@pytest.mark.parametrize(
    "draw",
    [
        lambda ax: plot_history(HISTORY, ax),
        lambda ax: plot_precision_recall(evaluate_voc([], [], 3), ax=ax),
        lambda ax: plot_priors(torch.rand(3, 4), 300, ax),
    ],
)
def test_plots_use_a_given_axes(draw):
    _, ax = plt.subplots()
    assert draw(ax) is ax
    assert len(plt.get_fignums()) == 1


def test_letters_that_no_font_has_become_the_number_and_are_said_once(monkeypatch: pytest.MonkeyPatch) -> None:
    fonts._say.cache_clear()
    monkeypatch.setattr(fonts, "font_for", lambda text: None if "猫" in text else fonts.USUAL)
    with pytest.warns(UserWarning, match="no font here has the letters of '猫': in pictures .* called 2") as said:
        assert [class_name(label, ("Größe", "猫")) for label in (1, 2, 2)] == ["Größe", "2", "2"]
    assert len(said) == 1


def test_a_font_is_looked_for_where_the_usual_one_lacks_a_letter(monkeypatch: pytest.MonkeyPatch) -> None:
    fonts.font_for.cache_clear()
    assert fonts.font_for("Größe, кот, قط") is fonts.USUAL
    usual = str(fonts.findfont(fonts.USUAL))  # newer Matplotlibs return a path that equals no string
    monkeypatch.setattr(fonts, "_letters", lambda path: frozenset(map(ord, "abc" if str(path) == usual else "abc猫")))
    found = fonts.font_for("a猫")
    assert found is not None
    assert str(found.get_file()) != usual
    assert fonts.font_for("a犬") is None
    fonts.font_for.cache_clear()
