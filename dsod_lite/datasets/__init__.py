"""Pictures and what is on them: VOC-format folders, drawn shapes, SSD's augmentation, downloads, checks."""

from .archives import download_archives
from .arrange import arrange_folder
from .check import check_folder
from .classes import CLASSES, COCO_CLASSES, VOC_CLASSES
from .coco import CocoDataset
from .download import download_bccd
from .folders import open_split, usual_splits
from .images import DataError, find_images, read_image
from .prepared import prepare_folder
from .shapes import ShapesDataset, write_shapes
from .transforms import light_augmentation, ssd_augmentation, upless_augmentation
from .union import Union, voc_union
from .voc import VOCDataset

__all__ = [
    "CLASSES",
    "COCO_CLASSES",
    "VOC_CLASSES",
    "CocoDataset",
    "DataError",
    "ShapesDataset",
    "Union",
    "VOCDataset",
    "arrange_folder",
    "check_folder",
    "download_archives",
    "download_bccd",
    "find_images",
    "light_augmentation",
    "open_split",
    "prepare_folder",
    "read_image",
    "ssd_augmentation",
    "upless_augmentation",
    "usual_splits",
    "voc_union",
    "write_shapes",
]
