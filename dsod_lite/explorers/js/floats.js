// Numbers that travel as text: what floats.py writes.

/** base64 of little-endian float32 -> Float32Array. */
function floats(text) {
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  return new Float32Array(bytes.buffer);
}
