// What a PipelineExplorer shows at each stage: the marks on the picture, the facts beside it, the legend below.

const SEEN = 0.06; // a weaker part of an effective receptive field is not drawn

// name, and what it says about the stage, from the state.
const STAGES = [
  ["picture", "Picture", () =>
    "All that the network gets. The ground truth, a box and a class for each object, is for training and for judging."],
  ["maps", "Feature maps", () =>
    "What the network computes from the picture: cells in place of pixels, and many channels. One channel is shown: "
    + "the more colour a cell has, the stronger its answer."],
  ["priors", "Priors", () =>
    "Priors (anchors) are boxes that are the same for every picture. Each cell answers for those centred on it. Shaded: "
    + "which pixels move its answer, the effective receptive field. Click another cell."],
  ["matches", "Matches", ({ get }) =>
    `For training, a prior answers for the object that it overlaps by an IoU of ${get("match_threshold").toFixed(2)} or `
    + "more, and each object gets one prior of its own (thick)."],
  ["loss", "Loss", ({ get }) =>
    "How wrong each prior still is about its class, after training. The positives count, and the hardest negatives, "
    + `${get("negatives_per_positive")} for each positive. All others are left out.`],
  ["scores", "Scores", () =>
    "Softmax turns each prior's logits into scores, and its offsets move it to a box. These are all boxes with a score "
    + "above the threshold."],
  ["suppression", "Suppression", () =>
    "Of boxes of one class that overlap too much, non-maximum suppression keeps the best. Dashed: the ground truth."],
  ["precision", "AP", ({ get }) =>
    `The detections of one class in all ${get("num_pictures")} validation pictures, best first, make one curve. The rings `
    + "are this picture's. Average precision is the area below."],
];

