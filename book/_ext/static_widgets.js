// Starts the saved widgets of a page: no kernel, no network.
//
// MyST-NB leaves in the page what a notebook knew of its widgets: one script with the state of all models, and where a
// widget was shown, one that names its model. A model here is what anywidget's front ends need of one; what the reader
// changes in it is gone when the page is.
(() => {
  const MIME = "application/vnd.jupyter.widget-";

  class StaticModel {
    constructor(state) {
      this.state = state;
      this.listeners = new Map();
    }

    get(name) {
      return this.state[name];
    }

    set(name, value) {
      if (this.state[name] === value) return;
      this.state[name] = value;
      for (const event of [`change:${name}`, "change"]) {
        for (const listener of [...(this.listeners.get(event) ?? [])]) listener();
      }
    }

    on(event, listener) {
      this.listeners.set(event, [...(this.listeners.get(event) ?? []), listener]);
    }

    off(event, listener) {
      const left = (this.listeners.get(event) ?? []).filter((other) => listener && other !== listener);
      this.listeners.set(event, left);
    }

    save_changes() {} // there is nobody to save them for

    send() {}
  }

  // A module given as text. A blob's address works over http and from a folder alike.
  async function load(text) {
    const url = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
    try {
      const { default: definition } = await import(url);
      return typeof definition === "function" ? await definition() : definition;
    } finally {
      URL.revokeObjectURL(url);
    }
  }

  const modules = new Map();
  const styles = new Set();

  async function start({ state }) {
    if (!modules.has(state._esm)) modules.set(state._esm, load(state._esm));
    const widget = await modules.get(state._esm);
    if (state._css && !styles.has(state._css)) {
      styles.add(state._css);
      const style = document.createElement("style");
      style.textContent = state._css;
      document.head.append(style);
    }
    const model = new StaticModel(state);
    await widget.initialize?.({ model });
    return { model, widget };
  }

  async function startAll() {
    const records = {};
    for (const script of document.querySelectorAll(`script[type="${MIME}state+json"]`)) {
      Object.assign(records, JSON.parse(script.textContent).state);
    }
    const started = {};
    for (const script of document.querySelectorAll(`script[type="${MIME}view+json"]`)) {
      const id = JSON.parse(script.textContent).model_id;
      if (records[id]?.model_module !== "anywidget") continue;
      const el = document.createElement("div");
      script.before(el);
      try {
        started[id] ??= start(records[id]); // shown twice, it is one model with two views
        const { model, widget } = await started[id];
        await widget.render({ model, el });
      } catch (error) {
        console.error(error);
        el.textContent = `This interactive figure could not start: ${error}`;
      }
    }
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", startAll);
  else startAll();
})();
