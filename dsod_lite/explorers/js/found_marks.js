// What a detector has found on a stage, as boxes with words.

// found: [{ label, score, box }], best first, boxes as corners in fractions of the stage. Gives in words what there is.
function showFound(group, stageElement, found, classes) {
  const px = unit(stageElement);
  const { width, height } = stageElement.viewBox.baseVal;
  group.replaceChildren(...[...found].reverse().map(({ label, score, box: [x1, y1, x2, y2] }) => {
    const d = boxPath(x1 * width, y1 * height, x2 * width, y2 * height);
    const text = `${classes[label - 1]} ${score.toFixed(2)}`;
    return svg("g", {}, svg("path", { class: "explorer-halo", d }),
      svg("path", { class: "live-box", d, style: `stroke: ${series(label - 1)}` }),
      plate(stageElement, x1 * width, y1 * height - 2 * px, text));
  }));
  const counts = new Map();
  for (const { label } of found) counts.set(label, (counts.get(label) ?? 0) + 1);
  return [...counts].sort(([a], [b]) => a - b)
    .map(([label, n]) => classes[label - 1] + (n > 1 ? ` × ${n}` : "")).join(", ") || "nothing";
}
