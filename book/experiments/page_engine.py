"""What the detector that learns in the page takes of a machine.

    make serve   # in another window
    python -m book.experiments.page_engine memory http://localhost:8000/book/foundations/teach_a_detector.html
    python -m book.experiments.page_engine threads http://localhost:8000/book/foundations/teach_a_detector.html

Memory is that of the page's process over a thousand steps: what of it lies in the machine's memory, before and after a
collection, what JavaScript keeps then, and what the engine has taken. The seconds of a step are taken in turns, with
one thread and with as many as the page offers, since other work on the machine comes and goes. The records are
data/runs/page_memory.json and page_threads.json.
"""

import os
import re
import shutil
import statistics
import sys
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch

from book.experiments.taught_in_page import ROOT, said
from dsod_lite.support.environment import environment
from dsod_lite.support.files import write_json

MEGABYTE = 1e6
EVERY, LAST = 100, 1000  # steps
TURNS, STEPS = 2, 20
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
    found = [one for one in system.send("SystemInfo.getProcessInfo")["processInfo"] if one["type"] == "renderer"]
    texts = [Path(f"/proc/{one['id']}/smaps_rollup").read_text(encoding="utf-8") for one in found]
    return 1024 * max(int(re.findall(r"^Pss: +(\d+) kB", text, re.MULTILINE)[0]) for text in texts) / MEGABYTE


def memory(browser: Any, address: str) -> Iterator[dict[str, Any]]:
    """Rows of megabytes, every hundred steps."""
    page = browser.new_context().new_page()
    page.route(re.compile("/teach_worker.js"), lambda route: route.fulfill(
        body=NOTE_MEMORIES + route.fetch().text(), content_type="text/javascript"))  # fmt: skip
    page.goto(f"{address}?seed=1")
    page.click("[data-action=start]")
    system, heap = browser.new_browser_cdp_session(), page.context.new_cdp_session(page)
    following = EVERY
    while following <= LAST:
        time.sleep(0.05)
        now = said(page)
        if now["state"] == "done":
            page.click("[data-action=start]")  # some steps more
        if int(now.get("step", 0)) < following:
            continue
        row: dict[str, float] = {"step": int(now["step"]), "process": resident(system)}
        (worker,) = page.workers
        page.evaluate("gc()")
        sizes = worker.evaluate("gc(), memories.map(({ buffer }) => buffer.byteLength)")
        row |= {"engine": sum(sizes) / MEGABYTE, "process_collected": resident(system)}
        usage = heap.send("Runtime.getHeapUsage")
        row["page_collected"] = (usage["usedSize"] + usage["backingStorageSize"]) / MEGABYTE
        yield {name: round(value, 1) for name, value in row.items()}
        following += EVERY
    page.context.close()


def seconds_of_a_step(page: Any, address: str) -> dict[str, Any]:
    """The median, by the page's own clock, and the losses."""
    page.goto(f"{address}?seed=1")
    page.click("[data-action=start]")
    seen: dict[int, tuple[float, float]] = {}
    while len(seen) < STEPS:
        time.sleep(0.01)
        now = said(page)
        if "loss" in now:
            seen.setdefault(int(now["step"]), (float(now["seconds"]), float(now["loss"])))
    each = [(after[0] - before[0], b - a) for (a, before), (b, after) in pairwise(sorted(seen.items()))]
    seconds = statistics.median(seconds / steps for seconds, steps in each)
    return {"seconds": round(seconds, 3), "losses": {step: loss for step, (_, loss) in sorted(seen.items())}}


def threads(browser: Any, address: str) -> Iterator[dict[str, Any]]:
    """Rows of a turn each, with one thread and with more in turns. `load`: processes that the machine had to do."""
    page = browser.new_context().new_page()
    page.set_default_timeout(300_000)  # milliseconds: the machine may have other work
    page.on("dialog", lambda dialog: dialog.accept())  # that what was learned is not saved
    for _ in range(2 * TURNS):
        row = seconds_of_a_step(page, address) | {"load": round(os.getloadavg()[0], 1)}
        row["threads"] = page.evaluate("crossOriginIsolated ? Math.min(4, navigator.hardwareConcurrency) : 1")
        yield row
        page.goto(address)
        with page.expect_navigation():
            page.click("[data-action=threads]")
    page.context.close()


PARTS = {"memory": memory, "threads": threads}


def main(part: str, address: str) -> None:
    from playwright.sync_api import sync_playwright

    record = environment(torch.device("cpu")) | {"command": f"python -m book.experiments.page_engine {part}"}
    record |= {"cores": os.cpu_count()}
    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--js-flags=--expose-gc"]
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=flags)
        record |= {"browser": f"Chromium {browser.version}", "rows": []}
        for row in PARTS[part](browser, address):
            print(row, flush=True)
            record["rows"].append(row)
            write_json(ROOT / f"data/runs/page_{part}.json", record)


if __name__ == "__main__":
    main(*sys.argv[1:])
