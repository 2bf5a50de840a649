// A curve that grows from left to right, with its last value in words above it.

const PLOT = { width: 300, height: 80 };

// show(points, until): points are [step, value] each, the axis goes to `until` steps. options: top, the axis's upper end, or
// null for the largest value; format, number to text; mark, a value with a line of its own.
function progressPlot(parent, title, colour, { top = null, format, mark = null }) {
  const value = html("output", {}, "–");
  const line = svg("path", { class: "teach-curve", style: `stroke: ${colour}` });
  const dots = svg("g", { style: `fill: ${colour}` });
  const rule = svg("path", { class: "teach-rule" });
  const board = svg("svg", {
    class: "teach-plot", viewBox: `0 0 ${PLOT.width} ${PLOT.height}`, preserveAspectRatio: "none", "aria-hidden": "true",
  }, svg("rect", { class: "explorer-sheet", width: PLOT.width, height: PLOT.height }), rule, line, dots);
  parent.append(html("div", { class: "teach-progress" }, html("div", {}, html("span", {}, title), value), board));

  return function show(points, until) {
    const highest = top ?? Math.max(1, ...points.map(([, v]) => v));
    const x = (step) => PLOT.width * step / until;
    const y = (v) => PLOT.height * (1 - 0.95 * Math.min(v, highest) / highest);
    line.setAttribute("d", points.map(([step, v], i) => `${i ? "L" : "M"}${x(step).toFixed(1)} ${y(v).toFixed(1)}`).join(""));
    rule.setAttribute("d", mark === null ? "" : `M0 ${y(mark)}H${PLOT.width}`);
    value.textContent = points.length ? format(points.at(-1)[1]) : "–";
  };
}
