"""In Colab: what a chapter finds there, and what outlives the machine. Each chapter's first cell runs this file.

It imports nothing of the package, and torch only after what is missing has been installed.
"""

import contextlib
import importlib.metadata
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

NEEDED = ("anywidget", "pycocotools")
"""What Colab has not always had."""
KEPT = ("torch", "torchvision", "numpy", "ipywidgets")
"""What is Colab's own: other versions break its GPU or its widgets."""
DRIVE = Path("/content/drive")


def install(names: Sequence[str]) -> None:
    """Installs packages beside Colab's own, which stay as they are.

    Raises RuntimeError, with pip's words, if that cannot be done.
    """
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as kept:
        kept.writelines(f"{name}=={importlib.metadata.version(name)}\n" for name in KEPT)
        kept.flush()
        command = [sys.executable, "-m", "pip", "install", "--constraint", kept.name, *names]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8")
    if done.returncode:
        raise RuntimeError(f"pip could not install {', '.join(names)}: {done.stdout.strip()}")


def machine() -> str:
    """The GPU, its memory and its half precision, or how to get one."""
    import torch

    if not torch.cuda.is_available():
        return "No GPU: everything runs on the CPU. For one: Runtime, Change runtime type, T4 GPU; then run all again."
    card = torch.cuda.get_device_properties(0)
    has_bfloat16 = torch.cuda.is_bf16_supported(including_emulation=False)
    half = "bfloat16" if has_bfloat16 else "float16, for it has no units for bfloat16"
    return f"{card.name}, {card.total_memory / 2**30:.0f} GB; half precision: {half}"


def measured(chapter: str, times: Path) -> str:
    """How long the chapter's cells take, as the file `times` has it; "" if it has nothing about the chapter."""
    record = json.loads(times.read_text(encoding="utf-8"))
    seconds = record["seconds"].get(chapter)
    if seconds is None:
        return ""
    time = f"{seconds:.0f} seconds" if seconds < 90 else f"{seconds / 60:.0f} minutes"
    return f"All cells of this chapter took {time} on {record['machine']}."


@contextlib.contextmanager
def run_folder(name: str, minutes: float = 15) -> Iterator[Path]:
    """A run's folder, `runs/NAME` beside the book; in Colab a copy of it is still there when the machine is gone.

    The copy is on your Drive, which Colab asks you to allow. What an earlier machine left there is fetched first. While
    the block runs, whatever has changed is copied every so many minutes, and at its end once more. (The run itself
    writes to the machine's disk: a Drive keeps in its bin what is replaced, and a checkpoint an epoch would fill it.)
    """
    folder = Path(__file__).parents[2] / "runs" / name
    if "google.colab" not in sys.modules:
        yield folder
        return
    from google.colab import drive

    drive.mount(str(DRIVE))
    kept = DRIVE / "MyDrive" / "dsod_lite" / "runs" / name
    if kept.is_dir() and not (folder / "checkpoint.pt").exists():  # a folder without may be half a copy
        copy_changed(kept, folder, {})
    copied: dict[Path, int] = {}
    ended = threading.Event()

    def copy() -> None:
        try:
            copy_changed(folder, kept, copied)
        except OSError as error:  # a full Drive, say; the run goes on without it
            print(f"{kept}: the copy failed ({error})", file=sys.stderr)

    def copy_now_and_then() -> None:
        while not ended.wait(60 * minutes):
            copy()

    thread = threading.Thread(target=copy_now_and_then, daemon=True)
    thread.start()
    try:
        yield folder
    finally:
        ended.set()
        thread.join()
        copy()


def copy_changed(source: Path, to: Path, copied: dict[Path, int]) -> None:
    """Copies a folder's files but those whose time is in `copied`, and notes it there; each whole or not at all."""
    for path in sorted(source.rglob("*")):
        changed = path.stat().st_mtime_ns if path.is_file() and path.suffix != ".part" else None
        if changed is not None and copied.get(path) != changed:
            target = to / path.relative_to(source)
            target.parent.mkdir(parents=True, exist_ok=True)
            aside = target.with_name(f"{target.name}.part")
            shutil.copyfile(path, aside)
            os.replace(aside, target)
            copied[path] = changed


def start(chapter: str) -> None:
    """What the first cell of a chapter, such as "foundations/boxes", does once it is in the chapter's folder."""
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        install(missing)
    from google.colab import output

    output.enable_custom_widget_manager()  # else Colab shows no widgets but its own
    print(machine(), measured(chapter, Path("../times.json")), sep="\n")


if __name__ == "__main__":
    start(sys.argv[1])
