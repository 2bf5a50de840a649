// One picture, followed through the detector: a row of stages, and what the picture has become at the chosen one.

function render({ model, el }) {
  const size = model.get("image_size");
  const mapSizes = model.get("map_sizes");
  const margin = 0.1 * size;

  // ---- the stages in a row
  const parts = layout(el, "Explorer of one picture");
  const name = uid("stage");
  const radios = new Map(STAGES.map(([key, words]) => {
    const input = html("input", { type: "radio", name, change: () => set(model, "stage", key) });
    return [key, { input, element: html("label", { class: "explorer-step" }, input, html("span", {}, words)) }];
  }));
  parts.root.prepend(html("div", { class: "explorer-steps", role: "radiogroup", "aria-label": "Stage" },
    ...[...radios.values()].map(({ element }) => element)));

  // ---- the figure
  const frame = html("div");
  parts.figure.append(frame);
  const board = stage(frame, "The picture", -margin, -margin, size + 2 * margin, size + 2 * margin);
  picture(board, model.get("picture"), 0, 0, size, size);
  const heat = svg("g", { class: "explorer-heat" });
  const marks = svg("g");
  board.append(heat, marks);
  const curveFrame = html("div");
  parts.figure.append(curveFrame);
  const plot = curvePlot(curveFrame, "Precision against recall");
  plot.element.classList.remove("explorer-pick");
  const legends = html("div");
  parts.figure.append(legends);
  const drawings = stageDrawings(model, board);

  // ---- the controls, each at its stages
  const said = html("p", { class: "explorer-said", "aria-live": "polite" });
  parts.side.prepend(said);
  const controls = [];
  const at = (stages, control) => {
    const element = control.input.closest(".explorer-slider, .explorer-select");
    controls.push([stages.split(" "), element]);
    return control;
  };
  const wide = (control) => {
    control.input.parentElement.classList.add("explorer-wide");
    return control;
  };
  const features = model.get("features");
  const featureControl = at("maps", select(parts.controls, "Where in the network",
    features.map((map, i) => [i, `${map.name}, ${map.cells} × ${map.cells}`]), (i) => set(model, "feature", i)));
  const channelControl = at("maps", wide(slider(parts.controls, "Channel, of those that vary most",
    { min: 1, max: features[0].numbers.length, step: 1 }, (i) => set(model, "channel", i - 1))));
  const mapControl = at("priors loss", select(parts.controls, "Map",
    mapSizes.map((cells, i) => [i, `feature map ${i + 1}, ${cells} × ${cells}`]), (index) => {
      for (const side of ["row", "column"]) { // the same place on the new map
        const share = (model.get(side) + 0.5) / mapSizes[model.get("map_index")];
        set(model, side, Math.floor(share * mapSizes[index]));
      }
      set(model, "map_index", index);
    }));
  const cellControls = ["column", "row"].map((side) => at("priors", slider(parts.controls,
    side === "row" ? "Row" : "Column", { min: 0, max: 1, step: 1 }, (v) => set(model, side, v))));
  const range = { min: 0.01, max: 0.99, step: 0.01, format: (v) => v.toFixed(2) };
  const scoreControl = at("scores suppression precision", wide(slider(parts.controls, "Score above", range,
    (v) => set(model, "score_threshold", v))));
  const nmsControl = at("suppression", wide(slider(parts.controls, "NMS: IoU above", { ...range, max: 1 },
    (v) => set(model, "nms_threshold", v))));
  const classControl = at("precision", select(parts.controls, "Class",
    model.get("classes").map((text, i) => [i + 1, text]), (label) => set(model, "label", label)));

  // ---- what is drawn
  function redraw() {
    const shown = model.get("stage");
    for (const [key, { input }] of radios) input.checked = key === shown;
    for (const [stages, element] of controls) element.hidden = !stages.includes(shown);
    frame.hidden = shown === "precision";
    curveFrame.hidden = !frame.hidden;
    board.classList.toggle("explorer-pick", shown === "priors");
    const words = STAGES.find(([key]) => key === shown)[2](drawings);
    if (said.textContent !== words) said.textContent = words;

    const drawn = drawings[shown]();
    heat.replaceChildren();
    drawn.heat?.(heat);
    board.classList.toggle("explorer-behind", Boolean(drawn.heat));
    marks.replaceChildren(...drawn.marks);
    if (drawn.curve) plot.show(drawn.curve);
    legends.replaceChildren();
    legend(legends, drawn.signs);
    showFacts(parts.facts, drawn.facts);

    featureControl.show(model.get("feature"));
    channelControl.show(model.get("channel") + 1);
    mapControl.show(model.get("map_index"));
    cellControls.forEach(({ input, show }, i) => {
      const most = mapSizes[model.get("map_index")] - 1;
      input.max = most;
      input.disabled = most === 0;
      show(Math.min(model.get(i ? "row" : "column"), most));
    });
    scoreControl.show(model.get("score_threshold"));
    nmsControl.show(model.get("nms_threshold"));
    classControl.show(model.get("label"));
  }

  board.addEventListener("click", (event) => {
    if (model.get("stage") !== "priors") return;
    const { x, y } = pointOf(board, event);
    const index = model.get("map_index");
    const cell = (v) => Math.min(Math.max(Math.floor(v / model.get("steps")[index]), 0), mapSizes[index] - 1);
    set(model, "column", cell(x));
    set(model, "row", cell(y));
  });

  redraw();
  const traits = ["stage", "feature", "channel", "map_index", "row", "column", "score_threshold", "nms_threshold", "label"];
  const stops = [listen(model, traits, redraw), onResize(board, redraw), onResize(plot.element, redraw)];
  return () => stops.forEach((stop) => stop());
}
