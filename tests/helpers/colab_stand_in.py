"""A stand-in for Colab: its modules, small archives in the place of VOC's and BCCD's, and a GPU that is a processor.

What is small or made up is said here in one place, as cells that a test puts behind a chapter's imports.
"""

import hashlib
import io
import json
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from folders import make_folder

DRIVE = """
from pathlib import Path


def mount(path):
    Path(path).mkdir(parents=True, exist_ok=True)
"""
OUTPUT = """
def enable_custom_widget_manager():
    print("widgets enabled")


class _widgets:  # anywidget asks where Colab has its widgets from
    _installed_url = None
"""


def write_modules(site: Path) -> None:
    """google.colab, in a folder for PYTHONPATH; every Python that has it there begins with importing it."""
    (site / "google/colab").mkdir(parents=True)
    (site / "google/colab/__init__.py").touch()
    (site / "google/colab/output.py").write_text(OUTPUT)
    (site / "google/colab/drive.py").write_text(DRIVE)
    (site / "sitecustomize.py").write_text("import google.colab\n")


class Silent(SimpleHTTPRequestHandler):
    """A folder's files."""

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address at which this machine serves a folder."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Silent, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def pictures(split: str, count: int, names: tuple[str, ...]) -> dict[str, list[tuple[str, int, int, int, int]]]:
    """Pictures of 64×48 with an object each, its class by turns."""
    return {f"{split}_{i:03}": [(names[i % len(names)], 4 + i % 9, 4, 34 + i % 9, 36)] for i in range(count)}


def voc_archives(folder: Path, aside: Path) -> list[tuple[str, str]]:
    """VOC's three archives in small, written to `folder`: the name and MD5 sum of each."""
    found = []
    for name, year, split, count in (
        ("a.tar", 2007, "trainval", 8), ("b.tar", 2007, "test", 4), ("c.tar", 2012, "trainval", 8)
    ):  # fmt: skip
        root = aside / name
        make_folder(root / f"VOCdevkit/VOC{year}", **{split: pictures(f"{year}_{split}", count, ("boat", "bus"))})
        content = io.BytesIO()
        with tarfile.open(fileobj=content, mode="w") as archive:
            archive.add(root / "VOCdevkit", "VOCdevkit")
        (folder / name).write_bytes(content.getvalue())
        found.append((name, hashlib.md5(content.getvalue(), usedforsecurity=False).hexdigest()))
    return found


def bccd_archive(folder: Path, aside: Path) -> dict[str, str]:
    """`bccd.zip` as GitHub packs it, in small, written to `folder`: the sum of each of its files."""
    names = ("RBC", "WBC", "Platelets")
    root = make_folder(aside / "BCCD", trainval=pictures("train", 8, names), test=pictures("test", 61, names))
    files = {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}
    with zipfile.ZipFile(folder / "bccd.zip", "w") as archive:
        for name, content in files.items():
            archive.writestr(f"BCCD_Dataset-main/BCCD/{name}", content)
    return {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}


FULL_SCALE = """
# A stand-in: a small network and batch, a processor for a GPU, and torchrun's processes one after the other in this
# one. The first address of each archive has nothing.
import contextlib, io, types
from dsod_lite import __main__ as command_line
from dsod_lite.datasets.folder_tools import archives
from dsod_lite.support import colab
from dsod_lite.training import watching

gpu, colab.DRIVE, watching.PICTURES = True, Path({drive!r}), 1
archives.VOC[:] = [archives.Archive(md5, (f"{server}/off/{{name}}", f"{server}/{{name}}")) for name, md5 in {voc!r}]
dsod_lite.dsod300 = dsod_lite.dsod300_smallest = lambda: dsod_lite.dsod_tiny(21, 64)
RECIPES["voc0712_short"] = replace(RECIPES["voc0712_short"], batch_size=4, precision="float32")

def in_this_process(words, **_):
    sys.argv = words[words.index("dsod_lite") :]
    with contextlib.redirect_stdout(io.StringIO()):
        assert command_line.main() == 0

subprocess = types.SimpleNamespace(run=in_this_process)
"""
YOUR_OWN_DATA = """
# A stand-in: a minute is a second, half precision none, and the drawn cells are not those of the recorded AP50.
import json, types
from dsod_lite.datasets.folder_tools import bccd

gpu = True
bccd.BCCD_URL, bccd.expected_sums = "{server}/bccd.zip", lambda: json.loads({bccd!r})
socket = types.SimpleNamespace(create_connection=lambda *_, **__: open(os.devnull))
TrainConfig = lambda **fields: dsod_lite.TrainConfig(
    **{{**fields, "minutes": fields["minutes"] / 1000, "batch_size": 4, "precision": "float32"}}
)
wide, compare = dsod_lite.dsod_tiny, evaluate_voc
thin = dict(stem_channels=4, bottleneck=8, growth_rate=8, block_layers=(1, 1, 1, 1))

def narrow(num_classes, image_size, **fields):
    if num_classes == 4:
        maps = len(fields.get("prediction_channels", range(5 if image_size >= 192 else 4)))
        fields = {{**fields, **thin, "prediction_channels": (8,) * maps}}
    return wide(num_classes, image_size, **fields)

dsod_lite.dsod_tiny = narrow

def evaluate_voc(*arguments, **fields):
    result = compare(*arguments, **fields)
    if "AP50" in record.get("test", ()):
        record["test"]["AP50"] = result.mean_ap
    return result
"""


def stand_ins(folder: Path, server: str, drive: Path) -> dict[str, str]:
    """By chapter, the cell that goes behind its imports; the archives are written to `folder`, which `server` serves.

    Args:
        folder: what is served.
        server: its address.
        drive: where Drive is mounted.
    """
    aside = folder.with_name("unpacked")
    voc = voc_archives(folder, aside / "voc")
    sums = json.dumps(bccd_archive(folder, aside / "bccd"))
    return {
        "full_scale": FULL_SCALE.format(drive=str(drive), server=server, voc=voc),
        "your_own_data": YOUR_OWN_DATA.format(server=server, bccd=sums),
    }
