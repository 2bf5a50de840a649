// A precision-recall curve as far as it is drawn, the rest of it faint, and the area below.

const PLOT_MARGIN = { left: 38, right: 12, top: 26, bottom: 36 }; // CSS pixels

// Gives { element, show({ curve, drawn, verdictList, method, rank }), at(event, reach) }. drawn: how many points of the
// curve are. rank: of the detection that has a ring, or a list of them. at: the index of the point next to the pointer,
// -1 if none is within reach.
function curvePlot(parent, label) {
  const board = stage(parent, label, 0, 0, 400, 300);
  board.classList.add("explorer-pick");
  const axes = svg("g", { class: "explorer-axes", "aria-hidden": "true" });
  const path = (className) => svg("path", { class: className });
  const [area, edge, ghost, line] =
    ["explorer-area", "explorer-edge", "explorer-curve explorer-ghost", "explorer-curve"].map(path);
  const [hits, misses, eleven, ring] =
    ["explorer-true", "explorer-false", "explorer-eleven", "explorer-ring"].map(path);
  board.append(axes, area, ghost, line, edge, misses, hits, eleven, ring);

  let size = { width: 0, height: 0 };
  let last = null;
  const x = (recall) => PLOT_MARGIN.left + recall * (size.width - PLOT_MARGIN.left - PLOT_MARGIN.right);
  const y = (precision) =>
    size.height - PLOT_MARGIN.bottom - precision * (size.height - PLOT_MARGIN.top - PLOT_MARGIN.bottom);

  // The plot is measured in CSS pixels, so that words and marks are as large on every screen.
  function fit() {
    const { width } = board.getBoundingClientRect();
    if (!width || width === size.width) return;
    size = { width, height: Math.min(Math.max(0.7 * width, 230), 360) };
    setView(board, 0, 0, size.width, size.height);
    const word = (text, at, more) => svg("text", { ...at, ...more }, text);
    axes.replaceChildren();
    for (const value of [0, 0.2, 0.4, 0.6, 0.8, 1]) {
      axes.append(
        svg("path", { d: `M${x(0)} ${y(value)}H${x(1)}M${x(value)} ${y(0)}V${y(1)}` }),
        word(value.toFixed(1), { x: x(0) - 7, y: y(value) + 4 }, { "text-anchor": "end" }),
        word(value.toFixed(1), { x: x(value), y: y(0) + 17 }, { "text-anchor": "middle" }),
      );
    }
    axes.append(
      word("precision", { x: 4, y: 12 }, {}),
      word("recall", { x: x(1), y: size.height - 3 }, { "text-anchor": "end" }),
    );
  }

  function show(state) {
    last = state;
    fit();
    const { curve, drawn, verdictList, method, rank } = state;
    const precision = curve.precision.slice(0, drawn);
    const recall = curve.recall.slice(0, drawn);
    const best = envelope(precision);
    const through = (from, to) => curve.recall.slice(from, to)
      .map((r, i) => `L${x(r)} ${y(curve.precision[from + i])}`).join("");
    const start = curve.precision.length ? `M${x(0)} ${y(curve.precision[0])}` : "";
    line.setAttribute("d", drawn ? start + through(0, drawn) : "");
    ghost.setAttribute("d", start + through(0, curve.recall.length));

    const steps = best.map((p, i) => `V${y(p)}H${x(recall[i])}`).join("");
    const bars = elevenPrecisions(precision, recall);
    const bar = (p, i) => (p ? boxPath(x(i / 10) - 6, y(p), x(i / 10) + 6, y(0)) : "");
    const pointed = method === "11point";
    area.setAttribute("d", pointed ? bars.map(bar).join("") : drawn ? `M${x(0)} ${y(0)}${steps}V${y(0)}Z` : "");
    edge.setAttribute("d", drawn ? `M${x(0)} ${y(best[0])}${steps}` : "");
    eleven.setAttribute("d", pointed ? bars.map((p, i) => (p ? disc(x(i / 10), y(p), 4) : "")).join("") : "");

    const marks = (wanted, mark) => recall.map((r, i) =>
      ((verdictList[curve.rank[i]] === "true") === wanted ? mark(x(r), y(precision[i]), 3) : "")).join("");
    hits.setAttribute("d", marks(true, disc));
    misses.setAttribute("d", marks(false, cross));
    const points = [rank].flat().map((one) => curve.rank.indexOf(one)).filter((point) => point >= 0);
    ring.setAttribute("d", points.map((i) => disc(x(curve.recall[i]), y(curve.precision[i]), 8)).join(""));
  }

  function at(event, reach) {
    const pointer = pointOf(board, event);
    let [best, least] = [-1, reach];
    last?.curve.recall.forEach((r, i) => {
      const away = Math.hypot(x(r) - pointer.x, y(last.curve.precision[i]) - pointer.y);
      if (away < least) [best, least] = [i, away];
    });
    return best;
  }

  return { element: board, show, at };
}
