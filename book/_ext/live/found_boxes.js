// Detections over a picture: boxes in their classes' colours, with name and score, the best on top.

// stageElement: an SVG over the picture, in units in which the picture is width × height; layer: the part of it that is
// filled anew. found: [{ label, score, box }], boxes as corners in fractions of the picture.
function drawFound(stageElement, layer, found, nameOf, width, height) {
  const px = unit(stageElement);
  layer.replaceChildren(...found.toReversed().map(({ label, score, box: [x1, y1, x2, y2] }) => {
    const d = boxPath(x1 * width, y1 * height, x2 * width, y2 * height);
    const text = `${nameOf(label)} ${score.toFixed(2)}`;
    const left = Math.max(0, Math.min(x1 * width, width - (7.2 * text.length + 8) * px));
    return svg("g", {}, svg("path", { class: "explorer-halo", d }),
      svg("path", { class: "live-box", d, style: `stroke: ${series(label - 1)}` }),
      plate(left, Math.max(y1 * height - 2 * px, 17 * px), text, px));
  }));
}
