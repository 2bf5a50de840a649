// More threads, for readers who ask for them. Browsers let threads share memory only in a page that came with two headers,
// and plain servers send none. A service worker of this page alone adds them: see thread_headers.js.

const MOST_THREADS = Math.min(4, navigator.hardwareConcurrency);

const threadsNow = () => (crossOriginIsolated ? MOST_THREADS : 1);

// A button for more threads, or for one again. Gives its element, or null where there is nothing to choose.
function threadChoice(parent, failed) {
  if (MOST_THREADS < 2 || !navigator.serviceWorker || location.protocol === "file:") return null;
  const words = crossOriginIsolated ? "One thread again" : `Use ${MOST_THREADS} threads`;
  const change = crossOriginIsolated ? withoutHeaders : withHeaders;
  const { input } = button(parent, `${words} (this page loads again)`, () => change().then(() => location.reload(), failed));
  return assign(input, { "data-action": "threads" });
}

async function withHeaders() {
  await navigator.serviceWorker.register(new URL("../../thread_headers.js", HOME), { scope: location.pathname });
  await navigator.serviceWorker.ready;
}

async function withoutHeaders() {
  const found = await navigator.serviceWorker.getRegistration();
  if (!found) throw new Error("the server itself sends the headers for more threads");
  await found.unregister();
}
