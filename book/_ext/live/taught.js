// The detector that was taught in this browser, from page to page: the browser's cache keeps it, and sends it nowhere.

const taughtAddress = () => new URL("taught.onnx", HOME); // of no file: the cache's name for it

async function keepTaught(bytes) {
  const cache = await caches.open("taught");
  await cache.put(taughtAddress(), new Response(bytes));
}

// Its bytes, or null.
async function taughtDetector() {
  const found = await caches.match(taughtAddress());
  return found ? new Uint8Array(await found.arrayBuffer()) : null;
}
