// Boxes on a square sheet that mouse, finger and keys move and resize. They live in the trait `boxes`, xyxy.

// options: size, of the sheet; margin, around it on the stage; smallest, the least side of a box; names, of the boxes;
// hint, the element that says how to move them; label(m, place), what a screen reader hears, place being [left, top,
// width, height] in whole numbers; redraw, called when another box is held.
function movableBoxes(model, svgStage, { size, margin, smallest, names, hint, label, redraw }) {
  let held = 0; // the box whose handles are shown
  let moved = false; // a click that ends a drag is none
  const objects = names.map((_, i) => {
    const halo = svg("rect", { class: "explorer-halo" });
    const body = svg("rect", { class: "explorer-object", style: `stroke: ${series(i)}; fill: ${series(i)}` });
    const element = svg("g",
      { class: "explorer-movable", tabindex: 0, role: "button", "aria-describedby": hint.id }, halo, body);
    svgStage.append(element);
    return { element, halo, body }; // the stage listens for pointers, see objectAt
  });
  const words = svg("g", { "aria-hidden": "true" }); // the boxes' labels say the same
  svgStage.append(words);
  const centreHandle = handle(svgStage);
  const cornerHandles = [[0, 1], [2, 1], [0, 3], [2, 3]].map(([x, y]) => ({ x, y, ...handle(svgStage) }));

  function draw() {
    const boxes = model.get("boxes");
    const px = unit(svgStage);
    boxes.forEach(([x1, y1, x2, y2], m) => {
      const { element, halo, body } = objects[m];
      for (const rect of [halo, body]) assign(rect, { x: x1, y: y1, width: x2 - x1, height: y2 - y1 });
      const place = [x1, y1, x2 - x1, y2 - y1].map(Math.round);
      assign(element, { "aria-pressed": String(m === held), "aria-label": label(m, place) });
    });
    words.replaceChildren(...boxes.map(([x1, y1], m) => plate(svgStage, x1, y1 - 20 * px, names[m]))); // above the handles
    const box = boxes[held];
    if (box) {
      centreHandle.place((box[0] + box[2]) / 2, (box[1] + box[3]) / 2, px);
      for (const corner of cornerHandles) {
        // outside the corner, so that the handles of a small box stay apart, and on the stage
        const away = 9 * px;
        const keep = (v) => Math.min(Math.max(v, away - margin), size + margin - away);
        const x = box[corner.x] + (corner.x ? away : -away);
        const y = box[corner.y] + (corner.y > 1 ? away : -away);
        corner.place(keep(x), keep(y), px);
      }
    }
    for (const { element } of [centreHandle, ...cornerHandles]) element.style.color = series(held);
  }

  const setBox = (m, box) => set(model, "boxes", model.get("boxes").map((old, i) => (i === m ? box : old)));
  const within = (v, low, high) => Math.min(Math.max(v, low), high);
  const soon = oncePerFrame(redraw);
  function hold(m) {
    held = m;
    soon();
  }
  function move(m, box, dx, dy) {
    const right = within(dx, -box[0], size - box[2]);
    const down = within(dy, -box[1], size - box[3]);
    setBox(m, [box[0] + right, box[1] + down, box[2] + right, box[3] + down]);
  }
  // `x` is 0 or 2 and `y` 1 or 3: the corner that goes to (toX, toY).
  function resize(m, box, x, y, toX, toY) {
    const changed = [...box];
    changed[x] = x ? within(toX, box[0] + smallest, size) : within(toX, 0, box[2] - smallest);
    changed[y] = y > 1 ? within(toY, box[1] + smallest, size) : within(toY, 0, box[3] - smallest);
    setBox(m, changed);
  }

  // The smallest box under a point, -1 for none: a small one can be reached on a large one.
  function objectAt({ x, y }) {
    const area = ([x1, y1, x2, y2]) => (x2 - x1) * (y2 - y1);
    const boxes = model.get("boxes");
    const under = [...boxes.keys()].filter((m) => {
      const [x1, y1, x2, y2] = boxes[m];
      return x >= x1 && x <= x2 && y >= y1 && y <= y2;
    });
    return under.length ? under.reduce((a, b) => (area(boxes[b]) < area(boxes[a]) ? b : a)) : -1;
  }

  function begin(m, point) {
    objects[m].element.focus({ preventScroll: true });
    hold(m);
    return { m, point, box: model.get("boxes")[m] };
  }
  function drags(point, _, { m, point: from, box }) {
    moved ||= Math.hypot(point.x - from.x, point.y - from.y) > 3 * unit(svgStage);
    if (moved) move(m, box, point.x - from.x, point.y - from.y);
  }
  objects.forEach(({ element }, m) => {
    element.addEventListener("focus", () => hold(m));
    arrows(element, (dx, dy, event) => {
      const box = model.get("boxes")[m];
      const far = 0.01 * size;
      if (event.shiftKey) resize(m, box, 2, 3, box[2] + dx * far, box[3] + dy * far);
      else move(m, box, dx * far, dy * far);
    });
  });
  // A finger on a box scrolls the page, as it does beside it; it drags by the handles.
  drag(svgStage, svgStage, (point, event) => {
    const m = event.pointerType === "touch" ? -1 : objectAt(point);
    return m >= 0 && begin(m, point);
  }, drags);
  drag(centreHandle.element, svgStage, (point) => begin(held, point), drags);
  for (const { element, x, y } of cornerHandles) {
    drag(element, svgStage, (point) => begin(held, point), (point, _, { m, point: from, box }) => {
      moved = true;
      resize(m, box, x, y, box[x] + point.x - from.x, box[y] + point.y - from.y);
    });
  }
  svgStage.addEventListener("pointerdown", () => { moved = false; }, { capture: true });
  svgStage.addEventListener("mousedown", (event) => event.preventDefault()); // the focus was given by hand

  // Calls then(point) for a click or tap, after the box there is taken hold of.
  function onClick(then) {
    svgStage.addEventListener("click", (event) => {
      if (moved) return;
      const point = pointOf(svgStage, event);
      if (objectAt(point) >= 0) hold(objectAt(point));
      then(point);
    });
  }
  return { draw, onClick };
}
