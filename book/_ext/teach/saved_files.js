// What was learned, as files: ONNX for the live detector's page, safetensors for `dsod_lite.load_model` and for this page.

// ---- ONNX: a protocol buffer, a row of fields with a number each (see onnx_metadata.js). Two of them one after the other
// are one message that has the entries of both: so weights are added to a network by writing more behind it.

function varint(value) {
  const bytes = [];
  for (; value >= 128; value = Math.floor(value / 128)) bytes.push((value % 128) + 128);
  return Uint8Array.from([...bytes, value]);
}

function joined(...parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

const field = (number, content) => joined(varint(8 * number + 2), varint(content.length), content);
const text = (value) => new TextEncoder().encode(value);
const bytesOf = (values) => new Uint8Array(values.buffer, values.byteOffset, values.byteLength);

// The file with values for those of its inputs that are named, flat float32 each, and with more metadata. Fields of a
// tensor: 1 its dimensions, 2 its type (1 is float32), 8 its name, 9 its bytes. Of the graph: 5. Of the model: 7, 14.
function withWeights(network, inputs, metadata) {
  const tensors = Object.entries(inputs).map(([name, values]) => field(5, joined(
    varint(8), varint(values.length), varint(16), varint(1), field(8, text(name)), field(9, bytesOf(values)))));
  const entries = Object.entries(metadata).map(([key, value]) =>
    field(14, joined(field(1, text(key)), field(2, text(JSON.stringify(value))))));
  return joined(network, field(7, joined(...tensors)), ...entries);
}

// ---- safetensors: the length of a header, the header in JSON, then the numbers.

function safetensors(about, { weights, statistics }, classes) {
  const tensors = { ...named(about.parameters, weights), ...named(about.statistics, statistics) };
  const header = { __metadata__: { config: JSON.stringify(about.config), classes: JSON.stringify(classes) } };
  let at = 0;
  for (const [name, { shape, values }] of Object.entries(tensors)) {
    header[`network.${name}`] = { dtype: "F32", shape, data_offsets: [at, at + values.byteLength] };
    at += values.byteLength;
  }
  let words = JSON.stringify(header);
  words += " ".repeat((8 - (text(words).length % 8)) % 8); // numbers begin at a multiple of 8
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(text(words).length), true);
  return joined(length, text(words), ...Object.values(tensors).map(({ values }) => bytesOf(values)));
}

// { weights, statistics, classes } of a file for the same network and the same classes, of which the last has any name; an
// Error that says what does not fit.
function readSafetensors(about, bytes) {
  let header = null;
  const length = bytes.length > 8 ? Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true)) : 0;
  try {
    header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
  } catch {
    throw new Error("this is no safetensors file");
  }
  const read = (layout) => {
    const values = new Float32Array(layout.reduce((sum, [, shape]) => sum + countOf(shape), 0));
    let at = 0;
    for (const [name, shape] of layout) {
      const found = header[`network.${name}`];
      if (!found) throw new Error(`it has no ${name}: it is not of this network`);
      if (found.dtype !== "F32") throw new Error(`${name} is ${found.dtype}, not F32`);
      if (String(found.shape) !== String(shape)) throw new Error(`${name} is ${found.shape.join(" × ")}, not ${shape.join(" × ")}`);
      const [start, end] = found.data_offsets.map((offset) => 8 + length + offset);
      if (end > bytes.length) throw new Error("it ends in the middle");
      values.set(new Float32Array(bytes.slice(start, end).buffer), at);
      at += countOf(shape);
    }
    return values;
  };
  const classes = JSON.parse(header.__metadata__?.classes ?? "[]");
  const shapes = about.classes.slice(0, -1);
  if (classes.length !== about.classes.length || shapes.some((name, i) => name !== classes[i])) {
    throw new Error(`its classes are ${classes.join(", ") || "without names"}; here they are ${shapes.join(", ")} and one more`);
  }
  return { weights: read(about.parameters), statistics: read(about.statistics), classes };
}
