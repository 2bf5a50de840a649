"""Pictures and what is on them: VOC-format folders, drawn shapes, SSD's data augmentation, downloads, checks."""

from ..support.errors import DataError
from .augmentation.transforms import light_augmentation, ssd_augmentation, upless_augmentation
from .classes import CLASSES, COCO_CLASSES, VOC_CLASSES
from .coco import CocoDataset
from .files import find_images
from .folder_tools.archives import download_archives, download_voc
from .folder_tools.arrange import arrange_folder
from .folder_tools.bccd import download_bccd, download_bccd_relabelled
from .folder_tools.check import check_folder
from .folder_tools.prepared import prepare_folder
from .folders import open_split, usual_splits
from .images import read_image
from .shapes.dataset import ShapesDataset, write_shapes
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
    "download_bccd_relabelled",
    "download_voc",
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
