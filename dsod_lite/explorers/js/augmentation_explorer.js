// A picture, the window that is cut out of it, and the training example that comes of it, throw after throw.

function render({ model, el }) {
  const [width, height, size] = ["width", "height", "image_size"].map((name) => model.get(name));
  const throws = model.get("throws");

  // ---- the figure
  const parts = layout(el, "Explorer of augmentation");
  const pair = html("div", { class: "explorer-pair" });
  parts.figure.append(pair);
  const before = stage(pair, "The picture, and the window that is cut out", 0, 0, width, height);
  picture(before, model.get("picture"), 0, 0, width, height);
  truthMarks(before)(model.get("boxes").map((box) => boxPath(...box)).join(""));
  const halo = svg("path", { class: "explorer-halo" });
  const window = svg("path", { class: "explorer-window" });
  before.append(halo, window);
  const after = stage(pair, "What comes of it", 0, 0, size, size);
  const image = svg("image", { x: 0, y: 0, width: size, height: size });
  after.append(image);
  const showTruth = truthMarks(after);
  const words = svg("g");
  after.append(words);
  legend(parts.figure, [
    ["var(--explorer-accent)", "thick", "what is cut out"],
    ["var(--explorer-ink)", "dashed", "boxes of the objects"],
  ]);

  // ---- the controls
  const names = Object.keys(throws);
  const which = select(parts.controls, "Augmentation", names.map((name) => [name, name]), (name) => {
    set(model, "number", 0);
    set(model, "augmentation", name);
  });
  const next = button(parts.controls, "Throw the dice", () =>
    set(model, "number", (model.get("number") + 1) % throws[model.get("augmentation")].length));
  next.input.setAttribute("aria-describedby", uid("throw"));
  const note = html("p", { class: "explorer-note", id: next.input.getAttribute("aria-describedby"), role: "status" });
  parts.controls.append(note);

  function redraw() {
    const list = throws[model.get("augmentation")];
    const shown = list[model.get("number")];
    // The stage shows as much of the canvas as the window takes in.
    const [left, top, right, bottom] = shown.window;
    const margin = 0.04 * width;
    const [x, y] = [Math.min(0, left) - margin, Math.min(0, top) - margin];
    setView(before, x, y, Math.max(width, right) + margin - x, Math.max(height, bottom) + margin - y);
    for (const path of [halo, window]) path.setAttribute("d", boxPath(...shown.window));
    image.setAttribute("href", shown.picture);
    showTruth(shown.boxes.map((box) => boxPath(...box)).join(""));
    words.replaceChildren(...shown.boxes.map(([x1, y1], i) => plate(after, x1, y1, shown.names[i])));
    which.show(model.get("augmentation"));
    note.textContent = `Throw ${model.get("number") + 1} of ${list.length}`;
    showFacts(parts.facts, [...shown.dice, ["objects left", `${shown.boxes.length} of ${model.get("boxes").length}`]]);
  }

  redraw();
  const stops = [listen(model, ["augmentation", "number"], redraw), onResize(after, redraw)];
  return () => stops.forEach((stop) => stop());
}
