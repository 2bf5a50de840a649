"""Pascal VOC: one XML file a picture. In VOC's own layout with lists, in its devkit by years, or lying loose."""

import xml.etree.ElementTree as ET
from collections.abc import Callable
from functools import partial
from pathlib import Path

from ...support.errors import DataError
from ..annotations import class_names, progress
from ..classes import VOC_CLASSES
from ..files import Files, divided, look_into
from ..images import is_picture
from ..labels import Entry, LabelledPicture, Labels
from ..names import folded, unique_names
from ..union import VOC_UNIONS
from ..voc import labelled, voc_entries
from .format import Division, Format, copy_picture

LISTS = "ImageSets/Main"


def lists_of(root: Path) -> list[str]:
    """The names of the lists in ImageSets/Main."""
    return sorted(path.stem for path in (root / LISTS).glob("*.txt"))


def read_layout(files: Files) -> Labels:
    """A folder with ImageSets/Main."""
    root = files.root
    return Labels({split: partial(voc_entries, root, split) for split in lists_of(root)}, partial(class_names, root))


def read_devkit(files: Files) -> Labels:
    """VOCdevkit: each list of each year, and the unions that the papers train on."""
    years = sorted(path.name for path in files.root.glob("VOC20*") if (path / LISTS).is_dir())
    splits: dict[str, Callable[[], list[Entry]]] = {
        f"{year}/{split}": partial(voc_entries, files.root / year, split)
        for year in years
        for split in lists_of(files.root / year)
    }

    def union(parts: tuple[tuple[str, str], ...]) -> list[Entry]:
        return [entry for year, split in parts for entry in splits[f"{year}/{split}"]()]

    for name, parts in VOC_UNIONS.items():
        if all(f"{year}/{split}" in splits for year, split in parts):
            splits[name] = partial(union, parts)
    return Labels(splits, lambda: VOC_CLASSES)


def read_loose(files: Files) -> Labels:
    """NAME.xml, or NAME.jpg.xml, with NAME.jpg: beside it, or anywhere else in the folder."""
    return paired(files, ".xml", labelled)


def paired(files: Files, ending: str, read: Callable[[str, Path, Path], LabelledPicture]) -> Labels:
    """A format with a file of labels for each picture: `read` gets the picture's name, the picture and that file."""
    pairs = pair_up(files, ending)
    names = unique_names(pairs)

    def entries(paths: list[str]) -> list[Entry]:
        pictures = [(path, files.root / path, files.root / pairs[path]) for path in paths]
        return [Entry(picture, partial(read, names[path], picture, source)) for path, picture, source in pictures]

    return Labels({split: partial(entries, paths) for split, paths in divided(pairs).items()})


def pair_up(files: Files, ending: str) -> dict[str, str]:
    """Picture -> the file with its labels, for all that have one.

    It has the picture's name: beside it (see `beside`), or else anywhere, if it is the only one so called that is
    beside no picture; and if there is none, so called but for small and capital letters. Raises DataError where that
    leaves a choice.
    """
    near = {picture: path for picture in files.pictures if (path := beside(files, picture, ending))}
    taken = set(near.values())  # a picture without labels has not those of its namesake in another folder
    called = {name for path in files.pictures for name in names_of(path)}
    anywhere: dict[str, list[str]] = {}
    for source in files.ending(ending):
        stem = source.rpartition("/")[2][: -len(ending)]
        for name in {stem, *([stem.rpartition(".")[0]] if is_picture(stem) else [])} if source not in taken else ():
            anywhere.setdefault(name if name in called else folded(name), []).append(source)
    found: dict[str, str] = {}
    owner: dict[str, str] = {}
    for picture in files.pictures:
        names = names_of(picture)
        alike = [name for name in map(folded, names) if name not in called]
        choice = next(filter(None, map(anywhere.get, (*names, *alike))), [])
        if picture in near:
            choice = [near[picture]]
        if len(choice) > 1:
            first, second = (files.root / other for other in choice[:2])
            raise DataError(f"{second}: has the name of {first}; rename one of the two, and its partner")
        for path in choice:
            if path in owner:
                other = files.root / owner[path]
                raise DataError(f"{files.root / picture}: has the name of {other}; rename one of the two")
            found[picture] = path
            owner[path] = picture
    return found


