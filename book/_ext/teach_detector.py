"""Sphinx extension: a detector that learns in the page.

A page that has the element `#train-in-page` gets the script. What it loads at the press of a button is beside the live
detector's files, in the built book's `_static/live`: a worker, ONNX Runtime Web, and the training step as ONNX.
"""

import json
import shutil
from pathlib import Path
from typing import Any

from live_detector import EXPLORERS, LOADED, ROOT, addresses, joined, missing_file
from live_detector import PARTS as LIVE
from sphinx.application import Sphinx

PARTS = Path(__file__).parent / "teach"
SCRIPTS = [
    *(EXPLORERS / "js" / f"{name}.js" for name in ("kit", "stage", "box_look", "found_marks")),
    LIVE / "taught.js",
    *(PARTS / f"{name}.js" for name in ("progress_plot", "stamp_pad", "photo_boxes", "reader_class", "threads")),
    *(PARTS / f"{name}.js" for name in ("boards", "training_log", "kept_files")),
    PARTS / "teach_page.js",
]
WORKER = [
    *(EXPLORERS / "js" / f"{name}.js" for name in ("boxes", "priors", "nms", "detections", "matching")),
    EXPLORERS / "js" / "average_precision.js",
    *(LIVE / f"{name}.js" for name in ("onnx_metadata", "detector", "scene")),
    *(PARTS / f"{name}.js" for name in ("training_scenes", "network_state", "saved_files", "trainer", "teach_worker")),
]
STYLES = [
    *(EXPLORERS / "css" / f"{name}.css" for name in ("explorer", "box_look", "found_marks")),
    LIVE / "live_detector.css",
    PARTS / "teach.css",
]
GRAPHS = {
    f"{name}.onnx": ROOT / "_build" / "live" / f"{name}.onnx" for name in ("training", "training_small", "network")
}
"""What `book/tools/training_graph.py` writes."""


def write_files(folder: Path) -> None:
    """Writes the script, its style, the worker and its graphs. Raises ExtensionError, naming a file that is missing."""
    for path in GRAPHS.values():
        missing_file(path)
    folder.mkdir(parents=True, exist_ok=True)
    for name, path in GRAPHS.items():
        shutil.copyfile(path, folder / name)
    sizes = {name: path.stat().st_size for name, path in (GRAPHS | LOADED).items()}
    needed = {name: size for name, size in sizes.items() if name in GRAPHS or name == "onnxruntime.wasm"}
    worker = folder / "teach_worker.js"
    worker.write_text(addresses(GRAPHS | LOADED) + joined(WORKER), encoding="utf-8")
    start = f"{addresses({worker.name: worker})}const FILE_SIZES = {json.dumps(needed)};\nconst SIDE = 100;\n"
    (folder / "teach.js").write_text(f"(() => {{\n{start}{joined(SCRIPTS)}}})();\n", encoding="utf-8")
    (folder / "teach.css").write_text(joined(STYLES), encoding="utf-8")


def add_script(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    if 'id="train-in-page"' in context.get("body", ""):
        app.add_css_file("live/teach.css")
        app.add_js_file("live/teach.js", loading_method="defer")


def copy_files(app: Sphinx) -> None:
    if app.builder.format == "html":
        write_files(Path(app.outdir) / "_static" / "live")
        # A service worker has pages of its own folder and of those below it.
        shutil.copyfile(PARTS / "thread_headers.js", Path(app.outdir) / "thread_headers.js")


def setup(app: Sphinx) -> dict[str, bool]:
    app.setup_extension("live_detector")
    app.connect("html-page-context", add_script)
    app.connect("builder-inited", copy_files)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
