"""torchvision's SSD and Faster R-CNN, made as small as `dsod_tiny`, on one backbone, with or without normalisation.

The backbone is a chain of 3×3 convolutions as VGG's, which halves the map five times. Without normalisation it has
none at all; with it, BatchNorm that is trained follows each convolution. Faster R-CNN's later parts get GroupNorm in
its place: one head reads maps whose statistics differ, and one picture's proposals are no independent samples.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from itertools import pairwise

from torch import Tensor, nn
from torchvision.models.detection import FasterRCNN
from torchvision.models.detection.anchor_utils import AnchorGenerator, DefaultBoxGenerator
from torchvision.models.detection.backbone_utils import BackboneWithFPN
from torchvision.models.detection.faster_rcnn import FastRCNNConvFCHead, FastRCNNPredictor
from torchvision.models.detection.rpn import RPNHead
from torchvision.models.detection.ssd import SSD
from torchvision.ops import Conv2dNormActivation, MultiScaleRoIAlign

from dsod_lite import dsod_tiny
from dsod_lite.detector.prediction import L2Norm

WIDTHS = (16, 32, 64, 96, 128)
"""Channels of the backbone's maps, at a half to a thirty-second of the picture's side."""
EXTRA_WIDTHS = (64, 64)
"""Channels of the two further maps that SSD has."""
FPN_WIDTH = 48
Norm = Callable[[int], nn.Module] | None


def group_norm(channels: int) -> nn.GroupNorm:
    """GroupNorm with 8 channels a group."""
    return nn.GroupNorm(channels // 8, channels)


def vgg_chain(widths: Sequence[int], norm: Norm, in_channels: int = 3) -> nn.Sequential:
    """Two convolutions for each width, the first with stride 2: [B, in_channels, S, S] -> [B, widths[-1], ...]."""
    stages = [
        nn.Sequential(Conv2dNormActivation(c, d, 3, 2, norm_layer=norm), Conv2dNormActivation(d, d, 3, norm_layer=norm))
        for c, d in pairwise((in_channels, *widths))
    ]
    for conv in nn.ModuleList(stages).modules():
        if isinstance(conv, nn.Conv2d):  # He's: without normalisation nothing else keeps the signal's size
            nn.init.kaiming_normal_(conv.weight, nonlinearity="relu")
    return nn.Sequential(*stages)


class SSDBackbone(nn.Module):
    """Five maps, from an eighth of the picture's side on; the first through SSD's L2 norm."""

    def __init__(self, norm: Norm) -> None:
        super().__init__()
        self.first = vgg_chain(WIDTHS[:3], norm)
        self.scale = L2Norm(WIDTHS[2])
        self.later = vgg_chain(WIDTHS[3:] + EXTRA_WIDTHS, norm, WIDTHS[2])
        self.out_channels = [*WIDTHS[2:], *EXTRA_WIDTHS]

    def forward(self, batch: Tensor) -> OrderedDict[str, Tensor]:
        """[B, 3, S, S] -> the maps [B, out_channels[i], ...], finest first."""
        x = self.first(batch)
        maps = [self.scale(x)]
        for stage in self.later:
            x = stage(x)
            maps.append(x)
        return OrderedDict((str(i), m) for i, m in enumerate(maps))


def small_ssd(num_classes: int, image_size: int, normalised: bool) -> SSD:
    """torchvision's SSD with the priors and the matching threshold of `dsod_tiny` at that size."""
    config = dsod_tiny(num_classes, image_size).config
    sizes = (*config.priors.min_sizes, config.priors.max_sizes[-1])
    ratios = [list(each) for each in config.priors.aspect_ratios]
    return SSD(
        SSDBackbone(nn.BatchNorm2d if normalised else None),
        DefaultBoxGenerator(ratios, scales=[size / image_size for size in sizes]),
        (image_size, image_size),
        num_classes,
        iou_thresh=config.match_threshold,
    )


def small_faster_rcnn(num_classes: int, image_size: int, normalised: bool, proposals: int = 24) -> FasterRCNN:
    """torchvision's Faster R-CNN with a pyramid of three maps (and its pooled fourth for proposals).

    Args:
        num_classes: with the background.
        image_size: side of the square that pictures are warped to.
        normalised: whether it has normalisation, or none anywhere.
        proposals: boxes of a picture that reach the second stage.
    """
    norm, later_norm = (nn.BatchNorm2d, group_norm) if normalised else (None, None)
    maps = {"2": "0", "3": "1", "4": "2"}
    backbone = BackboneWithFPN(vgg_chain(WIDTHS, norm), maps, list(WIDTHS[2:]), FPN_WIDTH, norm_layer=later_norm)
    priors = dsod_tiny(num_classes, image_size).config.priors
    sizes = tuple((low, (low * high) ** 0.5) for low, high in zip(priors.min_sizes, priors.max_sizes, strict=True))[:4]
    anchors = AnchorGenerator(sizes, ((0.5, 1.0, 2.0),) * 4)
    rpn_head = RPNHead(FPN_WIDTH, anchors.num_anchors_per_location()[0])
    if normalised:
        rpn_head.conv = Conv2dNormActivation(FPN_WIDTH, FPN_WIDTH, 3, norm_layer=later_norm)
    return FasterRCNN(
        backbone,
        min_size=image_size,
        max_size=image_size,
        fixed_size=(image_size, image_size),
        rpn_anchor_generator=anchors,
        rpn_head=rpn_head,
        rpn_pre_nms_top_n_train=4 * proposals,
        rpn_pre_nms_top_n_test=4 * proposals,
        rpn_post_nms_top_n_train=proposals,
        rpn_post_nms_top_n_test=2 * proposals,
        # A box of 0.4 of the picture's side is cut out of the middle map.
        box_roi_pool=MultiScaleRoIAlign(list("012"), 4, 2, canonical_scale=round(0.4 * image_size), canonical_level=4),
        box_head=FastRCNNConvFCHead((FPN_WIDTH, 4, 4), [FPN_WIDTH], [128], norm_layer=later_norm),
        box_predictor=FastRCNNPredictor(128, num_classes),
        box_batch_size_per_image=proposals,
        box_score_thresh=0.01,  # as SSD and DSOD
        box_nms_thresh=0.45,
        box_detections_per_img=200,
    )
