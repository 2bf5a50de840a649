// Shapes that are added, moved, scaled, turned, recoloured and removed, by mouse, finger and keys.

const SMALLEST_SHAPE = 3;
const LARGEST_SHAPE = 40;

// The editor on a stage of SIDE × SIDE units, with its controls in `palette` and `controls`. It calls changed() whenever
// the picture has to be painted anew.
function shapeEditor(overlay, palette, controls, hint, changed) {
  let shapes = [
    { kind: "star", x: 29, y: 32, size: 17, turn: 10, colour: "yellow" },
    { kind: "ring", x: 70, y: 27, size: 13, turn: 0, colour: "white" },
    { kind: "rectangle", x: 66, y: 71, size: 19, turn: -20, colour: "red" },
    { kind: "triangle", x: 25, y: 77, size: 12, turn: 0, colour: "blue" },
  ];
  let held = 0; // the chosen one
  let drifting = false;
  let seed = 4; // of the ground
  let ground = paintGround(seed, 512);

  function hold(i) {
    held = i;
    changed();
  }
  function change(values) {
    shapes = shapes.map((shape, i) => (i === held ? { ...shape, ...values } : shape));
    changed();
  }
  function add(kind) {
    const colours = Object.keys(COLOURS);
    const place = () => 20 + 60 * Math.random();
    shapes = [...shapes, { kind, x: place(), y: place(), size: 14, turn: 0, colour: colours[shapes.length % colours.length] }];
    hold(shapes.length - 1);
  }
  function remove() {
    shapes = shapes.filter((_, i) => i !== held);
    hold(Math.min(held, shapes.length - 1));
    draw();
    if (shapes.length) targets.children[held].focus({ preventScroll: true });
  }
  const within = (v, low, high) => Math.min(Math.max(v, low), high);
  const moveTo = (x, y) => change({ x: within(x, 0, SIDE), y: within(y, 0, SIDE) });
  const scaleTo = (size) => change({ size: within(size, SMALLEST_SHAPE, LARGEST_SHAPE) });

  // ---- the controls
  const addRow = group(palette, "Add");
  for (const kind of Object.keys(OUTLINES)) button(addRow, kind, () => add(kind));
  const colourRow = group(palette, "Colour");
  const swatches = Object.entries(COLOURS).map(([name, value]) => {
    const swatch = button(colourRow, "", () => change({ colour: name }));
    assign(swatch.input, { class: "live-swatch", style: `background: ${value}`, "aria-label": name, title: name });
    return { name, ...swatch };
  });
  const sizes = { min: SMALLEST_SHAPE, max: LARGEST_SHAPE, step: 1, format: Math.round };
  const sizeControl = slider(controls, "Size", sizes, (size) => change({ size }));
  const degrees = { min: -180, max: 180, step: 5, format: (v) => `${v}°` };
  const turnControl = slider(controls, "Turn", degrees, (turn) => change({ turn }));
  const row = html("div", { class: "explorer-row" });
  controls.append(row);
  const removeControl = button(row, "Remove", remove);
  button(row, "Another ground", () => {
    seed += 1;
    ground = paintGround(seed, 512);
    changed();
  });
  checkbox(controls, "Let the shapes drift", (checked) => {
    drifting = checked;
    changed();
  });

  // ---- on the stage
  const ring = svg("circle", { class: "live-ring" });
  const targets = svg("g");
  overlay.append(ring, targets);
  const scaler = handle(overlay);

  // A finger on the element drags it and does not scroll the page. (Chromium heeds no touch-action inside of an SVG.)
  const keepPage = (element) =>
    element.addEventListener("touchstart", (event) => event.preventDefault(), { passive: false });

  // What is taken hold of: it lies over a shape and is not seen.
  function target(i) {
    const element = svg("circle", {
      class: "live-target", tabindex: 0, role: "button", "aria-describedby": hint.id, focus: () => hold(i),
    });
    keepPage(element);
    drag(element, overlay, (point) => {
      element.focus({ preventScroll: true });
      hold(i);
      return { x: shapes[i].x - point.x, y: shapes[i].y - point.y };
    }, (point, _, from) => moveTo(point.x + from.x, point.y + from.y));
    arrows(element, (dx, dy, event) => {
      const { x, y, size } = shapes[i];
      if (event.shiftKey) scaleTo(size + dx - dy);
      else moveTo(x + dx, y + dy);
    });
    element.addEventListener("keydown", (event) => {
      if (event.key !== "Delete" && event.key !== "Backspace") return;
      event.preventDefault();
      remove();
    });
    return element;
  }
  keepPage(scaler.element);
  drag(scaler.element, overlay, () => true, (point) => {
    const { x, y } = shapes[held];
    scaleTo(Math.hypot(point.x - x, point.y - y));
  });

  function draw() {
    while (targets.children.length > shapes.length) targets.lastChild.remove();
    while (targets.children.length < shapes.length) targets.append(target(targets.children.length));
    const px = unit(overlay);
    shapes.forEach(({ kind, x, y, size, colour }, i) => assign(targets.children[i], {
      cx: x, cy: y, r: Math.max(size, 12 * px), "aria-pressed": String(i === held),
      "aria-label": `${colour} ${kind} at ${Math.round(x)}, ${Math.round(y)}, size ${Math.round(size)}`,
    }));
    const shape = shapes[held];
    for (const element of [ring, scaler.element]) element.style.visibility = shape ? "" : "hidden";
    for (const { input } of [sizeControl, turnControl, removeControl, ...swatches]) input.disabled = !shape;
    for (const { name, input } of swatches) assign(input, { "aria-pressed": String(name === shape?.colour) });
    if (!shape) return;
    const radius = shape.size + 3 * px;
    assign(ring, { cx: shape.x, cy: shape.y, r: radius });
    const onStage = (v) => within(v, 8 * px, SIDE - 8 * px);
    scaler.place(onStage(shape.x + radius * Math.SQRT1_2), onStage(shape.y + radius * Math.SQRT1_2), px);
    sizeControl.show(shape.size);
    turnControl.show(Math.round(shape.turn));
  }

  // A step of the drifting, each shape its own way.
  function drift() {
    shapes = shapes.map((shape, i) => {
      const next = { dx: 0.35 * Math.cos(2.4 * i + 1), dy: 0.35 * Math.sin(2.4 * i + 1), ...shape };
      for (const [axis, speed] of [["x", "dx"], ["y", "dy"]]) {
        if (next[axis] < next.size) next[speed] = Math.abs(next[speed]);
        if (next[axis] > SIDE - next.size) next[speed] = -Math.abs(next[speed]);
        next[axis] += next[speed];
      }
      next.turn = ((next.turn + 180.3) % 360) - 180;
      return next;
    });
  }

  return {
    paint: (canvas) => paintShapes(canvas, ground, shapes),
    draw,
    drift,
    isDrifting: () => drifting,
    hide: (hidden) => {
      for (const element of [palette, controls, hint]) element.hidden = hidden;
      for (const element of [ring, targets, scaler.element]) element.style.display = hidden ? "none" : "";
    },
  };
}
