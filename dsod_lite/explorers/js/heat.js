// Numbers of a map's cells as a heat map over a picture.

// values: cells * cells, row after row, 0 to 1.
function showHeat(group, size, cells, values) {
  const step = size / cells;
  group.replaceChildren(...Array.from(values, (value, cell) => svg("rect", {
    x: (cell % cells) * step,
    y: Math.floor(cell / cells) * step,
    width: step,
    height: step,
    "fill-opacity": (0.85 * value).toFixed(3),
  })));
}

// Of the numbers of a map's priors, `each` a cell, the largest in every cell.
function worstOfCells(numbers, cells, each) {
  return Array.from({ length: cells * cells }, (_, cell) =>
    numbers.subarray(cell * each, (cell + 1) * each).reduce((a, b) => Math.max(a, b), 0));
}

// The hardest negatives, `ratio` for each positive and `atLeast` in all: the places of their priors, hardest first.
function hardest(losses, positives, ratio, atLeast) {
  const positive = new Set(positives);
  const negatives = [...losses.keys()].filter((p) => !positive.has(p)).sort((a, b) => losses[b] - losses[a]);
  return negatives.slice(0, minedNegatives(positives.length, losses.length, ratio, atLeast));
}
