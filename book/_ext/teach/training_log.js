// What is known of a training: its curves, facts in numbers, and how long the gradient is from the first layers to the last.

// Gives { forget(), stepped(message), judged(message), step(), draw({ total, batch, names }) }; the messages are the worker's.
function trainingLog(controls, facts, parent) {
  let losses, scores, areas, last;
  const forget = () => {
    [losses, scores, areas, last] = [[], [], {}, null]; // scores: [step, AP50]; areas: AP50 by label; last: of a step's messages
  };
  forget();
  const curves = html("div", { class: "teach-curves" });
  controls.append(curves);
  const showLosses = progressPlot(curves, "Loss of a batch", series(0), { format: (v) => v.toFixed(2) });
  const showScores = progressPlot(curves, "AP50 on pictures held out", series(2), { top: 1, format: (v) => v.toFixed(2), mark: 0.85 });
  const lengths = barTable("Length of the gradient, from the first layers to the last", 10, 3);
  parent.append(html("div", {}, lengths));

  function draw({ total, batch, names }) {
    showLosses(losses, total);
    showScores(scores, total);
    const step = last?.step ?? 0;
    const each = last ? last.seconds / step : 0;
    const left = Math.max(0, (total - step) * each);
    showFacts(facts, [
      ["Step", `${step} of ${total}`],
      ["Learning rate now", last ? last.rate.toPrecision(2) : "–"],
      ["Loss of offsets, of classes", last ? `${last.regression.toFixed(2)}, ${last.classification.toFixed(2)}` : "–"],
      ["Pictures a second, threads", last ? `${(batch / each).toFixed(0)}, ${threadsNow()}` : "–"],
      ["AP50 by class", Object.entries(areas).map(([label, area]) => `${names[label - 1]} ${area.toFixed(2)}`).join(", ") || "–"],
      ["Time so far, left", last ? `${last.seconds.toFixed(0)} s, ${left.toFixed(0)} s` : "–"],
    ]);
    const rows = last?.lengths ?? [];
    const longest = Math.max(...rows.map(([, length]) => length), 1e-9);
    [...lengths.tBodies[0].rows].forEach((tableRow, i) => {
      const [name, length] = rows[i] ?? ["", 0];
      fillRow(tableRow, [name, name && length.toPrecision(2)], 0, 100 * length / longest, series(0));
    });
  }

  return {
    forget,
    draw,
    step: () => last?.step ?? 0,
    stepped(content) {
      last = { ...last, ...content, lengths: content.lengths ?? last?.lengths };
      losses.push([content.step, content.loss]);
    },
    // Gives the mean.
    judged({ step, each }) {
      areas = each;
      const values = Object.values(each);
      const ap50 = values.reduce((a, b) => a + b, 0) / values.length;
      scores.push([step, ap50]);
      return ap50;
    },
  };
}
