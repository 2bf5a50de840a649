// The loss of every prior as a heat map over the picture, the positives, and the negatives that are mined.

function render({ model, el }) {
  const size = model.get("image_size");
  const mapSizes = model.get("map_sizes");
  const margin = 0.1 * size;
  const all = model.get("losses").map(floats);
  const state = priorNumbers(model);
  const priors = priorBoxes(state, mapSizes, size);
  const positives = model.get("positives");

  // ---- the figure
  const parts = layout(el, "Explorer of the loss");
  const svgStage = stage(parts.figure, "The picture, and on it the loss of one map's priors",
    -margin, -margin, size + 2 * margin, size + 2 * margin);
  picture(svgStage, model.get("picture"), 0, 0, size, size);
  const heat = svg("g", { class: "explorer-heat" });
  const layer = (className) => {
    const path = svg("path", { class: className });
    svgStage.append(path);
    return path;
  };
  svgStage.append(heat);
  const halo = layer("explorer-halo");
  const minedPath = layer("explorer-mined");
  const positiveHalo = layer("explorer-halo");
  const positivePath = layer("explorer-positive");
  legend(parts.figure, [
    ["var(--explorer-heat)", "thick", "loss of a cell's worst prior"],
    ["var(--explorer-series-3)", "line", "positives"],
    ["var(--explorer-series-0)", "line", "mined negatives"],
  ]);

  // ---- the controls
  const networks = select(parts.controls, "Network", model.get("networks").map((name, i) => [i, name]),
    (value) => set(model, "network", value));
  const maps = select(parts.controls, "Map", mapSizes.map((cells, i) => [i, `${cells} × ${cells} cells`]),
    (value) => set(model, "map_index", value));
  const ratio = slider(parts.controls, "Negatives for each positive", { min: 0, max: 20, step: 1 },
    (value) => set(model, "ratio", value));
  ratio.input.parentElement.classList.add("explorer-wide");

  function redraw() {
    const losses = all[model.get("network")];
    const index = model.get("map_index");
    const cells = mapSizes[index];
    const each = 2 + 2 * state.aspectRatios[index].length;
    const first = mapSizes.slice(0, index).reduce((sum, n, i) => sum + n * n * (2 + 2 * state.aspectRatios[i].length), 0);
    const most = losses.reduce((a, b) => Math.max(a, b), 0) || 1;
    showHeat(heat, size, cells, worstOfCells(losses.subarray(first), cells, each).map((worst) => worst / most));
    const mined = hardest(losses, positives, model.get("ratio"), model.get("min_negatives"));
    const here = (p) => p >= first && p < first + cells * cells * each;
    const outline = (p) => {
      const [cx, cy, w, h] = priors.subarray(4 * p, 4 * p + 4).map((v) => v * size);
      return boxPath(cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2);
    };
    const drawn = (list) => list.filter(here).map(outline).join("");
    for (const [path, list] of [[halo, mined], [minedPath, mined], [positiveHalo, positives], [positivePath, positives]]) {
      path.setAttribute("d", drawn(list));
    }
    networks.show(model.get("network"));
    maps.show(index);
    ratio.show(model.get("ratio"));
    const sum = (list) => list.reduce((total, p) => total + losses[p], 0);
    const whole = losses.reduce((a, b) => a + b, 0);
    const share = (value) => `${(100 * value / whole).toFixed(0)} %`;
    showFacts(parts.facts, [
      ["Priors", number(losses.length)],
      ["Positives", `${positives.length}, ${share(sum(positives))} of the loss`],
      ["Mined negatives", `${mined.length}, ${share(sum(mined))}`],
      ["All others", `${number(losses.length - positives.length - mined.length)}, `
        + share(whole - sum(positives) - sum(mined))],
      ["Loss per positive", ((sum(positives) + sum(mined)) / Math.max(1, positives.length)).toFixed(2)],
    ]);
  }

  redraw();
  const stops = [listen(model, ["network", "map_index", "ratio"], redraw), onResize(svgStage, redraw)];
  return () => stops.forEach((stop) => stop());
}
