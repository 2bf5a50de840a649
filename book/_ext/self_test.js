// Questions and exercises that answer for themselves: see self_test.py. Rules are those of dsod_lite/exercises/values.py.
(() => {
  const NAMES = { pi: Math.PI, π: Math.PI, e: Math.E };
  const FUNCTIONS = { log: Math.log, ln: Math.log, sqrt: Math.sqrt, exp: Math.exp, cos: Math.cos, acos: Math.acos };

  // A number or formula as typed in Python or on paper: "14,715,804", "1/7", "4 * math.log(21)". NaN for all else.
  function parse(text) {
    const plain = text.replace(/,(?=\d{3})/g, "").replace(/(\d)_(?=\d)/g, "$1").replaceAll("math.", "")
      .replaceAll("−", "-").replace(/[·×]/g, "*").replaceAll("^", "**");
    const tokens = plain.match(/\d+\.?\d*(?:e[-+]?\d+)?|\.\d+|[a-zπ]+|\*\*|\/\/|[-+*/()]|\S/gi) ?? [];
    const next = (...wanted) => wanted.includes(tokens[0]) && tokens.shift();

    function sum() {
      let value = product();
      for (let sign; (sign = next("+", "-")); ) value += (sign === "+" ? 1 : -1) * product();
      return value;
    }
    function product() {
      let value = signed();
      for (;;) {
        const sign = next("*", "//", "/") || (/^[a-zπ(]/i.test(tokens[0] ?? "") && "*"); // "4 ln 21"
        if (!sign) return value;
        const by = signed();
        value = sign === "*" ? value * by : sign === "/" ? value / by : Math.floor(value / by);
      }
    }
    function signed() {
      if (next("+")) return signed();
      return next("-") ? -signed() : power();
    }
    function power() {
      const base = atom();
      return next("**") ? base ** signed() : base;
    }
    function atom() {
      const token = tokens.shift() ?? "";
      if (/^[\d.]/.test(token)) return Number(token);
      if (Object.hasOwn(NAMES, token)) return NAMES[token];
      if (Object.hasOwn(FUNCTIONS, token)) return FUNCTIONS[token](atom());
      if (token !== "(") return NaN;
      const value = sum();
      return next(")") ? value : NaN;
    }
    const value = sum();
    return tokens.length || !Number.isFinite(value) ? NaN : value;
  }

  const near = (a, b, relative, absolute) =>
    Math.abs(a - b) <= Math.max(relative * Math.max(Math.abs(a), Math.abs(b)), absolute);

  const RULES = {
    // Each says of a text whether it is right, and what is to be said about it.
    Number(rule, text) {
      const value = parse(text);
      if (Number.isNaN(value)) return [false, "That is not a number."];
      const relative = rule.exact ? 0 : rule.tolerance;
      if (value === rule.right || (!rule.exact && near(value, rule.right, relative, 1e-9))) return [true, ""];
      const slip = rule.slips.find(([wrong]) => near(value, wrong, relative, 1e-9));
      if (slip) return [false, slip[1]];
      for (let digits = 3; digits <= 16 && !rule.exact; digits++) {
        if (value === Number(rule.right.toPrecision(digits))) return [true, "Rounded, though. Now type the formula."];
      }
      return [false, rule.hint];
    },
    Numbers(rule, text) {
      const values = text.replace(/[[\]()]/g, " ").split(/[\s,;]+/).filter(Boolean).map(parse);
      if (values.length !== rule.right.length || values.some(Number.isNaN)) return [false, `It is ${rule.expected}.`];
      const same = (numbers) => numbers.every((number, i) => number === values[i]);
      return same(rule.right) ? [true, ""] : [false, rule.slips.find(([wrong]) => same(wrong))?.[1] ?? rule.hint];
    },
    Letters(rule, text) {
      const letters = [...text.toUpperCase()].filter((letter) => /\p{L}/u.test(letter)).sort().join("");
      if (letters === rule.right) return [true, ""];
      return [false, rule.slips.find(([wrong]) => wrong === letters)?.[1] ?? rule.hint];
    },
    Word(rule, text) {
      const word = text.trim().replace(/^(["'])(.*)\1$/, "$2").trim().toLowerCase();
      if (!rule.among.includes(word)) return [false, `It is one of ${rule.among.join(", ")}.`];
      return word === rule.right ? [true, ""] : [false, rule.hint];
    },
    Measure(rule, text) {
      const value = parse(text);
      if (Number.isNaN(value)) return [false, "That is not a number."];
      const close = (number) => near(value, number, 1e-9, rule.within);
      if (close(rule.right)) return [true, rule.why];
      return [false, rule.slips.find(([wrong]) => close(wrong))?.[1] ?? `Look again at “${rule.see}”.`];
    },
  };

  // What is said about a form's answers, given as texts; of several the first that is wrong.
  function judge(key, texts) {
    if (texts.some((text) => !text?.trim())) return [false, "", "Not answered yet."];
    let judged;
    if (key.kind === "Choice") judged = [[Number(texts[0]) === key.right, key.said[Number(texts[0])]]];
    else if (key.kind === "Values") judged = key.rules.map((rule, i) => RULES[rule.kind](rule, texts[i]));
    else judged = [RULES[key.kind](key, texts[0])];
    const [right, said] = judged.find(([right]) => !right) ?? judged.find(([, said]) => said) ?? judged[0];
    return [right, said, `${right ? "Right!" : "Not yet."} ${said}`.trim()];
  }

  function start(form) {
    const bytes = Uint8Array.from(atob(form.dataset.key), (letter) => letter.charCodeAt(0));
    const key = JSON.parse(new TextDecoder().decode(bytes));
    const status = form.querySelector("[role=status]");
    form.querySelector("button").hidden = false;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const names = [...new Set([...form.querySelectorAll("input")].map((input) => input.name))];
      const data = new FormData(form);
      const [right, , words] = judge(key, names.map((name) => data.get(name)));
      status.textContent = words;
      form.dataset.verdict = right ? "right" : "not-yet";
    });
    form.addEventListener("input", () => {
      status.textContent = "";
      delete form.dataset.verdict;
    });
  }

  const startAll = () => document.querySelectorAll("form.question").forEach(start);
  globalThis.selfTest = { parse, judge }; // for the tests
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", startAll);
  else startAll();
})();
