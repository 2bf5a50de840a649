"""What the detector that learns in the page takes of a machine: memory over a thousand steps, time with more threads.

    make serve   # in another window
    python -m book.experiments.page_engine http://localhost:8000/book/foundations/teach_a_detector.html

Memory is that of the page's process: what of it lies in the machine's memory, what JavaScript keeps after a collection,
and what the engine has taken. The seconds of a step are taken in turns, with one thread and with as many as the page
offers, since other work on the machine comes and goes. The record is data/runs/page_engine.json.
"""

import os
import re
import shutil
import statistics
import sys
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch

from book.experiments.taught_in_page import ROOT, said
from dsod_lite.support.environment import environment
from dsod_lite.support.files import write_json

MEGABYTE = 1e6
EVERY, LAST = 100, 1000
TURNS, STEPS = 4, 30
NOTE_MEMORIES = """
self.memories = [];
const { Memory } = WebAssembly;
WebAssembly.Memory = function (size) {
  memories.push(new Memory(size));
  return memories.at(-1);
};
WebAssembly.Memory.prototype = Memory.prototype;
"""
"""Goes before the worker's script: the memories of WebAssembly are not to be found afterwards."""


def resident(system: Any) -> float:
    """Of the page's process, the largest of its kind: megabytes in memory, what processes share divided among them."""
    found = system.send("SystemInfo.getProcessInfo")["processInfo"]
    sizes = [
        int(re.findall(r"^Pss: +(\d+) kB", Path(f"/proc/{one['id']}/smaps_rollup").read_text(), re.MULTILINE)[0])
        for one in found
        if one["type"] == "renderer"
    ]
    return 1024 * max(sizes) / MEGABYTE


def memory(browser: Any, address: str) -> list[dict[str, float]]:
    """Rows of megabytes, every hundred steps."""
    page = browser.new_context().new_page()
    page.route("**/teach_worker.js", lambda route: route.fulfill(
        body=NOTE_MEMORIES + route.fetch().text(), content_type="text/javascript"))  # fmt: skip
    page.goto(f"{address}?seed=1")
    page.click("[data-action=start]")
    system, heap = browser.new_browser_cdp_session(), page.context.new_cdp_session(page)
    rows: list[dict[str, float]] = []
    while len(rows) < LAST // EVERY:
        time.sleep(0.05)
        now = said(page)
        if now["state"] == "done":
            page.click("[data-action=start]")  # some steps more
        if int(now.get("step", 0)) < EVERY * (len(rows) + 1):
            continue
        row: dict[str, float] = {"step": int(now["step"]), "process": resident(system)}
        (worker,) = page.workers
        page.evaluate("gc()")
        sizes = worker.evaluate("gc(), memories.map(({ buffer }) => buffer.byteLength)")
        row["engine"] = sum(sizes) / MEGABYTE
        usage = heap.send("Runtime.getHeapUsage")
        row["page"] = (usage["usedSize"] + usage["backingStorageSize"]) / MEGABYTE
        row["collected"] = resident(system)
        rows.append({name: round(value, 1) for name, value in row.items()})
        print(rows[-1], flush=True)
    page.context.close()
    return rows


def seconds_of_a_step(page: Any, address: str) -> dict[str, Any]:
    """From the page's own clock."""
    page.goto(f"{address}?seed=1")
    page.click("[data-action=start]")
    seen: dict[int, tuple[float, float]] = {}
    while len(seen) < STEPS:
        now = said(page)
        if "loss" in now:
            seen.setdefault(int(now["step"]), (float(now["seconds"]), float(now["loss"])))
        time.sleep(0.01)
    steps = sorted(seen)
    each = [(seen[b][0] - seen[a][0]) / (b - a) for a, b in pairwise(steps)]
    return {"seconds": round(statistics.median(each[1:]), 4), "losses": {step: seen[step][1] for step in steps}}


def threads(browser: Any, address: str) -> list[dict[str, Any]]:
    page = browser.new_context().new_page()
    page.on("dialog", lambda dialog: dialog.accept())  # that what was learned is not saved
    rows = []
    for _ in range(2 * TURNS):
        row = {"load_average": round(os.getloadavg()[0], 1), **seconds_of_a_step(page, address)}
        row["threads"] = page.evaluate("crossOriginIsolated ? Math.min(4, navigator.hardwareConcurrency) : 1")
        rows.append(row)
        print(row["threads"], row["seconds"], row["load_average"], flush=True)
        page.goto(address)
        with page.expect_navigation():
            page.click("[data-action=threads]")
    page.context.close()
    return rows


def main(address: str) -> None:
    from playwright.sync_api import sync_playwright

    record: dict[str, Any] = environment(torch.device("cpu"))
    record |= {"command": "python -m book.experiments.page_engine", "cores": os.cpu_count()}
    del record["threads"]
    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--js-flags=--expose-gc"]
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=flags)
        record["browser"] = f"Chromium {browser.version}"
        record["threads"] = threads(browser, address)
        record["memory"] = memory(browser, address)
    write_json(ROOT / "data/runs/page_engine.json", record)


if __name__ == "__main__":
    main(sys.argv[1])