// Draws on a stage of `size`. Gives, for the name of a stage, { marks, heat, facts, signs }; board: for plates.
function stageDrawings(model, board) {
  const get = (name) => model.get(name);
  const [size, mapSizes, classes, labels, boxes] =
    ["image_size", "map_sizes", "classes", "labels", "boxes"].map(get);
  const state = priorNumbers(model);
  const each = state.aspectRatios.map((ratios) => 2 + 2 * ratios.length);
  const firsts = mapSizes.map((_, map) => mapSizes.slice(0, map).reduce((sum, n, i) => sum + n * n * each[i], 0));
  const centres = priorBoxes(state, mapSizes, size);
  const corners = toCorners(centres);
  const count = centres.length / 4;
  const losses = floats(get("losses"));
  const indices = get("prior_indices");
  const answers = readAnswers(model, Float32Array.from(indices.flatMap((p) => [...centres.subarray(4 * p, 4 * p + 4)])));
  const fields = get("fields").map(({ width, values }) => ({ width, values: bytes(values) }));
  const iou = boxIou(Float32Array.from(boxes.flat(), (v) => Math.fround(v) / size), corners);
  const matched = match(iou, boxes.length, count, Math.fround(get("match_threshold")), "bipartite");
  const own = ownPriors(iou, boxes.length, count, "bipartite");
  const positives = [...matched.keys()].filter((p) => matched[p] >= 0);
  const mined = hardest(losses, positives, get("negatives_per_positive"), get("min_negatives"));

  const outline = (prior) => boxPath(...corners.subarray(4 * prior, 4 * prior + 4).map((v) => v * size));
  const lines = (list, className, colour, path = outline) => {
    const d = list.map(path).join("");
    return [svg("path", { class: "explorer-halo", d }), svg("path", { class: className, d, style: `stroke: ${colour}` })];
  };
  const truth = () => {
    const group = svg("g");
    truthMarks(group)(boxes.map((box) => boxPath(...box)).join(""));
    return group;
  };
  const named = (list) => list.map(({ box: [x1, y1], text }) => plate(board, x1, y1, text));
  const objects = () => named(boxes.map((box, i) => ({ box, text: classes[labels[i] - 1] })));
  const found = (list) => [...list].reverse().flatMap((box) =>
    lines([box.prior], "explorer-box", series(box.label - 1), (prior) => boxPath(...answers.corners(prior))));
  const classSigns = (list) => [...new Set(list.map(({ label }) => label))].sort()
    .map((label) => [series(label - 1), "line", classes[label - 1]]);
  const cellsOf = (index) => `${mapSizes[index]} × ${mapSizes[index]}`;

  // Of the map's cell that is chosen: its effective receptive field, as far as it lies on the picture.
  function field(index, x, y) {
    const { values } = fields[index];
    const side = size / 32;
    const rects = [];
    values.forEach((value, i) => {
      const left = x - size + (i % 64) * side, top = y - size + Math.floor(i / 64) * side;
      const [x1, y1] = [left, top].map((v) => Math.max(v, 0));
      const [width, height] = [left, top].map((v) => Math.min(v + side, size) - Math.max(v, 0));
      if (value < 255 * SEEN || width <= 0 || height <= 0) return;
      rects.push(svg("rect", { x: x1, y: y1, width, height, "fill-opacity": (0.85 * value / 255).toFixed(3) }));
    });
    return rects;
  }

  return {
    get,
    answers,
    picture: () => ({
      marks: [truth(), ...objects()],
      facts: [["Input", `${size} × ${size} px`], ["Objects", boxes.length]],
      signs: [["var(--explorer-ink)", "dashed", "ground truth"]],
    }),
    maps() {
      const { name, cells, channels, numbers, values } = get("features")[get("feature")];
      const channel = Math.min(get("channel"), numbers.length - 1);
      const shown = bytes(values).subarray(channel * cells * cells, (channel + 1) * cells * cells);
      return {
        marks: [],
        heat: (group) => showHeat(group, size, cells, Array.from(shown, (value) => value / 255)),
        facts: [["Map", name], ["Cells", `${cells} × ${cells}`], ["Channels", channels], ["Shown", `channel ${numbers[channel]}`]],
        signs: [["var(--explorer-heat)", "thick", "answer of a cell"]],
      };
    },
    priors() {
      const index = get("map_index");
      const cell = (name) => Math.min(get(name), mapSizes[index] - 1);
      const first = firsts[index] + (cell("row") * mapSizes[index] + cell("column")) * each[index];
      const priors = Array.from({ length: each[index] }, (_, i) => first + i);
      const [x, y] = centres.subarray(4 * first, 4 * first + 2).map((v) => v * size);
      return {
        marks: [...lines(priors, "explorer-box", series(0)), svg("circle", { class: "explorer-dot", cx: x, cy: y, r: 4 * unit(board) })],
        heat: (group) => group.replaceChildren(...field(index, x, y)),
        facts: [
          ["This map", `${cellsOf(index)} × ${each[index]} = ${number(mapSizes[index] ** 2 * each[index])}`],
          ["All priors", number(count)],
          ["From cell to cell", `${state.steps[index]} px`],
          ["95 % of the field within", `${fields[index].width.toFixed(0)} px`],
        ],
        signs: [[series(0), "line", "the cell's priors"], ["var(--explorer-heat)", "thick", "effective receptive field"]],
      };
    },
    matches: () => ({
      marks: [
        ...boxes.flatMap((_, m) => lines(positives.filter((p) => matched[p] === m), "explorer-box explorer-thin", series(m))),
        ...boxes.flatMap((_, m) => (own[m] < 0 ? [] : lines([own[m]], "explorer-box explorer-own", series(m)))),
        truth(), ...objects(),
      ],
      facts: [
        ["Priors", number(count)],
        ["Positives", positives.length],
        ...boxes.map((_, m) => [`… of ${m + 1}: ${classes[labels[m] - 1]}`, positives.filter((p) => matched[p] === m).length]),
        ["Negatives", number(count - positives.length)],
      ],
      signs: [["var(--explorer-ink)", "dashed", "ground truth"], [series(0), "line", "priors that answer for it"]],
    }),
    loss() {
      const index = get("map_index");
      const cells = mapSizes[index];
      const end = firsts[index] + cells * cells * each[index];
      const here = (list) => list.filter((p) => p >= firsts[index] && p < end);
      const most = losses.reduce((a, b) => Math.max(a, b), 0) || 1;
      const sum = (list) => list.reduce((total, p) => total + losses[p], 0);
      const whole = losses.reduce((a, b) => a + b, 0);
      return {
        marks: [
          ...lines(here(mined), "explorer-box", "var(--explorer-series-0)"),
          ...lines(here(positives), "explorer-box", "var(--explorer-series-3)"),
        ],
        heat: (group) => showHeat(group, size, cells,
          worstOfCells(losses.subarray(firsts[index], end), cells, each[index]).map((worst) => worst / most)),
        facts: [
          ["Positives", `${positives.length}, ${here(positives).length} on this map`],
          ["Mined negatives", `${mined.length}, ${here(mined).length} on this map`],
          ["All others", number(count - positives.length - mined.length)],
          ["… their share of all loss", `${(100 * (1 - (sum(positives) + sum(mined)) / whole)).toFixed(0)} %`],
        ],
        signs: [
          ["var(--explorer-heat)", "thick", "loss of a cell's worst prior"],
          ["var(--explorer-series-3)", "line", "positives"],
          ["var(--explorer-series-0)", "line", "mined negatives"],
        ],
      };
    },
    scores() {
      const above = answers.settle().found;
      return {
        marks: [truth(), ...found(above)],
        facts: [["Priors", number(count)], ["Boxes above the threshold", above.length], ["Objects", boxes.length]],
        signs: [...classSigns(above), ["var(--explorer-ink)", "dashed", "ground truth"]],
      };
    },
    suppression() {
      const { found: above, kept } = answers.settle();
      const detections = kept.map(({ prior, label, score }) => ({ image: 0, label, score, box: answers.corners(prior) }));
      const hits = classes.flatMap((_, i) => {
        const real = boxes.filter((_, m) => labels[m] === i + 1).map((box) => ({ image: 0, box, difficult: false }));
        return verdicts(claims(detections.filter(({ label }) => label === i + 1), real), real, 0.5);
      }).filter((verdict) => verdict === "true").length;
      return {
        marks: [truth(), ...found(kept), ...named([...detections].reverse().map(({ label, score, box }) =>
          ({ box, text: `${classes[label - 1]} ${score.toFixed(2)}` })))],
        facts: [
          ["Boxes above the threshold", above.length],
          ["… left by suppression", kept.length],
          ["Objects found, at IoU 0.5", `${hits} of ${boxes.length}`],
        ],
        signs: [...classSigns(kept), ["var(--explorer-ink)", "dashed", "ground truth"]],
      };
    },
    precision() {
      const { verdicts: letters, own: ranked, total } = get("rankings")[get("label") - 1];
      const verdictList = Array.from(letters, (letter) => ({ t: "true", f: "missed", d: "difficult" })[letter]);
      const curve = precisionRecall(verdictList, total);
      const ranks = ranked.filter(([, score]) => score >= get("score_threshold")).map(([rank]) => rank);
      const area = (method) => averagePrecision(curve.precision, curve.recall, method).toFixed(3);
      return {
        marks: [],
        curve: { curve, drawn: curve.rank.length, verdictList, method: "all-point", rank: ranks },
        facts: [
          ["Detections of the class", number(letters.length)],
          ["Objects", total],
          ["This picture's ranks", ranks.map((rank) => rank + 1).join(", ") || "none above the threshold"],
          ["11-point AP", area("11point")],
          ["All-point AP", area("all-point")],
        ],
        signs: [
          ["var(--explorer-true)", "dot", "true positive"],
          ["var(--explorer-false)", "cross", "false positive"],
          ["var(--explorer-accent)", "line", "best precision from here on"],
        ],
      };
    },
  };
}
