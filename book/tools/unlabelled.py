"""Draws what a detector finds in the photographs of blood cells where nobody put a label: book/assets/unlabelled.jpg.

DSOD_LITE_BCCD=downloads/bccd .venv/bin/python book/tools/unlabelled.py

Forty finds of data/runs/bccd_tiny.pt in the test photographs, drawn by lot from all those that it was surer of than one
half, and that overlap no label of their class by as much as a tenth: `unlabelled` in the records of `blood_cells`.
"""

import random
import sys
import warnings
from pathlib import Path

import matplotlib.pyplot as plt

from dsod_lite import load_model, predict
from dsod_lite.datasets import VOCDataset

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))
from book.experiments.comparisons.blood_cells import SURE, folder, is_unlabelled  # noqa: E402

ROWS, COLUMNS = 4, 10


def main() -> None:
    warnings.simplefilter("ignore")  # boxes without area
    test_set = VOCDataset(folder(), "test")
    model, _ = load_model(ROOT / "data/runs/bccd_tiny.pt")
    finds = []
    for i, (found, target) in enumerate(zip(*predict(model, test_set), strict=True)):
        sure = is_unlabelled(found, target) & (found["scores"] > SURE)
        finds += [(i, box) for box in found["boxes"][sure].tolist()]
    figure, axes = plt.subplots(ROWS, COLUMNS, figsize=(10, 4), facecolor="white", layout="constrained")
    for ax, (i, (x1, y1, x2, y2)) in zip(axes.flat, random.Random(0).sample(finds, ROWS * COLUMNS), strict=True):
        image, target = test_set[i]
        ax.imshow(image.permute(1, 2, 0))
        for left, top, right, bottom in target["boxes"].tolist():
            ax.add_patch(
                plt.Rectangle((left, top), right - left, bottom - top, fill=False, color="gold", linestyle=":")
            )
        ax.add_patch(plt.Rectangle((x1, y1), x2 - x1, y2 - y1, fill=False, color="black", linewidth=1.5))
        side = max(x2 - x1, y2 - y1)
        ax.set_xlim((x1 + x2) / 2 - side, (x1 + x2) / 2 + side)
        ax.set_ylim((y1 + y2) / 2 + side, (y1 + y2) / 2 - side)
        ax.axis("off")
    path = ROOT / "book/assets/unlabelled.jpg"
    figure.savefig(path, dpi=150, pil_kwargs={"quality": 85})
    print(f"{path.relative_to(ROOT)}: {ROWS * COLUMNS} of {len(finds)} finds")


if __name__ == "__main__":
    main()
