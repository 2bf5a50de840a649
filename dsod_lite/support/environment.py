"""Where and how something was run, for its record."""

import platform
import shlex
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import torch
import torchvision

from .processes import world_size


def environment(device: torch.device) -> dict[str, Any]:
    """Where and how a run was made: device, threads, versions, the repository's commit (None outside one), command."""
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else _processor()
    # Without locks: a training process that looks must not be in the way of whoever commits.
    git = ["git", "--no-optional-locks", "-C", str(Path(__file__).parent), "describe"]
    git += ["--always", "--dirty", "--abbrev=12"]
    try:
        commit = subprocess.run(git, capture_output=True, encoding="utf-8", check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        commit = None
    return {
        "device": name,
        "threads": torch.get_num_threads(),
        "processes": world_size(),
        "python": platform.python_version(),
        "torch": str(torch.__version__),
        "torchvision": torchvision.__version__,
        "commit": commit,
        "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "command": _command(),
    }


def _command() -> str:
    script = Path(sys.argv[0]).name
    if script == "ipykernel_launcher.py":  # its arguments are Jupyter's, and name a file on this machine
        return "notebook"
    start = "python -m dsod_lite" if script == "__main__.py" else script
    return shlex.join([*start.split(), *sys.argv[1:]])


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
