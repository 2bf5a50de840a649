// A network's stages as boxes: as wide as they have channels, as high as their maps. One of them is looked into.

const KINDS = {
  stem: [5, "stem"],
  block: [0, "dense block"],
  transition: [4, "transition, pooling"],
  pool: [4],
  map: [2, "map, learned"],
  head: [3, "head: offsets and logits"],
};
const SHORT = { stem: "stem", block: "block", transition: "trans.", pool: "pool", map: "map", head: "head" };
const REUSED = 1; // the colour of what is taken over
const TALLEST = 84; // pixels for the largest map
const NAMES = 30; // for the two lines above each row
const BAND = 30; // for what runs between two rows

function render({ model, el }) {
  const structures = model.get("stages");
  const parts = layout(el, "Explorer of the architecture");
  const svgStage = stage(parts.figure, "The stages of the network", 0, 0, 100, 100);
  assign(svgStage, { role: "radiogroup" });
  const signs = Object.values(KINDS).filter(([, text]) => text);
  signs.splice(4, 0, [REUSED, "map, taken over"]);
  legend(parts.figure, [
    ...signs.map(([colour, text]) => [series(colour), "block", text]),
    ["var(--explorer-ink)", "thick", "what feeds the stage"],
    ["var(--explorer-ink)", "dashed", "what it feeds"],
  ]);

  const structureRow = group(parts.controls, "Prediction");
  const structureButtons = ["dense", "plain"].map((name) =>
    ({ name, ...button(structureRow, name, () => set(model, "prediction", name)) }));
  const title = html("p", { class: "explorer-title", "aria-live": "polite" });
  const table = html("table", { class: "explorer-parts" });
  parts.controls.after(title);
  parts.side.append(html("div", { class: "explorer-parts-place" }, table));

  const number = (n) => n.toLocaleString("en");
  const work = (n) => (n < 1e9 ? `${Number((n / 1e6).toPrecision(3))} million` : `${(n / 1e9).toFixed(2)} billion`);
  const share = (n, all) => `${(100 * n / all).toFixed(1)} %`;
  const sum = (stages, field) => stages.reduce((s, { parts: all }) => all.reduce((t, part) => t + part[field], s), 0);
  const shapeText = (shape) => shape.map(number).join(" × ");

  let names = []; // of the stages that are drawn
  let marks = new Map(); // their elements

  function redraw() {
    const stages = structures[model.get("prediction")];
    const chosen = stages.find(({ name }) => name === model.get("selected")) ?? stages[0];
    const width = svgStage.getBoundingClientRect().width || 350; // the stage's units are pixels
    const hadFocus = svgStage.contains(svgStage.getRootNode().activeElement);
    names = stages.map(({ name }) => name);
    const { places, height } = arrange(stages, width);
    setView(svgStage, 0, 0, width, height + 94);

    marks = new Map(stages.map((one) => [one.name, mark(one, places.get(one.name), one === chosen)]));
    const chosenPlace = places.get(chosen.name);
    svgStage.replaceChildren(
      svg("rect", { class: "explorer-picked", x: chosenPlace.left + 1, y: chosenPlace.top, rx: 5,
        width: chosenPlace.right - chosenPlace.left - 2, height: chosenPlace.bottom - chosenPlace.top }),
      ...lines(stages, places, chosen), drawPicture(places.get("picture")), ...marks.values(),
      ...strip(stages, "parameters", "Parameters", number, chosen, height + 16, width),
      ...strip(stages, "multiply_adds", "Multiply-adds", work, chosen, height + 62, width),
    );
    if (hadFocus) marks.get(chosen.name).focus({ preventScroll: true });

    for (const { name, input } of structureButtons) {
      assign(input, { "aria-pressed": String(name === model.get("prediction")) });
    }
    title.textContent = chosen.title;
    const titles = new Map(stages.map((one) => [one.name, one.title.split(":")[0]]));
    const own = ["parameters", "multiply_adds"].map((field) => [sum([chosen], field), sum(stages, field)]);
    showFacts(parts.facts, [
      ["Fed by", chosen.inputs.map((name) => titles.get(name) ?? "the picture").join("; ")],
      ["Gives", shapeText(chosen.shape)],
      ["Parameters", `${number(own[0][0])} (${share(...own[0])})`],
      ["Multiply-adds", `${work(own[1][0])} (${share(...own[1])})`],
    ]);
    const row = (cells, tag) => html("tr", {}, ...cells.map((cell) => html(tag, {}, cell)));
    table.replaceChildren(...(chosen.parts.length ? [
      html("thead", {}, row(["Part", "in", "out", "parameters"], "th")),
      html("tbody", {}, ...chosen.parts.map((part) =>
        row([part.name, number(part.channels_in), number(part.channels_out), number(part.parameters)], "td"))),
    ] : []));
  }

  // Where every stage is: the cell it is in, and the box (x, y, w, h) that is drawn in the middle of it.
  function arrange(stages, width) {
    const rows = [[], [], []];
    for (const one of stages) rows[["map", "head"].indexOf(one.kind) + 1].push(one);
    const [most, highest] = [0, 1].map((axis) => Math.max(...stages.map(({ shape }) => shape[axis])));
    const pitch = width / (rows[0].length + 1); // the picture is the first
    const places = new Map();
    let top = 0;
    rows.forEach((row, r) => {
      const cell = r ? width / row.length : pitch;
      const tall = TALLEST * Math.max(...row.map(({ shape }) => shape[1])) / highest;
      const bottom = top + NAMES + tall + 8;
      const middle = bottom - 4 - tall / 2;
      const place = (name, i, w, h) => places.set(name, {
        left: i * cell, right: (i + 1) * cell, top, bottom, x: (i + 0.5) * cell - w / 2, y: middle - h / 2, w, h,
      });
      if (!r) place("picture", 0, 0.55 * cell, 0.55 * cell);
      row.forEach(({ name, shape }, i) => place(name, i + !r,
        Math.max(2, 0.86 * pitch * shape[0] / most), Math.max(2, TALLEST * shape[1] / highest)));
      top = bottom + BAND;
    });
    svgStage.style.fontSize = `${Math.min(11, 0.3 * pitch)}px`;
    return { places, height: top - BAND };
  }

  function drawPicture({ x, y, w, h, top }) {
    return svg("g", { "aria-hidden": "true" },
      svg("rect", { class: "explorer-input", x, y, width: w, height: h, rx: 2 }),
      label(x + w / 2, top + 14, "input"), label(x + w / 2, top + 27, `${model.get("image_size")}²`));
  }

  function label(x, y, text) {
    return svg("text", { class: "explorer-label", x, y }, text);
  }

  // A stage: its names, its box, and a cell that a finger can hit.
  function mark(one, { left, right, top, bottom, x, y, w, h }, isChosen) {
    const middle = (left + right) / 2;
    const taken = w * one.reused / one.shape[0];
    const box = (from, wide, colour) =>
      svg("rect", { x: from, y, width: wide, height: h, style: `fill: ${series(colour)}` });
    const digit = one.name.match(/\d+$/)?.[0] ?? "";
    const feeds = one.inputs.map((name) => name.replace(/(\d)/, " $1")).join(" and ");
    const element = svg("g", {
      class: "explorer-choice", role: "radio", "aria-checked": String(isChosen), tabindex: isChosen ? 0 : -1,
      "aria-label": `${one.title}: ${shapeText(one.shape)}, ${number(sum([one], "parameters"))} parameters, fed by ${feeds}`,
      click: () => set(model, "selected", one.name),
    },
    svg("rect", { class: "explorer-reach", x: left, y: top, width: right - left, height: bottom - top }),
    label(middle, top + 14, SHORT[one.kind]), label(middle, top + 27, digit),
    box(x, w - taken, KINDS[one.kind][0]), ...(taken ? [box(x + w - taken, taken, REUSED)] : []));
    return element;
  }

  // From each stage to those that read it: along a row from side to side, else from below to above.
  function lines(stages, places, chosen) {
    const paths = stages.flatMap((one) => one.inputs.map((from) => {
      const a = places.get(from);
      const b = places.get(one.name);
      const [ax, bx] = [a, b].map(({ left, right }) => (left + right) / 2);
      // Where it turns left: the second map's line below the first's, so that they do not cross.
      const turn = a.bottom + BAND * (one.name === "map1" ? 0.25 : 0.7);
      const d = a.top === b.top ? `M${a.x + a.w} ${a.y + a.h / 2}H${b.x}`
        : ax === bx ? `M${ax} ${a.y + a.h}V${b.y}`
          : `M${ax} ${a.y + a.h}V${turn - 6}q0 6 -6 6H${bx + 6}q-6 0 -6 6V${b.y}`;
      const role = one === chosen ? "explorer-feeding" : from === chosen.name ? "explorer-fed" : "";
      return svg("path", { class: `explorer-flow ${role}`, d });
    }));
    return paths.sort((a, b) => a.classList.length - b.classList.length); // the marked ones on top
  }

  // How much of the whole each stage has.
  function strip(stages, field, name, format, chosen, y, width) {
    const all = sum(stages, field);
    let at = 0;
    const pieces = stages.map((one) => {
      const wide = width * sum([one], field) / all;
      at += wide;
      return svg("rect", { class: `explorer-piece${one === chosen ? " explorer-piece-chosen" : ""}`,
        x: at - wide, y: y + 8, width: Math.max(0, wide - 1), height: 14, style: `fill: ${series(KINDS[one.kind][0])}`,
        click: () => set(model, "selected", one.name) });
    });
    return [svg("text", { class: "explorer-total", x: 0, y }, `${name}: ${format(all)}`), ...pieces];
  }

  svgStage.addEventListener("keydown", (event) => {
    if (!(event.key === "Home" || event.key === "End")) return;
    event.preventDefault();
    set(model, "selected", names.at(event.key === "Home" ? 0 : -1));
  });
  arrows(svgStage, (dx, dy) => {
    const next = Math.max(0, names.indexOf(model.get("selected"))) + dx + dy;
    set(model, "selected", names[(next + names.length) % names.length]);
  });

  redraw();
  const stops = [listen(model, ["prediction", "selected"], redraw), onResize(svgStage, redraw)];
  return () => stops.forEach((stop) => stop());
}
