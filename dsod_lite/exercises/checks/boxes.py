"""Checks of the chapter on boxes."""

import torch
from torchvision.ops import box_iou, generalized_box_iou

from ..judging import Function, call, equal
from ..values import Number, Values

exercise_1 = Values(
    iou_on_paper=Number(
        1 / 7,
        "Count the columns and the rows that they share, then 24 + 24 minus that.",
        [
            (6 / 48, "You divided by both areas together. What the boxes share is in both, so it was counted twice."),
            (6 / 24, "You divided by one of the boxes. The union is what both take up together."),
            (6.0, "That is how many pixels they share. Divide by how many they take up together."),
        ],
    )
)


def exercise_4(giou: Function) -> None:
    tried = "giou(a, b) with a = [[0, 0, 2, 2]] and b = [[0, 0, 2, 2]]"
    same = torch.tensor([[0.0, 0, 2, 2]])
    equal(call(giou, same, same, tried=tried), [[1.0]], tried, "Equal boxes: IoU 1, and nothing around them is empty.")

    tried = "giou(a, b) with a = [[0, 0, 1, 1]] and b = [[3, 0, 4, 1]]"
    left, right = torch.tensor([[0.0, 0, 1, 1]]), torch.tensor([[3.0, 0, 4, 1]])
    slips = [
        ([[0.0]], "That is the IoU. The box around both is 4 wide and 1 high, and half of it is empty."),
        ([[0.5]], "The empty share is to be subtracted from the IoU, not added."),
        ([[-2.0]], "You subtracted the empty area itself. Divide it by the area of the box around both."),
    ]
    hint = "The box around both is 4 wide and 1 high, and half of it is empty."
    equal(call(giou, left, right, tried=tried), [[-0.5]], tried, hint, slips)

    points = torch.rand(7, 2, 2, generator=torch.Generator().manual_seed(0)) * 64
    boxes = torch.cat([points.amin(dim=1), points.amax(dim=1)], dim=1)
    a, b = boxes[:3], boxes[3:]
    tried = "giou(a, b) with three and four random boxes, against torchvision's generalized_box_iou"
    slips = [(box_iou(a, b), "That is the IoU.")]
    hint = "It is a table: three rows, four columns. Boxes that overlap have an empty share around them, too."
    equal(call(giou, a, b, tried=tried), generalized_box_iou(a, b), tried, hint, slips)
