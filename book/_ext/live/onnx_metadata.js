// What `python -m dsod_lite export` writes beside the network: ONNX Runtime Web does not hand it out, so it is read here.
//
// An ONNX file is a protocol buffer, a row of fields with a number each. Field 14 of the model is an entry of its
// metadata, whose fields 1 and 2 are a key and a value. Source: onnx.proto; the protocol buffers' "Encoding".

// The fields of a message as [number, bytes], of those that hold bytes. Anything that reads as no message: RangeError.
function protobufFields(bytes) {
  const fields = [];
  let at = 0;
  const integer = () => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      if (at >= bytes.length) throw new RangeError("it ends in the middle");
      const byte = bytes[at++];
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const tag = integer();
    const type = tag % 8;
    if (type === 0) integer();
    else if (type === 1) at += 8;
    else if (type === 5) at += 4;
    else if (type === 2) {
      const length = integer();
      if (at + length > bytes.length) throw new RangeError("it ends in the middle");
      fields.push([Math.floor(tag / 8), bytes.subarray(at, at + length)]);
      at += length;
    } else throw new RangeError(`a field of type ${type}`);
  }
  return fields;
}

// The metadata of an ONNX file: an object of texts.
function onnxMetadata(bytes) {
  const text = (part) => new TextDecoder().decode(part);
  const entries = protobufFields(bytes).filter(([number]) => number === 14);
  return Object.fromEntries(entries.map(([, entry]) => {
    const fields = new Map(protobufFields(entry));
    return [text(fields.get(1)), text(fields.get(2))];
  }));
}
