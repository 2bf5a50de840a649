// What every explorer shares: elements, state, layout and controls.
//
// A script of top-level functions, without import or export: explorer.py puts it before each explorer's own.

// An id that nothing else on the page has. Not a count: every kind of explorer would begin its own.
function uid(name) {
  return `explorer-${name}-${Math.random().toString(36).slice(2)}`;
}

// Attributes of an element: functions become listeners, null and false leave the attribute out.
function assign(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value === null || value === undefined || value === false) element.removeAttribute(name);
    else element.setAttribute(name, value === true ? "" : value);
  }
  return element;
}

function html(tag, attributes = {}, ...children) {
  const element = assign(document.createElement(tag), attributes);
  element.append(...children);
  return element;
}

function svg(tag, attributes = {}, ...children) {
  const element = assign(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes);
  element.append(...children);
  return element;
}

// A picture over all of a canvas, on white where it is transparent, as `read_image` has it.
function paintOnWhite(canvas, source) {
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.fillStyle = "white";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(source, 0, 0, canvas.width, canvas.height);
}

// ---- state ----------------------------------------------------------------------------------------------------------

// `value` is a new object or list, never the old one changed in place: that would look like no change.
function set(model, name, value) {
  model.set(name, value);
  model.save_changes();
}

// A function that calls redraw before the next frame, once, however often it was called itself.
function oncePerFrame(redraw) {
  let waiting = false;
  return () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      redraw();
    });
  };
}

// Redraws once a frame, however many of the traits changed in it. Gives a function that ends it.
function listen(model, names, redraw) {
  const changed = oncePerFrame(redraw);
  for (const name of names) model.on(`change:${name}`, changed);
  return () => {
    for (const name of names) model.off(`change:${name}`, changed);
  };
}

// ---- layout ---------------------------------------------------------------------------------------------------------

// The figure, and beside it, or below it where the page is narrow, the controls and what they lead to.
function layout(el, label) {
  const figure = html("div", { class: "explorer-figure" });
  const controls = html("div", { class: "explorer-controls" });
  const facts = html("dl", { class: "explorer-facts" });
  const side = html("div", { class: "explorer-side" }, controls, facts);
  const root = html("div", { class: "explorer", role: "group", "aria-label": label }, figure, side);
  el.append(root);
  return { root, figure, side, controls, facts };
}

// 8744 as "8,744", whatever the reader's language: the book's text is English.
function number(value) {
  return value.toLocaleString("en");
}

// Rows of [name, value] in the list of facts. Only texts that changed are written, so nothing jumps or flickers.
function showFacts(facts, rows) {
  while (facts.children.length > rows.length) facts.lastChild.remove();
  rows.forEach(([name, value], i) => {
    if (!facts.children[i]) facts.append(html("div", {}, html("dt"), html("dd")));
    const [term, description] = facts.children[i].children;
    if (term.textContent !== name) term.textContent = name;
    if (description.textContent !== String(value)) description.textContent = value;
  });
}

// ---- controls -------------------------------------------------------------------------------------------------------

// Each calls change(value), and has show(value) for when the state changed.


// options: min, max, step, and format (number to text).
function slider(parent, label, { min, max, step, format = String }, change) {
  const id = uid("slider");
  const input = html("input", { type: "range", id, min, max, step });
  const output = html("output", { for: id });
  const show = (value) => {
    if (Number(input.value) !== value) input.value = value;
    output.textContent = format(value);
    input.setAttribute("aria-valuetext", format(value));
  };
  input.addEventListener("input", () => change(Number(input.value)));
  parent.append(html("div", { class: "explorer-slider" }, html("label", { for: id }, label), output, input));
  return { input, show };
}

// options: [value, text] each.
function select(parent, label, options, change) {
  const id = uid("select");
  const input = html("select", { id }, ...options.map(([, text], i) => html("option", { value: i }, text)));
  const show = (value) => { input.selectedIndex = options.findIndex(([v]) => v === value); };
  input.addEventListener("change", () => change(options[input.selectedIndex][0]));
  parent.append(html("div", { class: "explorer-select" }, html("label", { for: id }, label), input));
  return { input, show };
}

function checkbox(parent, label, change) {
  const input = html("input", { type: "checkbox" });
  const show = (value) => { input.checked = value; };
  input.addEventListener("change", () => change(input.checked));
  parent.append(html("label", { class: "explorer-checkbox" }, input, html("span", {}, label)));
  return { input, show };
}

function button(parent, label, press) {
  const input = html("button", { type: "button", class: "explorer-button", click: press }, label);
  parent.append(input);
  return { input, show: (text) => { input.textContent = text; } };
}

// What the figure's signs mean: [colour, style, text] each; style is "line", "dashed", "thick" or "dot".
function legend(parent, signs) {
  const items = signs.map(([colour, style, text]) => {
    const sign = html("span", { class: `explorer-sign explorer-sign-${style}`, style: `color: ${colour}` });
    return html("li", {}, sign, text);
  });
  parent.append(html("ul", { class: "explorer-legend" }, ...items));
}

// Several controls side by side under one name.
function group(parent, label) {
  const id = uid("group");
  const row = html("div", { class: "explorer-row" });
  const name = html("span", { id, class: "explorer-name" }, label);
  parent.append(html("div", { class: "explorer-group", role: "group", "aria-labelledby": id }, name, row));
  return row;
}
