// From a picture to a network's input, and from the network's answers to detections, by the fields of a `DSODConfig`.

// The priors of a detector, from the fields of its config.
function priorsOf(config) {
  const mapSizes = [Math.ceil(config.image_size / 8)];
  for (const _ of config.prediction_channels) mapSizes.push(Math.ceil(mapSizes.at(-1) / 2));
  const numbers = {
    minSizes: config.priors.min_sizes,
    maxSizes: config.priors.max_sizes,
    aspectRatios: config.priors.aspect_ratios,
    steps: config.priors.steps ?? mapSizes.map((cells) => config.image_size / cells),
  };
  return priorBoxes(numbers, mapSizes, config.image_size);
}

// The network's input from a canvas of its size: the channels one after another, normalised as `DSOD.normalize` does it.
function toInput(canvas, { image_size: size, channel_order: order, mean, std }) {
  const { data } = canvas.getContext("2d").getImageData(0, 0, size, size);
  const input = new Float32Array(3 * size * size);
  for (let channel = 0; channel < 3; channel++) {
    const from = order === "BGR" ? 2 - channel : channel;
    const start = channel * size * size;
    for (let i = 0; i < size * size; i++) input[start + i] = (data[4 * i + from] - mean[channel]) / std;
  }
  return input;
}

// From the network's answers to detections, best first: [{ label, score, box }], with boxes as corners in fractions of the
// picture. Only priors that score enough are looked at: the others are most of them.
function toDetections({ config, priors }, offsets, logits) {
  const classes = config.num_classes;
  const all = softmax(logits, classes);
  const limit = Math.fround(config.score_threshold);
  const promising = Array.from({ length: priors.length / 4 }, (_, i) => i)
    .filter((i) => all.subarray(i * classes + 1, (i + 1) * classes).some((score) => score > limit));
  const corners = new Float32Array(4 * promising.length);
  const scores = new Float32Array(classes * promising.length);
  promising.forEach((prior, i) => {
    const four = [4 * prior, 4 * prior + 4];
    corners.set(decode(offsets.subarray(...four), priors.subarray(...four)), 4 * i);
    scores.set(all.subarray(prior * classes, (prior + 1) * classes), classes * i);
  });
  const kept = detect(scores, corners, classes, {
    scoreThreshold: config.score_threshold,
    nmsThreshold: config.nms_threshold,
    perClass: config.candidates_per_class,
    perImage: config.detections_per_image,
  });
  const clip = (v) => (config.clip_boxes ? Math.min(1, Math.max(0, v)) : v);
  return kept.map(({ prior, label, score }) =>
    ({ label, score, box: Array.from(corners.subarray(4 * prior, 4 * prior + 4), clip) }));
}
