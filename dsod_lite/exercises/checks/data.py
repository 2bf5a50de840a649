"""Checks of the chapter on pictures, boxes and their augmentation."""

import torch

from ..judging import Function, as_tensor, call, equal


def exercise_1(mirror: Function) -> None:
    boxes = torch.tensor([[10.0, 20, 50, 40], [0, 0, 128, 128]])
    right = torch.tensor([[78.0, 20, 118, 40], [0, 0, 128, 128]])
    tried = "mirror([[10, 20, 50, 40], [0, 0, 128, 128]], 128)"
    slips = [
        (
            right[:, [2, 1, 0, 3]],
            "Left and right have changed places: the mirrored left edge comes from the old right edge.",
        ),
        (
            right - torch.tensor([1, 0, 1, 0]),
            "One pixel too far left: an edge at x goes to width - x, not to width - 1 - x.",
        ),
        (
            torch.tensor([[10.0, 88, 50, 108], [0, 0, 128, 128]]),
            "You turned the picture upside down: y stays, x changes.",
        ),
    ]
    hint = "A left edge at x1 becomes a right edge at width - x1. y stays as it is."
    equal(call(mirror, boxes, 128, tried=tried), right, tried, hint, slips)
    tried = "mirror([[10, 20, 50, 40]], 100)"
    hint = "Does it use the width that it is given?"
    equal(call(mirror, boxes[:1], 100, tried=tried), [[50.0, 20, 90, 40]], tried, hint)
    tried = "mirror(mirror(boxes, 100), 100), which should be the boxes again"
    again = call(mirror, as_tensor(call(mirror, boxes, 100, tried=tried), tried), 100, tried=tried)
    equal(again, boxes, tried, hint)
    tried = "mirror(boxes, 128) for no boxes, of shape [0, 4]"
    equal(call(mirror, torch.zeros(0, 4), 128, tried=tried), torch.zeros(0, 4), tried, "No boxes give no boxes.")


def exercise_2(share_below: Function) -> None:
    boxes = torch.tensor([[0.0, 0, 10, 10], [0, 0, 40, 4], [5, 5, 25, 25], [0, 0, 16, 9]])
    slips = [
        (0.5, "The side is the root of the area: a box of 40 × 4 has one of 12.6, and one of 16 × 9 has 12."),
        (1.0, "Compare the root of the area with the side, not the area's share of the picture."),
        (0.0, "Compare the root of the area with the side. Did you compare the area itself?"),
        (3.0, "That is how many. Divide by the number of boxes."),
    ]
    tried = "share_below(boxes, 12.8) for boxes of 10 × 10, 40 × 4, 20 × 20 and 16 × 9 pixels"
    equal(call(share_below, boxes, 12.8, tried=tried), 0.75, tried, "Three of the four have a smaller side.", slips)
    tried = "share_below(boxes, 11) for the same"
    equal(call(share_below, boxes, 11, tried=tried), 0.25, tried, "Does it use the side that it is given?")
    tried = "share_below(boxes, 10) for a box of 10 × 10 pixels, whose corner is at (30, 40), and one of 6 × 6"
    boxes = torch.tensor([[30.0, 40, 40, 50], [90, 20, 96, 26]])
    hint = "Corners are no width and height. And a side of 10 is not below 10."
    equal(call(share_below, boxes, 10, tried=tried), 0.5, tried, hint)
