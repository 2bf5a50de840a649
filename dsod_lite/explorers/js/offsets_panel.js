// The offsets of one prior as formulas with its numbers in them, and buttons that step to the next.

function offsetsPanel(parent, step) {
  const walk = group(parent, "Offsets of a matched prior");
  walk.parentElement.classList.add("explorer-walk");
  button(walk, "Previous", () => step(-1));
  button(walk, "Next", () => step(1));
  const which = html("p", { class: "explorer-note explorer-which" });
  const formulas = html("div", { class: "explorer-formulas" });
  parent.append(which, formulas);

  // `words` say which prior it is; box [x1, y1, x2, y2] and prior [cx, cy, w, h] in pixels, or null if there is none.
  function show(words, box, prior) {
    which.textContent = words;
    formulas.replaceChildren(...(box ? rows(box, prior) : []));
  }

  function rows(box, prior) {
    const [x1, y1, x2, y2] = box;
    const [o, p] = [[(x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1], prior].map((all) => all.map((v) => v.toFixed(1)));
    const terms = [
      ["dx", `(${o[0]} − ${p[0]}) / ${p[2]} / ${CENTRE_VARIANCE}`],
      ["dy", `(${o[1]} − ${p[1]}) / ${p[3]} / ${CENTRE_VARIANCE}`],
      ["dw", `ln(${o[2]} / ${p[2]}) / ${SIZE_VARIANCE}`],
      ["dh", `ln(${o[3]} / ${p[3]}) / ${SIZE_VARIANCE}`],
    ];
    const values = encode(box, prior).map((value) => value.toFixed(2).replace("-", "−"));
    return terms.flatMap(([name, formula], i) =>
      [name, `= ${formula}`, `= ${values[i]}`].map((text) => html("span", {}, text)));
  }

  return { show };
}
