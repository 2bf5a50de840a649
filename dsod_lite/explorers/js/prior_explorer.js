// The priors of one cell on the picture, its receptive field, and the numbers that make them.

const MARGIN = 0.13; // of the picture, around it

function render({ model, el }) {
  const size = model.get("image_size");
  const mapSizes = model.get("map_sizes");
  const numbers = ["min_sizes", "max_sizes", "aspect_ratios", "steps"];
  const saved = Object.fromEntries(numbers.map((name) => [name, model.get(name)]));
  let hovered = null; // a cell under the mouse, shown as long as it is there

  // Replaces the entry of the chosen map in one of the four lists.
  const setNumber = (name, value) =>
    set(model, name, model.get(name).map((old, i) => (i === model.get("map_index") ? value : old)));

  // ---- the figure
  const parts = layout(el, "Explorer of prior boxes");
  parts.root.classList.add("explorer-faded");
  const svgStage = stage(parts.figure, "The picture, and the priors of one cell", 0, 0, size, size);
  picture(svgStage, model.get("picture"), 0, 0, size, size);
  const layer = (className, more = {}) => {
    const path = svg("path", { class: className, ...more });
    svgStage.append(path);
    return path;
  };
  const unseen = layer("explorer-unseen", { "fill-rule": "evenodd" });
  const field = layer("explorer-field");
  const centres = layer("explorer-centres");
  const centresOutside = layer("explorer-centres explorer-outside");
  const halo = layer("explorer-halo");
  const objects = layer("explorer-objects");
  const priorHalo = layer("explorer-halo");
  const ratios = [...new Set([2, 3, ...saved.aspect_ratios.flat()])].sort((a, b) => a - b);
  const colours = ["squares", ...ratios].map((_, i) => series(2 * i));
  const kinds = colours.map((colour) => layer("explorer-prior", { style: `stroke: ${colour}` }));
  const centre = svg("circle", { class: "explorer-centre" });
  const words = svg("g");
  svgStage.append(centre, words);
  legend(parts.figure, [
    [colours[0], "line", "squares"],
    ...ratios.map((ratio, i) => [colours[i + 1], "line", `${ratio}:1 and 1:${ratio}`]),
    ...(model.get("boxes").length ? [["var(--explorer-ink)", "line", "objects, with the best IoU of any prior"]] : []),
    ["var(--explorer-ink)", "dashed", "receptive field"],
    ["var(--explorer-wrong)", "dot", "centres outside"],
  ]);

  // ---- the controls
  const mapNames = mapSizes.map((cells, i) => [i, `${cells} × ${cells} cells`]);
  const mapControl = select(parts.controls, "Map", mapNames, (index) => {
    // the same place on the new map
    for (const name of ["row", "column"]) {
      const share = (model.get(name) + 0.5) / mapSizes[model.get("map_index")];
      set(model, name, Math.floor(share * mapSizes[index]));
    }
    set(model, "map_index", index);
  });
  const cellControls = ["column", "row"].map((name) =>
    slider(parts.controls, name === "row" ? "Row" : "Column", { min: 0, max: 1, step: 1 }, (v) => set(model, name, v)));
  const pixels = (value) => `${Math.round(10 * value) / 10} px`;
  const range = { min: 1, max: Math.round(1.2 * size), step: 1, format: pixels };
  const smallControl = slider(parts.controls, "Min size", range, (value) => {
    setNumber("min_sizes", value);
    setNumber("max_sizes", Math.max(value + 1, model.get("max_sizes")[model.get("map_index")]));
  });
  const largeControl = slider(parts.controls, "Max size", { ...range, min: 2, max: range.max + 1 }, (value) => {
    setNumber("max_sizes", value);
    setNumber("min_sizes", Math.min(value - 1, model.get("min_sizes")[model.get("map_index")]));
  });
  const ratioRow = group(parts.controls, "Ratios");
  const ratioControls = ratios.map((ratio) => checkbox(ratioRow, `${ratio}:1 and 1:${ratio}`, (checked) => {
    const others = model.get("aspect_ratios")[model.get("map_index")].filter((other) => other !== ratio);
    setNumber("aspect_ratios", checked ? [...others, ratio].sort((a, b) => a - b) : others);
  }));
  const stepControl = slider(parts.controls, "Step", { min: 1, max: size, step: 1, format: pixels },
    (value) => setNumber("steps", value));
  stepControl.input.parentElement.classList.add("explorer-wide");
  const buttons = group(parts.controls, "Set");
  const evenControl = button(buttons, "", () => setNumber("steps", size / mapSizes[model.get("map_index")]));
  button(buttons, "As configured", () => numbers.forEach((name) => set(model, name, saved[name])));

  // ---- what is drawn
  function redraw() {
    const state = priorNumbers(model);
    const index = model.get("map_index");
    const cells = mapSizes[index];
    const step = state.steps[index];
    const clamp = (cell) => Math.min(Math.max(cell, 0), cells - 1);
    const { row, column } = hovered ?? { row: clamp(model.get("row")), column: clamp(model.get("column")) };
    const priors = priorBoxes(state, mapSizes, size);

    // Zoom out only as far as the centres of the map are outside.
    const beyond = Math.max(MARGIN, ((cells - 0.5) * step) / size - 1 + 0.06);
    setView(svgStage, -MARGIN * size, -MARGIN * size, (1 + MARGIN + beyond) * size, (1 + MARGIN + beyond) * size);
    const px = unit(svgStage);

    const [start, fieldStep, fieldSize] = model.get("fields")[index];
    const seen = [column, row].map((cell) => [start + cell * fieldStep, start + cell * fieldStep + fieldSize]);
    const inside = seen.map((side) => side.map((edge) => Math.min(Math.max(edge, 0), size)));
    field.setAttribute("d", boxPath(seen[0][0], seen[1][0], seen[0][1], seen[1][1]));
    const hole = boxPath(inside[0][0], inside[1][0], inside[0][1], inside[1][1]);
    unseen.setAttribute("d", boxPath(0, 0, size, size) + hole);

    let dots = "";
    let dotsOutside = "";
    for (let r = 0; r < cells; r++) {
      for (let c = 0; c < cells; c++) {
        const x = (c + 0.5) * step, y = (r + 0.5) * step;
        if (x > size || y > size) dotsOutside += `M${x} ${y}h0`;
        else dots += `M${x} ${y}h0`;
      }
    }
    const dot = `stroke-width: ${cells > 10 ? 3 : 6}px`;
    assign(centres, { d: dots, style: dot });
    assign(centresOutside, { d: dotsOutside, style: dot });

    const x = (column + 0.5) * step;
    const y = (row + 0.5) * step;
    const shapes = cellShapes(state.minSizes[index], state.maxSizes[index], state.aspectRatios[index]);
    const outlines = colours.map(() => "");
    shapes.forEach(([width, height], shape) => {
      const kind = shape < 2 ? 0 : 1 + ratios.indexOf(state.aspectRatios[index][Math.floor(shape / 2) - 1]);
      outlines[kind] += boxPath(x - width / 2, y - height / 2, x + width / 2, y + height / 2);
    });
    kinds.forEach((path, i) => path.setAttribute("d", outlines[i]));
    priorHalo.setAttribute("d", outlines.join(""));
    assign(centre, { cx: x, cy: y, r: 4 * px });

    const boxes = model.get("boxes");
    const objectOutlines = boxes.map((box) => boxPath(...box)).join("");
    objects.setAttribute("d", objectOutlines);
    halo.setAttribute("d", objectOutlines);
    const overlap = boxIou(Float32Array.from(boxes.flat(), (v) => v / size), toCorners(priors));
    const count = priors.length / 4;
    words.replaceChildren(...boxes.map(([x1, y1], i) => {
      let best = 0;
      for (let p = i * count; p < (i + 1) * count; p++) best = Math.max(best, overlap[p]);
      return plate(svgStage, x1, y1, best.toFixed(2));
    }));

    // ---- the controls, and what follows
    mapControl.show(index);
    cellControls.forEach(({ input, show }, i) => {
      input.max = cells - 1;
      show(i ? row : column);
    });
    smallControl.show(state.minSizes[index]);
    largeControl.show(state.maxSizes[index]);
    ratioControls.forEach(({ show }, i) => show(state.aspectRatios[index].includes(ratios[i])));
    stepControl.show(step);
    evenControl.show(`Even step: ${pixels(size / cells)}`);
    let outside = 0;
    for (let p = 0; p < priors.length; p += 4) outside += priors[p] > 1 || priors[p + 1] > 1;
    const [width, height] = inside.map(([from, to]) => to - from);
    showFacts(parts.facts, [
      ["This map", `${cells} × ${cells} × ${shapes.length} = ${number(cells * cells * shapes.length)}`],
      ["All priors", number(count)],
      ["… centred outside", number(outside)],
      ["Receptive field", `${fieldSize} × ${fieldSize} px`],
      ["… inside the picture", `${width} × ${height} px`],
    ]);
  }

  // ---- picking a cell on the picture
  const cellAt = (event) => {
    const { x, y } = pointOf(svgStage, event);
    const index = model.get("map_index");
    const cell = (v) => Math.min(Math.max(Math.floor(v / model.get("steps")[index]), 0), mapSizes[index] - 1);
    return { row: cell(y), column: cell(x) };
  };
  const soon = oncePerFrame(redraw);
  svgStage.addEventListener("pointermove", (event) => {
    if (event.pointerType !== "mouse") return;
    hovered = cellAt(event);
    soon();
  });
  svgStage.addEventListener("pointerleave", () => {
    hovered = null;
    soon();
  });
  svgStage.addEventListener("click", (event) => {
    const { row, column } = cellAt(event);
    set(model, "row", row);
    set(model, "column", column);
  });

  redraw();
  const traits = [...numbers, "map_index", "row", "column", "boxes"];
  const stops = [listen(model, traits, redraw), onResize(svgStage, redraw)];
  return () => stops.forEach((stop) => stop());
}