def names_of(picture: str) -> tuple[str, str]:
    """A picture's name with its suffix, and without."""
    name = picture.rpartition("/")[2]
    return name, name.rpartition(".")[0]


def beside(files: Files, picture: str, ending: str) -> str | None:
    """The file with a picture's name in its folder, or where `labels` or `Annotations` stand for `images` …"""
    folders = {"images": ("labels", "annotations"), "jpegimages": ("Annotations",)}
    folder, _, name = picture.rpartition("/")
    starts = [f"{folder}/" if folder else ""]
    parts = folder.split("/")
    for i, part in enumerate(parts):
        starts += ["/".join([*parts[:i], other, *parts[i + 1 :], ""]) for other in folders.get(part.lower(), ())]
    near = (f"{start}{tail}{ending}" for start in starts for tail in (name.rpartition(".")[0], name))
    return next((path for path in near if path in files), None)


def write(division: Division, to: Path) -> None:
    """JPEGImages, Annotations and a list for each split. An annotation that is VOC's already is copied as it is."""
    for folder in ("JPEGImages", "Annotations", LISTS):
        (to / folder).mkdir(parents=True)
    for split, pictures in division.splits.items():
        for picture in progress(pictures):
            copy_picture(picture, to / "JPEGImages" / picture.name)
            annotation = to / "Annotations" / f"{picture.name}.xml"
            if picture.xml is not None:
                annotation.write_bytes(picture.xml.read_bytes())
            else:
                ET.ElementTree(element(picture)).write(annotation, encoding="utf-8")
        (to / LISTS / f"{split}.txt").write_text("".join(f"{p.name}\n" for p in pictures), encoding="utf-8")


def element(picture: LabelledPicture) -> ET.Element:
    """The <annotation> of a picture."""
    root = ET.Element("annotation")
    ET.SubElement(root, "filename").text = f"{picture.name}{picture.path.suffix.lower()}"
    if picture.size:
        size = ET.SubElement(root, "size")
        for field, value in zip(("width", "height", "depth"), (*picture.size, 3), strict=True):
            ET.SubElement(size, field).text = str(value)
    for item in picture.objects:
        child = ET.SubElement(root, "object")
        ET.SubElement(child, "name").text = item.name
        ET.SubElement(child, "difficult").text = str(int(item.difficult or item.crowd))
        box = ET.SubElement(child, "bndbox")
        for corner, place in zip(("xmin", "ymin", "xmax", "ymax"), item.box, strict=True):
            ET.SubElement(box, corner).text = f"{place:.2f}".removesuffix(".00")
    return root


LAYOUT = Format(
    "voc",
    "Pascal VOC's layout: JPEGImages/, Annotations/ and the lists ImageSets/Main/train.txt, val.txt …",
    lambda files: files.whole and bool(lists_of(files.root)),
    read_layout,
    write,
    marks=True,  # crowds as difficult
)
DEVKIT = Format(
    "voc devkit",
    "VOCdevkit, with VOC2007 and VOC2012; lists are 07+12, 07++12, VOC2007/test …",
    lambda files: files.whole and any((path / LISTS).is_dir() for path in files.root.glob("VOC20*")),
    read_devkit,
)
LOOSE = Format(
    "voc files",
    "VOC's XML files beside the pictures, or anywhere below the folder: LabelImg, Roboflow",
    lambda files: any(is_annotation(files.root / path) for path in files.ending(".xml")[:3]),
    read_loose,
    ending=".xml",
)


def is_annotation(path: Path) -> bool:
    """Whether an XML file begins as an annotation of one picture does; a broken one may be."""
    return b"<annotations" not in look_into(path, 4096)
