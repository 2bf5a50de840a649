"""The classes of the public data sets, in the order of their labels: the first has label 1."""

from torchvision.models.detection import FasterRCNN_ResNet50_FPN_Weights
from torchvision.models.segmentation import FCN_ResNet50_Weights

# torchvision keeps the names with its weights, nothing of which is downloaded here. Its COCO list has gaps, since
# COCO's own numbers go up to 90; DSOD and SSD count the 80 classes through.
VOC_CLASSES: tuple[str, ...] = tuple(FCN_ResNet50_Weights.DEFAULT.meta["categories"][1:])
COCO_CLASSES: tuple[str, ...] = tuple(
    name for name in FasterRCNN_ResNet50_FPN_Weights.DEFAULT.meta["categories"][1:] if name != "N/A"
)
CLASSES = {"voc": VOC_CLASSES, "coco": COCO_CLASSES}
