// Numbers that travel as text: what floats.py writes.

/** base64 -> Uint8Array. */
function bytes(text) {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

/** base64 of little-endian float32 -> Float32Array. */
function floats(text) {
  return new Float32Array(bytes(text).buffer);
}
