// A service worker of one page: it adds the two headers that browsers want before threads may share memory. The page asks for
// it at the press of a button; everything but the page itself goes past it.

self.addEventListener("install", () => self.skipWaiting());

self.addEventListener("fetch", (event) => {
  if (event.request.mode === "navigate") event.respondWith(fetch(event.request).then(isolated));
});

function isolated(response) {
  if (!response.ok) return response; // a redirection has no content to be sent on
  const headers = new Headers(response.headers);
  headers.set("Cross-Origin-Opener-Policy", "same-origin");
  headers.set("Cross-Origin-Embedder-Policy", "require-corp");
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers });
}
