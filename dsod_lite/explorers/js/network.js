// A network without any library: what dsod_lite/explorers/graph.py writes is computed step by step, on one picture. A value
// is { data, channels, height, width }, its data the channels one after another, as PyTorch has them.

// steps: what is to be computed, see graph.py; weights: all of their numbers. Gives the values of `wanted`.
function runNetwork({ steps, wanted }, weights, picture) {
  const values = [picture];
  for (const step of steps) values.push(STEPS[step.does](step, step.of.map((i) => values[i]), weights));
  return wanted.map((i) => values[i].data);
}

const STEPS = {
  convolve({ at, out, kernel, stride, padding }, [value], weights) {
    const height = Math.floor((value.height + 2 * padding - kernel) / stride) + 1;
    const width = Math.floor((value.width + 2 * padding - kernel) / stride) + 1;
    const columns = kernel === 1 && stride === 1 ? value.data : windows(value, kernel, stride, padding, height, width);
    const inner = value.channels * kernel * kernel;
    const biases = weights.subarray(at + out * inner, at + out * inner + out);
    const data = product(weights.subarray(at, at + out * inner), columns, biases, inner, height * width);
    return { data, channels: out, height, width };
  },

  // Each channel times a number, plus another: BatchNorm, when nothing is learned any more.
  scale({ at }, [value], weights) {
    const { channels, height, width } = value;
    const data = new Float32Array(value.data.length);
    for (let c = 0, i = 0; c < channels; c++) {
      const factor = weights[at + c], shift = weights[at + channels + c];
      for (let end = i + height * width; i < end; i++) data[i] = factor * value.data[i] + shift;
    }
    return { ...value, data };
  },

  relu(_, [value]) {
    const data = new Float32Array(value.data.length);
    for (let i = 0; i < data.length; i++) if (value.data[i] > 0) data[i] = value.data[i];
    return { ...value, data };
  },

  // Max pooling; a last window that reaches over the edge counts.
  pool({ kernel, stride, padding }, [value]) {
    const { data: given, channels, height: rows, width: columns } = value;
    const size = (side) => {
      const whole = Math.ceil((side + 2 * padding - kernel) / stride) + 1;
      return (whole - 1) * stride >= side + padding ? whole - 1 : whole; // none begins beyond the edge
    };
    const height = size(rows), width = size(columns);
    const data = new Float32Array(channels * height * width);
    for (let c = 0, i = 0; c < channels; c++) {
      for (let y = 0; y < height; y++) {
        const top = Math.max(0, y * stride - padding), bottom = Math.min(rows, y * stride - padding + kernel);
        for (let x = 0; x < width; x++, i++) {
          const left = Math.max(0, x * stride - padding), right = Math.min(columns, x * stride - padding + kernel);
          let most = -Infinity;
          for (let r = top; r < bottom; r++) {
            const row = (c * rows + r) * columns;
            for (let k = row + left; k < row + right; k++) if (given[k] > most) most = given[k];
          }
          data[i] = most;
        }
      }
    }
    return { data, channels, height, width };
  },

  // One after another: channels of one size, or lists of numbers.
  join(_, parts) {
    const data = new Float32Array(parts.reduce((sum, part) => sum + part.data.length, 0));
    let at = 0;
    for (const part of parts) {
      data.set(part.data, at);
      at += part.data.length;
    }
    return { ...parts[0], data, channels: parts.reduce((sum, part) => sum + part.channels, 0) };
  },

  // Every cell's channels to a length that is learned for each channel: `L2Norm`.
  lengthen({ at, eps }, [value], weights) {
    const { channels, height, width } = value;
    const cells = height * width;
    const lengths = new Float32Array(cells).fill(eps);
    for (let c = 0, i = 0; c < channels; c++)
      for (let n = 0; n < cells; n++, i++) lengths[n] += value.data[i] * value.data[i];
    for (let n = 0; n < cells; n++) lengths[n] = 1 / Math.sqrt(lengths[n]);
    const data = new Float32Array(value.data.length);
    for (let c = 0, i = 0; c < channels; c++) {
      for (let n = 0; n < cells; n++, i++) data[i] = value.data[i] * lengths[n] * weights[at + c];
    }
    return { ...value, data };
  },

  // A list of numbers: the channels of the first cell, of the second …
  list(_, [{ data, channels, height, width }]) {
    const cells = height * width;
    const listed = new Float32Array(data.length);
    for (let c = 0, i = 0; c < channels; c++) for (let n = 0; n < cells; n++, i++) listed[n * channels + c] = data[i];
    return { data: listed, channels: listed.length, height: 1, width: 1 };
  },
};

// What a kernel sees: a row for each of its places in each channel, a column for each place of the output.
function windows({ data, channels, height: rows, width: columns }, kernel, stride, padding, height, width) {
  const seen = new Float32Array(channels * kernel * kernel * height * width);
  let row = 0;
  for (let c = 0; c < channels; c++) {
    for (let ky = 0; ky < kernel; ky++) {
      for (let kx = 0; kx < kernel; kx++, row++) {
        for (let y = 0; y < height; y++) {
          const from = y * stride + ky - padding;
          if (from < 0 || from >= rows) continue;
          const source = (c * rows + from) * columns + kx - padding;
          const target = (row * height + y) * width;
          const first = Math.max(0, Math.ceil((padding - kx) / stride));
          const end = Math.min(width, Math.floor((columns - 1 + padding - kx) / stride) + 1);
          for (let x = first; x < end; x++) seen[target + x] = data[source + x * stride];
        }
      }
    }
  }
  return seen;
}

// [rows, inner] times [inner, places], and a bias for each row: [rows, places]. Two rows of the first by four of the second
// at a time, so that what is read is used twice, and a sum is read and written a quarter as often.
function product(weights, columns, biases, inner, places) {
  const rows = biases.length;
  const sums = new Float32Array((rows + 1) * places); // the last row is nobody's: it is the second one of an odd last
  for (let row = 0; row < rows; row += 2) {
    const first = sums.subarray(row * places, (row + 1) * places).fill(biases[row]);
    const second = sums.subarray((row + 1) * places, (row + 2) * places).fill(biases[row + 1] ?? 0);
    const own = weights.subarray(row * inner, (row + 1) * inner);
    const other = row + 1 < rows ? weights.subarray((row + 1) * inner, (row + 2) * inner) : own;
    let k = 0;
    for (; k + 4 <= inner; k += 4) {
      const a = own[k], b = own[k + 1], c = own[k + 2], d = own[k + 3];
      const e = other[k], f = other[k + 1], g = other[k + 2], h = other[k + 3];
      const i = k * places, j = i + places, l = j + places, m = l + places;
      for (let n = 0; n < places; n++) {
        const p = columns[i + n], q = columns[j + n], r = columns[l + n], s = columns[m + n];
        first[n] += a * p + b * q + c * r + d * s;
        second[n] += e * p + f * q + g * r + h * s;
      }
    }
    for (; k < inner; k++) {
      for (let n = 0, i = k * places; n < places; n++, i++) {
        first[n] += own[k] * columns[i];
        second[n] += other[k] * columns[i];
      }
    }
  }
  return sums.subarray(0, rows * places);
}
