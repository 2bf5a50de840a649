// Two boxes that can be dragged, what they share, the smallest box around both, and three measures of their overlap.

function render({ model, el }) {
  const size = model.get("size");
  const margin = 0.12 * size;

  // ---- the figure
  const parts = layout(el, "Explorer of overlap");
  const svgStage = stage(parts.figure, "Two boxes on a sheet", -margin, -margin, size + 2 * margin, size + 2 * margin);
  picture(svgStage, "", 0, 0, size, size);
  const hullPath = svg("path", { class: "explorer-hull" });
  const sharedPath = svg("path", { class: "explorer-shared" });
  const centres = svg("path", { class: "explorer-centres" });
  svgStage.append(hullPath, sharedPath);
  const hint = html("p", { class: "explorer-note", id: uid("hint") },
    "Drag a box or its corners. With the keyboard: arrows move it, Shift and arrows resize it.");
  const movable = movableBoxes(model, svgStage, {
    size, margin, smallest: 0.03 * size, hint, redraw, names: ["A", "B"],
    label: (m, place) => `Box ${"AB"[m]}: left ${place[0]}, top ${place[1]}, width ${place[2]}, height ${place[3]}`,
  });
  svgStage.append(centres);
  legend(parts.figure, [
    ["var(--explorer-ink)", "thick", "what both share"],
    ["var(--explorer-muted)", "dashed", "the smallest box around both"],
    ["var(--explorer-ink)", "line", "from centre to centre"],
  ]);
  parts.figure.append(hint);
  movable.onClick(() => {});

  function redraw() {
    const [a, b] = model.get("boxes");
    const found = overlap(a, b);
    const shared = [Math.max(a[0], b[0]), Math.max(a[1], b[1]), Math.min(a[2], b[2]), Math.min(a[3], b[3])];
    sharedPath.setAttribute("d", found.shared > 0 ? boxPath(...shared) : "");
    hullPath.setAttribute("d", boxPath(...found.hull));
    const centre = ([x1, y1, x2, y2]) => `${(x1 + x2) / 2} ${(y1 + y2) / 2}`;
    centres.setAttribute("d", `M${centre(a)}L${centre(b)}`);
    movable.draw();
    const whole = (v) => number(Math.round(v));
    showFacts(parts.facts, [
      ["IoU", found.iou.toFixed(3)],
      ["… shared / union", `${whole(found.shared)} / ${whole(found.union)}`],
      ["GIoU", found.giou.toFixed(3).replace("-", "−")],
      ["… IoU − empty / hull", `${whole(found.hullArea - found.union)} / ${whole(found.hullArea)}`],
      ["DIoU", found.diou.toFixed(3).replace("-", "−")],
      ["… IoU − distance² / diagonal²", `${whole(found.apart)} / ${whole(found.diagonal)}`],
    ]);
  }

  redraw();
  const stops = [listen(model, ["boxes"], redraw), onResize(svgStage, redraw)];
  return () => stops.forEach((stop) => stop());
}
