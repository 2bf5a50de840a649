"""Draws a photograph with its labels, and with what a detector finds: book/assets/photograph.jpg.

DSOD_LITE_BCCD=downloads/bccd .venv/bin/python book/tools/photograph.py

The first test photograph of the blood cells that has all three classes, and the finds of data/runs/bccd_tiny.pt in it
that it is surer of than one half.
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt

from dsod_lite import load_model, plots, predict
from dsod_lite.datasets import VOCDataset

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))
from book.experiments.comparisons.blood_cells import SURE, folder  # noqa: E402


def main() -> None:
    test_set = VOCDataset(folder(), "test")
    number = next(i for i in range(len(test_set)) if len(test_set[i][1]["labels"].unique()) == len(test_set.classes))
    image, target = test_set[number]
    model, classes = load_model(ROOT / "data/runs/bccd_tiny.pt")
    (found,), _ = predict(model, [(image, target)], progress=False)  # type: ignore[arg-type]
    sure = found["scores"] > SURE
    figure, axes = plt.subplots(1, 2, figsize=(12, 4.8), facecolor="white", layout="constrained")
    plots.show_boxes(image, target["boxes"], target["labels"], class_names=classes, ax=axes[0])
    axes[0].set_title(f"what people saw: {len(target['labels'])} cells", fontsize=13)
    boxes, labels, scores = (found[key][sure] for key in ("boxes", "labels", "scores"))
    plots.show_boxes(image, boxes, labels, scores, classes, axes[1])
    axes[1].set_title(f"what a detector of this book found: {int(sure.sum())}", fontsize=13)
    path = ROOT / "book/assets/photograph.jpg"
    figure.savefig(path, dpi=110, pil_kwargs={"quality": 85})
    print(f"{path.relative_to(ROOT)}: {test_set.names[number]}, classes {', '.join(classes)}")


if __name__ == "__main__":
    main()
