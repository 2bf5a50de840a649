"""What is said of a folder that no format recognises."""

from collections.abc import Iterable

from ..files import Files, look_into
from ..numbers import shown, written_number

FOREIGN = (
    (".json", (b'"shape_attributes"',), "is VIA's JSON; export it as COCO"),
    (".csv", (b"region_shape_attributes",), "is VIA's CSV; export it as COCO"),
    (".json", (b'"assets"', b'"regions"'), "is VoTT's JSON; export it as CSV or Pascal VOC"),
    (".json", (b'"coordinates"', b'"image"', b'"label"'), "is CreateML's JSON; export it as COCO or Pascal VOC"),
    (".json", (b'"Labeled Data"',), "is Labelbox's JSON; export it as COCO"),
    (".json", (b'"data_row"',), "is Labelbox's JSON; export it as COCO"),
)
"""Labels that are not read: the file's ending, words that it has, and what to do."""


def guess(files: Files, known: Iterable[str]) -> str:
    """What the folder's labels seem to be, or what is missing; without an idea, the formats that are `known`."""
    if not files.pictures:
        return "labels are read with their pictures: put these into the folder too"
    for ending, words, said in FOREIGN:
        for path in files.ending(ending)[:3]:
            head = look_into(files.root / path)
            if all(word in head for word in words):
                return f"{path} {said}"
    for path in files.ending("_annotations.txt")[:1]:
        return f"{path} is Roboflow's text for Keras; export it as COCO or Pascal VOC"
    for path in files.ending(".csv")[:1]:
        line = look_into(files.root / path, 1000).decode("utf-8", "replace").partition("\n")[0].strip()
        return f"{path} begins with {shown(line)}; it needs columns such as filename, class, xmin, ymin, xmax, ymax"
    for path in files.ending(".txt"):
        words_of = look_into(files.root / path, 1000).decode("utf-8", "replace").partition("\n")[0].split()
        if len(words_of) >= 5 and all(written_number(word) is not None for word in words_of):
            return f"{path} is as YOLO's files are, and no picture has its name"
    return f"known are {', '.join(known)}; `python -m dsod_lite check --help` says how each looks"
