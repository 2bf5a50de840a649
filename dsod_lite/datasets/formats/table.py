"""The table of formats: to add one is a file beside this one, and its row here.

Why readers of our own: those of others were tried on the inputs that users send (`tests/datasets/test_cases.py`).
`supervision` 0.31 takes one of an object's several boxes, moves VOC's corners by a pixel, leaves boxes beside turned
photographs, and gives pictures without objects where NAME.jpg.xml is not paired or an image_id is a word. `pylabel` 0.1
takes one box too, and ends in an IndexError on COCO's minimum of fields. Both
read three of the seven formats, and say in no case what they passed over.
"""

from ...support.errors import DataError
from ..files import Files
from ..labels import Labels
from . import coco, csv_table, cvat, label_studio, labelme, voc, yolo
from .format import Format
from .unknown import guess

FORMATS: tuple[Format, ...] = (
    voc.DEVKIT,
    voc.LAYOUT,
    coco.COCO,
    yolo.YOLO,
    cvat.CVAT,
    label_studio.LABEL_STUDIO,
    csv_table.CSV,
    labelme.LABELME,
    voc.LOOSE,
)
"""In the order in which a folder is tried."""
WRITTEN = {row.name: row for row in FORMATS if row.write is not None}
"""The rows that `arrange` can write."""


def recognise(files: Files) -> Format:
    """The row of a folder: the first that recognises it.

    Raises:
        DataError: if none does.
    """
    for row in FORMATS:
        if row.recognises(files):
            return row
    where, known = ", ".join(map(str, files.folders)), guess(files, (row.name for row in FORMATS))
    raise DataError(f"{where}: {len(files.pictures)} pictures, and no labels that are known: {known}")


def read_folder(root: object) -> tuple[Format, Labels]:
    """A folder's row, and what its labels say. Raises DataError naming the file and the field."""
    files = Files(str(root))
    row = recognise(files)
    return row, row.read(files)
