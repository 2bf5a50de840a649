"""A clock for a GPU: cases take turns, and torch's timer stops when the work is done and not when it was asked for."""

import statistics
from collections.abc import Sequence
from typing import Any

import torch

from dsod_lite.support.errors import one_line
from dsod_lite.support.stopwatch import Timer

from .gpu_cases import Case

Row = dict[str, Any]


def first_calls(case: Case, device: torch.device) -> int | None:
    """Lets a case compile and choose its kernels. Returns the bytes that a call then takes for itself, on a GPU."""
    for _ in range(3):
        case.call()
    if device.type != "cuda":
        return None
    torch.cuda.synchronize(device)
    torch.cuda.reset_peak_memory_stats(device)
    before = torch.cuda.memory_allocated(device)
    case.call()
    torch.cuda.synchronize(device)
    return torch.cuda.max_memory_allocated(device) - before


def race(cases: Sequence[Case], device: torch.device, rounds: int, calls: int) -> list[Row]:
    """A row for each case, in their order: what it is, and "pictures_per_second" and "bytes_per_picture", or "failed".

    They take turns, and another one begins each round.
    """
    rows = [
        {"model": c.model, "part": c.part, "switches": c.switches, "precision": c.precision, "batch": c.pictures}
        for c in cases
    ]
    seconds: dict[int, list[float]] = {}
    for i, case in enumerate(cases):
        try:
            peak = first_calls(case, device)
        except RuntimeError as error:  # out of memory, or a compiler that gave up
            rows[i]["failed"] = one_line(error)
        else:
            seconds[i] = []
            rows[i]["bytes_per_picture"] = None if peak is None else round(peak / case.pictures)
        failed = f" failed: {rows[i]['failed']}" if "failed" in rows[i] else ""
        print(f"{case.model}, {case.part} of {case.pictures}, {case.switches}{failed}", flush=True)
    order = list(seconds)
    for _ in range(rounds):
        for i in order:
            seconds[i].append(Timer("call()", globals={"call": cases[i].call}).timeit(calls).median)
        order.append(order.pop(0))
    for i, times in seconds.items():
        rows[i]["pictures_per_second"] = round(cases[i].pictures / statistics.median(times), 2)
        rows[i]["rounds"] = [round(cases[i].pictures / t, 2) for t in times]
    return rows


def matrix_rate(device: torch.device, precision: str, side: int) -> float:
    """Operations a second (a product and its sum are two) in multiplying two square matrices; the best of ten times.

    "float32" is as the card's convolutions do it by default: in TF32 where it has units for that.
    """
    a, b = torch.randn(2, side, side, device=device, dtype=getattr(torch, precision))
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("high")
    timer = Timer("a @ b", globals={"a": a, "b": b})
    best = min(timer.timeit(1).median for _ in range(10))
    torch.set_float32_matmul_precision(before)
    return 2 * side**3 / best
