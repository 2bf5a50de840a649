"""What a network costs: its multiply-adds; and torchvision's SSDs cut down to what is counted in ours."""

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode
from torchvision.models.detection.ssd import SSD


class SSDNetwork(nn.Module):
    """What `DSOD.network` is, for torchvision's SSDs: no resizing, no priors, no suppression."""

    def __init__(self, ssd: SSD) -> None:
        super().__init__()
        self.backbone, self.head = ssd.backbone, ssd.head

    def forward(self, batch: Tensor) -> tuple[Tensor, Tensor]:
        answers = self.head(list(self.backbone(batch).values()))
        return answers["bbox_regression"], answers["cls_logits"]


def multiply_adds(network: nn.Module, batch: Tensor) -> int:
    """Products that are added up in the network's convolutions. (torch counts a product and its sum as two.)"""
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        network(batch)
    return counter.get_total_flops() // 2
