"""Sphinx extension: a detector that runs in the page.

The page that has the element `#live-detector`, and no other, gets the script. What it loads at the press of a button,
ONNX Runtime Web and the exported detector, is copied into the built book; `make book` gets both before.
"""

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

ROOT = Path(__file__).parents[2]
PARTS = Path(__file__).parent / "live"
EXPLORERS = ROOT / "dsod_lite" / "explorers"
SCRIPTS = [
    *(EXPLORERS / "js" / f"{name}.js" for name in ("kit", "stage", "boxes", "priors", "nms", "detections")),
    EXPLORERS / "js" / "found_marks.js",
    *(PARTS / f"{name}.js" for name in ("onnx_metadata", "detector", "scene", "shape_editor", "taught")),
    PARTS / "live_detector.js",
]
STYLES = [*(EXPLORERS / "css" / f"{name}.css" for name in ("explorer", "found_marks")), PARTS / "live_detector.css"]

RUNTIME = ROOT / "_build" / "frontend" / "node_modules" / "onnxruntime-web" / "dist"
LOADED = {
    "onnxruntime.js": RUNTIME / "ort.wasm.bundle.min.mjs",
    "onnxruntime.wasm": RUNTIME / "ort-wasm-simd-threaded.wasm",
    "detector.onnx": ROOT / "_build" / "live" / "detector.onnx",
}
"""What the page loads when it is asked to, under the names that it has in the built book."""


def missing_file(path: Path) -> None:
    """Raises ExtensionError, naming the file, if it is missing."""
    if not path.is_file():
        raise ExtensionError(f"{path.relative_to(ROOT)} is missing. Build the book with: make book")


def joined(paths: list[Path]) -> str:
    """The texts of files, one below the other."""
    return "\n".join(path.read_text(encoding="utf-8") for path in paths)


def addresses(paths: dict[str, Path]) -> str:
    """JavaScript's `fileAt(name, folder)`: an address with a digest, at which no cache has an older file."""
    digests = {name: hashlib.sha256(path.read_bytes()).hexdigest()[:8] for name, path in paths.items()}
    address = "(name, folder) => new URL(`${name}?v=${DIGESTS[name]}`, folder)"
    return f"const DIGESTS = {json.dumps(digests)};\nconst fileAt = {address};\n"


def write_files(folder: Path) -> None:
    """Writes the script, its style and all that it loads. Raises ExtensionError, naming the file, if one is missing."""
    for path in LOADED.values():
        missing_file(path)
    folder.mkdir(parents=True, exist_ok=True)
    for name, path in LOADED.items():
        shutil.copyfile(path, folder / name)
    sizes = {name: path.stat().st_size for name, path in LOADED.items() if name != "onnxruntime.js"}
    # One script that keeps its names to itself; a module would not start from a folder.
    script = f"(() => {{\n{addresses(LOADED)}const FILE_SIZES = {json.dumps(sizes)};\n{joined(SCRIPTS)}}})();\n"
    (folder / "live_detector.js").write_text(script, encoding="utf-8")
    (folder / "live_detector.css").write_text(joined(STYLES), encoding="utf-8")


def add_script(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    if 'id="live-detector"' in context.get("body", ""):
        app.add_css_file("live/live_detector.css")
        app.add_js_file("live/live_detector.js", loading_method="defer")


def copy_files(app: Sphinx) -> None:
    if app.builder.format == "html":
        write_files(Path(app.outdir) / "_static" / "live")


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("html-page-context", add_script)
    app.connect("builder-inited", copy_files)  # before the pages, whose addresses have the scripts' digests
    return {"parallel_read_safe": True, "parallel_write_safe": True}
