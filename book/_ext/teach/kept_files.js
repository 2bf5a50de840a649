// What was learned, kept: in this browser for the live detector, or as a file; and files opened again.

// send(message, transfer) tells the worker, say(text) the reader. Gives { saved(message), forget(), unsaved(step), show(step) }.
function keptFiles(parent, { send, say }) {
  let lastSaved = 0; // the step that was saved last
  let run = 0; // how many were forgotten: what is saved of an earlier one counts for it alone
  parent.append(html("p", { class: "explorer-title" }, "Keep what it has learned"));
  const row = html("div", { class: "explorer-row" });
  const save = (format, label) => assign(
    button(row, label, () => send({ type: "save", format })).input, { "data-action": `save-${format}` });
  save("live", "Open it in the live detector");
  save("onnx", "Save for the live detector (.onnx)");
  save("safetensors", "Save for Python and this page (.safetensors)");
  const chosen = html("input", { type: "file", accept: ".safetensors", hidden: true, "aria-label": "A saved file", change: openFile });
  button(row, "Open a saved file…", () => chosen.click());
  const note = html("p", { class: "explorer-note" });
  parent.append(row, chosen, note);

  async function openFile() {
    const [file] = chosen.files;
    chosen.value = ""; // the same file can be chosen again
    const bytes = new Uint8Array(await file.arrayBuffer());
    send({ type: "pause" });
    send({ type: "open", bytes }, [bytes.buffer]);
  }

  async function openLive(bytes) {
    try {
      await keepTaught(bytes);
    } catch (error) {
      say(`This browser keeps nothing for this page (${error.message}). Save a file instead.`);
      return false;
    }
    const opened = open("live_detector.html#taught", "_blank");
    say(opened
      ? "The live detector opens in another tab, with what was learned so far. This browser keeps it there."
      : "This browser keeps it for the page of the live detector, but opened no tab for that.");
    return true;
  }

  function download(format, bytes, step) {
    const link = html("a", { href: URL.createObjectURL(new Blob([bytes])), download: `detector.${format}` });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
    say(`Saved as detector.${format}, as it was after ${step} steps.`);
    return true;
  }

  async function saved({ format, bytes, step }) {
    const of = run;
    const kept = format === "live" ? await openLive(bytes) : download(format, bytes, step);
    if (kept && of === run) lastSaved = step;
  }

  return {
    saved,
    forget() {
      lastSaved = 0;
      run += 1;
    },
    unsaved: (step) => step > lastSaved,
    show(step) {
      note.textContent = step > lastSaved
        ? `Not saved yet: what it has learned in steps ${lastSaved + 1} to ${step}. It is lost when this tab is closed.`
        : "Nothing is unsaved.";
    },
  };
}
