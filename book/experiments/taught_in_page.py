"""How long a detector learns in the reader's page until it is good: from random weights, in Chromium, on one thread.

    make serve   # in another window
    python -m book.experiments.taught_in_page http://localhost:8000/book/foundations/teach_a_detector.html
    python -m book.experiments.taught_in_page http://localhost:8000/book/foundations/teach_a_detector.html phone

Five times with the page's three shapes, three times with the ready-made stamp as a fourth class, each from other random
weights. Beside the clock's seconds it notes those of the processor, of all that the page's process does, so that other
work on the machine does not count. The record is data/runs/taught_in_page.json.

What to do on a phone, in taught_on_phone.json: fewer steps, as the page does it there, or half of the pictures a step.
"""

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from dsod_lite.support.environment import environment
from dsod_lite.support.files import write_json

ROOT = Path(__file__).resolve().parents[2]
RECORDS = {"page": ("taught_in_page", ("shapes", "stamp")), "phone": ("taught_on_phone", ("fewer_steps", "half_batch"))}
SEEDS = {"shapes": (1, 2, 3, 4, 5), "stamp": (1, 2, 3), "fewer_steps": (1, 2), "half_batch": (1, 2)}
GOOD = {"shapes": 0.85, "stamp": 0.8, "fewer_steps": 0.85, "half_batch": 0.85}
ELEMENT = "#train-in-page"


def said(page: Any) -> dict[str, str]:
    """What the element says of itself."""
    return page.eval_on_selector(ELEMENT, "element => ({ ...element.dataset })")


def learns(page: Any, address: str, seed: int, stamp: bool, processor: Callable[[], float]) -> dict[str, Any]:
    """Lets the page train to its end, and notes every AP50."""
    page.goto(f"{address}?seed={seed}")
    page.click("[data-action=start]")
    page.wait_for_selector(f"{ELEMENT}[data-state=training]")
    if stamp:
        page.click("text=Ready made")
        page.click("[data-action=teach]")
        page.wait_for_function("document.querySelector('[role=status]').textContent.startsWith('It began')")
    begun, processor_begun = time.perf_counter(), processor()
    rows: list[dict[str, float]] = []
    now = said(page)
    while now["state"] == "training":
        time.sleep(0.1)
        now = said(page)
        if "ap50" in now and (not rows or rows[-1]["ap50"] != float(now["ap50"])):
            row = {"step": int(now["step"]), "ap50": float(now["ap50"])}
            row |= {"seconds": time.perf_counter() - begun, "processor_seconds": processor() - processor_begun}
            rows.append({name: round(value, 4) for name, value in row.items()})
    return {"seed": seed, "state": now["state"], "judged": rows}


def half_batch() -> bytes:
    """The page's training step, on half as many pictures."""
    sys.path.insert(0, str(ROOT / "book" / "tools"))
    from training_graph import BATCH, write

    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), BATCH // 2)
        return (Path(folder) / "training.onnx").read_bytes()


def main(address: str, where: str = "page") -> None:
    from playwright.sync_api import sync_playwright

    name, kinds = RECORDS[where]
    record: dict[str, Any] = environment(torch.device("cpu"))
    record |= {"command": f"python -m book.experiments.taught_in_page ADDRESS {where}", "threads": 1}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        system = browser.new_browser_cdp_session()

        def processor() -> float:
            processes = system.send("SystemInfo.getProcessInfo")["processInfo"]
            return sum(process["cpuTime"] for process in processes if process["type"] == "renderer")

        record["browser"] = f"Chromium {browser.version}"
        phone = {"viewport": {"width": 390, "height": 844}, "has_touch": True}
        for kind in kinds:
            record[kind] = {"good": GOOD[kind], "runs": []}
            graph = half_batch() if kind == "half_batch" else None
            for seed in SEEDS[kind]:
                context = browser.new_context(**phone if kind == "fewer_steps" else {})
                page = context.new_page()
                page.set_default_timeout(300_000)  # milliseconds: the machine may have other work
                if graph:
                    page.route("**/training.onnx", lambda route, graph=graph: route.fulfill(body=graph))
                run = {"load": round(os.getloadavg()[0], 1)}
                run |= learns(page, address, seed, kind == "stamp", processor)
                context.close()
                print(kind, run, flush=True)
                record[kind]["runs"].append(run)
                write_json(ROOT / f"data/runs/{name}.json", record)


if __name__ == "__main__":
    main(*sys.argv[1:])
