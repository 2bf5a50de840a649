"""In Colab: what a chapter finds there, and what outlives the machine. Each chapter's first cell runs this file.

It imports nothing of the package, and torch only after what is missing has been installed.
"""

import importlib.metadata
import importlib.util
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
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
    """The GPU and its memory, or how to get one."""
    import torch

    if not torch.cuda.is_available():
        return "No GPU: everything runs on the CPU. For one: Runtime, Change runtime type, T4 GPU; then run all again."
    card = torch.cuda.get_device_properties(0)
    return f"{card.name}, {card.total_memory / 2**30:.0f} GB"


def measured(chapter: str, times: Path) -> str:
    """How long the chapter's cells take, as the file `times` has it; "" if it has nothing about the chapter."""
    record = json.loads(times.read_text(encoding="utf-8"))
    seconds = record["seconds"].get(chapter)
    if seconds is None:
        return ""
    time = f"{seconds:.0f} seconds" if seconds < 90 else f"{seconds / 60:.0f} minutes"
    return f"All cells of this chapter took {time} on {record['machine']}."


def run_folder(name: str) -> Path:
    """A run's folder, such as "voc0712", that is still there when the machine is gone.

    In Colab it is on your Drive, which Colab asks you to allow; elsewhere it is `runs/` beside the book.
    """
    if "google.colab" not in sys.modules:
        return Path(__file__).parents[2] / "runs" / name
    from google.colab import drive

    drive.mount(str(DRIVE))
    return DRIVE / "MyDrive" / "dsod_lite" / "runs" / name


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
