// The priors of a detector: dsod_lite/priors.py, in single precision as there.

// [width, height] of one cell's priors, in pixels, in the authors' order.
function cellShapes(minSize, maxSize, aspectRatios) {
  const mean = Math.sqrt(minSize * maxSize);
  const shapes = [[minSize, minSize], [mean, mean]];
  for (const ratio of aspectRatios) {
    const stretch = Math.sqrt(ratio);
    shapes.push([minSize * stretch, minSize / stretch], [minSize / stretch, minSize * stretch]);
  }
  return shapes;
}

// All priors as [cx, cy, w, h] one after another, in fractions of the input, by map, row, column, shape. Every list
// has an entry for each map; `steps` are in pixels.
function priorBoxes({ minSizes, maxSizes, aspectRatios, steps }, mapSizes, imageSize) {
  const perCell = aspectRatios.map((ratios) => 2 + 2 * ratios.length);
  const priors = new Float32Array(4 * mapSizes.reduce((sum, size, i) => sum + size * size * perCell[i], 0));
  let at = 0;
  mapSizes.forEach((size, i) => {
    const shapes = cellShapes(minSizes[i], maxSizes[i], aspectRatios[i]).map((shape) => shape.map(Math.fround));
    const step = Math.fround(steps[i]);
    for (let row = 0; row < size; row++) {
      for (let column = 0; column < size; column++) {
        for (const [width, height] of shapes) {
          priors[at++] = Math.fround((column + 0.5) * step) / imageSize;
          priors[at++] = Math.fround((row + 0.5) * step) / imageSize;
          priors[at++] = width / imageSize;
          priors[at++] = height / imageSize;
        }
      }
    }
  });
  return priors;
}

// Which map, row, column and shape the prior of an index has.
function priorPlace(index, { aspectRatios }, mapSizes) {
  for (let map = 0; map < mapSizes.length; map++) {
    const each = 2 + 2 * aspectRatios[map].length;
    const size = mapSizes[map];
    if (index < size * size * each) {
      const cell = Math.floor(index / each);
      return { map, row: Math.floor(cell / size), column: cell % size, shape: index % each };
    }
    index -= size * size * each;
  }
  throw new RangeError("there are not so many priors");
}

// What a shape of a cell is called: "square", "large square", "2:1", "1:2", ...
function shapeName(shape, aspectRatios) {
  if (shape < 2) return shape ? "large square" : "square";
  const ratio = aspectRatios[Math.floor(shape / 2) - 1];
  return shape % 2 ? `1:${ratio}` : `${ratio}:1`;
}

// The numbers of the priors in an explorer's state.
function priorNumbers(model) {
  return {
    minSizes: model.get("min_sizes"),
    maxSizes: model.get("max_sizes"),
    aspectRatios: model.get("aspect_ratios"),
    steps: model.get("steps"),
  };
}
