"""Would the detector that learns in the page learn on WebGPU? One step with each of the engine's two providers.

    make serve   # in another window
    python -m book.experiments.page_webgpu http://localhost:8000/_static/live/

From the same random weights, on the same pictures: the losses must agree before speed is of interest. Chromium computes
WebGPU in software where there is no graphics card, and slowly: what is compared here is the numbers. Two things in the
page's graph ONNX Runtime Web refuses on WebGPU, so here `Split` becomes a `Slice` for each part, and `MaxPool`, which
gives indices, is left to the processor. The record is data/runs/page_webgpu.json.
"""

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import onnx
import torch
from onnx import helper, numpy_helper

from book.experiments.taught_in_page import ROOT
from dsod_lite.support.environment import environment
from dsod_lite.support.files import write_json

ENGINE = ROOT / "_build" / "frontend" / "node_modules" / "onnxruntime-web"
FLAGS = ["--no-sandbox", "--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader", "--enable-features=Vulkan"]
STEP = """async ([provider, onProcessor]) => {
  const engine = await import("/ort.webgpu.bundle.min.mjs");
  engine.env.wasm.numThreads = 1;
  const executionProviders = provider === "webgpu" ? [{ name: provider, forceCpuNodeNames: onProcessor }] : [provider];
  const create = (bytes) => bytes.length ? engine.InferenceSession.create(bytes, { executionProviders }) : null;
  const graph = await fetchBytes("/graph.onnx", () => {});
  const trainer = await openTrainer({ ...engine, InferenceSession: { create } }, graph, new Uint8Array());
  trainer.begin(randomNumbers(1));
  const canvas = new OffscreenCanvas(trainer.size, trainer.size);
  const random = randomNumbers(2);
  const scenes = Array.from({ length: trainer.batch }, () => randomScene(random));
  const pictures = scenes.flatMap((scene) => {
    paintScene(canvas, scene);
    return Array.from(toInput(canvas, trainer.about.config));
  });
  const begun = performance.now();
  const result = await trainer.step(Float32Array.from(pictures), scenes.map(({ things }) => things), 0.001);
  const seconds = (performance.now() - begun) / 1000;
  const gradient = Math.sqrt(result.gradient.reduce((sum, v) => sum + v * v, 0));
  return { offsets: result.regression, classes: result.classification, gradient, seconds };
}"""


def without_split(path: Path) -> onnx.ModelProto:
    """The graph with a slice for each part of a split, and names for its nodes."""
    model = onnx.load(path)
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    nodes: list[onnx.NodeProto] = []

    def constant(number: int) -> str:
        name = f"part{len(model.graph.initializer)}"
        model.graph.initializer.append(numpy_helper.from_array(torch.tensor([number]).numpy(), name))
        return name

    for node in model.graph.node:
        if node.op_type != "Split":
            nodes.append(node)
            continue
        axis, end = constant(next((a.i for a in node.attribute if a.name == "axis"), 0)), 0
        for part, size in zip(node.output, constants[node.input[1]].tolist(), strict=True):
            start, end = end, end + size
            nodes.append(helper.make_node("Slice", [node.input[0], constant(start), constant(end), axis], [part]))
    for i, node in enumerate(nodes):
        node.name = f"node{i}"
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    return model


def main(address: str) -> None:
    sys.path.insert(0, str(ROOT / "book" / "_ext"))
    from playwright.sync_api import Route, sync_playwright
    from teach_detector import GRAPHS, WORKER

    graph = without_split(GRAPHS["training.onnx"])
    pools = [node.name for node in graph.graph.node if node.op_type == "MaxPool"]
    version = json.loads((ENGINE / "package.json").read_text(encoding="utf-8"))["version"]
    record: dict[str, Any] = environment(torch.device("cpu"))
    record |= {"command": "python -m book.experiments.page_webgpu", "engine": f"onnxruntime-web {version}"}

    def from_engine(route: Route) -> None:
        route.fulfill(path=ENGINE / "dist" / route.request.url.rsplit("/", 1)[1])

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        record["browser"] = f"Chromium {browser.version}"
        for provider in ("wasm", "webgpu"):
            page = browser.new_page()
            page.set_default_timeout(300_000)  # milliseconds
            page.route("**/ort*", from_engine)
            page.route("**/graph.onnx", lambda route: route.fulfill(body=graph.SerializeToString()))
            page.goto(address)
            for path in WORKER[:-1]:
                page.add_script_tag(content=path.read_text(encoding="utf-8"))
            record[provider] = page.evaluate(STEP, [provider, pools])
            print(provider, record[provider], flush=True)
            page.close()
    write_json(ROOT / "data/runs/page_webgpu.json", record)


if __name__ == "__main__":
    main(sys.argv[1])
