// A block of layers in a row, the ways from the loss back to one of them, and how far its gradient could be trusted.

const KINDS = ["plain", "residual", "dense"];
const CHAIN = { width: 400, height: 170, line: 125 };
const GRAPH = { left: 34, right: 8, top: 10, bottom: 30, height: 180, least: -0.1 }; // CSS pixels, and the lowest value

// On how many ways a gradient comes back through `later` layers: past a layer there is one, past or through it two.
function waysBack(kind, later) {
  return kind === "plain" ? 1 : 2 ** later;
}

// How many layers it has to pass on the shortest of them.
function shortestWay(kind, later) {
  return kind === "plain" ? later : 0;
}

function render({ model, el }) {
  const blocks = model.get("block_layers");
  const agreement = model.get("agreement");
  const starts = blocks.map((_, i) => blocks.slice(0, i).reduce((sum, n) => sum + n, 0));
  const blockOf = (layer) => starts.findLastIndex((start) => start <= layer);

  // ---- the figure
  const parts = layout(el, "Explorer of gradient paths");
  const chain = stage(parts.figure, "A block, and the ways from its end to the chosen layer", 0, 0, CHAIN.width, CHAIN.height);
  chain.classList.add("explorer-chain");
  const graph = stage(parts.figure, "Agreement of the gradient at each layer", 0, 0, 400, GRAPH.height);
  legend(parts.figure, KINDS.map((kind, i) => [series(i), "line", kind]));

  // ---- the controls
  const kindControl = select(parts.controls, "Block", [["plain", "plain: x ← H(x)"],
    ["residual", "residual: x ← x + H(x)"], ["dense", "dense: x ← [x, H(x)]"]], (kind) => set(model, "kind", kind));
  const layerControl = slider(parts.controls, "Layer, the picture's first", { min: 1, max: agreement.before[KINDS[0]].length,
    step: 1, format: (v) => `${v}, in block ${blockOf(v - 1) + 1}` }, (v) => set(model, "layer", v - 1));
  layerControl.input.parentElement.classList.add("explorer-wide");
  const momentControl = select(parts.controls, "Recorded", [["before", "before training"], ["after", "after three passes"]],
    (moment) => set(model, "moment", moment));

  // ---- the block: layers on a line, and around them the skip connections, from one gap between layers to another
  function drawChain(kind, chosen, count) {
    const px = unit(chain);
    const step = (CHAIN.width - 20) / (count + 0.6);
    const x = (gap) => 10 + step * gap; // gap i is before layer i, and gap `count` before the loss
    const y = CHAIN.line;
    const arc = (from, to) => {
      const height = Math.min(0.62 * (x(to) - x(from)) + 6, 1.28 * (y - 8));
      return `M${x(from)} ${y}C${x(from)} ${y - height} ${x(to)} ${y - height} ${x(to)} ${y}`;
    };
    const path = (className, ways) => svg("path", { class: className, d: ways.join("") });
    const gaps = Array.from({ length: count + 1 }, (_, i) => i);
    const around = gaps.slice(0, -1).map((gap) => arc(gap, gap + 1)); // of one layer
    const skips = {
      plain: [],
      residual: around,
      dense: gaps.flatMap((a) => gaps.filter((b) => b > a).map((b) => arc(a, b))),
    }[kind];
    const behind = chosen + 1;
    const shortest = {
      plain: [`M${x(behind)} ${y}H${x(count)}`],
      residual: around.slice(behind),
      dense: behind < count ? [arc(behind, count)] : [],
    }[kind];
    const radius = Math.min(0.28 * step, 12);
    const layers = gaps.slice(0, -1).map((i) => svg("circle",
      { class: i === chosen ? "explorer-layer explorer-layer-chosen" : "explorer-layer", cx: x(i + 0.5), cy: y, r: radius }));
    const loss = svg("rect", { class: "explorer-loss", x: x(count), y: y - radius, width: 8, height: 2 * radius });
    const word = (at, words, anchor) =>
      svg("text", { x: at, y: y + radius + 18 * px, "text-anchor": anchor, "font-size": 12 * px }, words);
    chain.replaceChildren(
      path("explorer-way", [`M${x(0)} ${y}H${x(count)}`, ...skips]),
      path("explorer-way explorer-shortest", shortest), ...layers, loss,
      word(x(0), "from the picture", "start"), word(x(count) + 8, "to the loss", "end"));
  }

  function drawGraph(moment, layer) {
    const width = graph.getBoundingClientRect().width || 400;
    setView(graph, 0, 0, width, GRAPH.height);
    const count = agreement[moment][KINDS[0]].length;
    const x = (i) => GRAPH.left + (i / (count - 1)) * (width - GRAPH.left - GRAPH.right);
    const y = (v) => GRAPH.height - GRAPH.bottom - ((v - GRAPH.least) / (1 - GRAPH.least)) * (GRAPH.height - GRAPH.top - GRAPH.bottom);
    const word = (words, at) => svg("text", at, words);
    const grid = [0, 0.5, 1].flatMap((v) => [svg("path", { d: `M${x(0)} ${y(v)}H${x(count - 1)}` }),
      word(v.toFixed(1), { x: x(0) - 6, y: y(v) + 4, "text-anchor": "end" })]);
    const curves = KINDS.map((kind, i) => svg("path", { class: "explorer-heard", style: `stroke: ${series(i)}`,
      d: agreement[moment][kind].map((v, at) => `${at ? "L" : "M"}${x(at)} ${y(v)}`).join("") }));
    graph.replaceChildren(svg("g", { class: "explorer-grid" }, ...grid,
      word("layer 1", { x: x(0), y: GRAPH.height - 8 }),
      word(`layer ${count}`, { x: x(count - 1), y: GRAPH.height - 8, "text-anchor": "end" })),
    svg("path", { class: "explorer-here", d: `M${x(layer)} ${y(GRAPH.least)}V${y(1)}` }), ...curves);
  }

  function redraw() {
    const [kind, layer, moment] = ["kind", "layer", "moment"].map((name) => model.get(name));
    const block = blockOf(layer);
    const chosen = layer - starts[block];
    const later = blocks[block] - 1 - chosen;
    drawChain(kind, chosen, blocks[block]);
    drawGraph(moment, layer);
    kindControl.show(kind);
    layerControl.show(layer + 1);
    momentControl.show(moment);
    showFacts(parts.facts, [
      ["Layers behind it in the block", later],
      ["… passed on the shortest way", shortestWay(kind, later)],
      ["Ways in all", number(waysBack(kind, later))],
      ...KINDS.map((name) => [`Agreement, ${name}`, agreement[moment][name][layer].toFixed(2).replace("-", "−")]),
    ]);
  }

  redraw();
  const stops = [listen(model, ["kind", "layer", "moment"], redraw), onResize(graph, redraw)];
  return () => stops.forEach((stop) => stop());
}
