// Keeps the scanner for when there is no network. It stores the scanner's page and scripts of one edition and nothing
// else: no answer about a badge is ever kept, and none is ever given from what is kept. TOLD is written above by the server.
"use strict";
importScripts(...TOLD.keeps);
const CACHE = `scanner ${TOLD.edition}`;
const IN_A_LANGUAGE = /^\?lang=[\w-]+$/;
const PATIENCE = 20_000; // milliseconds that a navigation may wait for its first byte

// A browser that reads codes itself needs no reader of ours; if it turns out that it can not, the page fetches one.
const needed = TOLD.assets.filter((address) => address !== TOLD.reader || !("BarcodeDetector" in self));

const path = (request) => new URL(request.url).pathname;
const keep = async (key, answer) => (await caches.open(CACHE)).put(key, answer);
const kept = (key) => caches.open(CACHE).then((cache) => cache.match(key, { ignoreVary: true }));

// An answer that may be kept as the scanner's page: it is itself, not a refusal, and nobody led elsewhere.
const isShell = (answer) => answer.ok && !answer.redirected;

const inTime = (answer) => Promise.race([
  answer,
  new Promise((_, reject) => setTimeout(reject, PATIENCE, Error("late"))),
]);

const shell = async (request) => {
  const lang = new URL(request.url).searchParams.get("lang");
  return (lang && await kept(`${TOLD.shell}?lang=${lang}`)) || await kept(TOLD.shell) || Response.error();
};

const asset = async (event, address) => {
  const found = await kept(address);
  if (found) return found;
  const answer = await fetch(event.request);
  if (answer.ok) event.waitUntil(keep(address, answer.clone()));
  return answer;
};

const navigated = async (event) => {
  const { request } = event;
  try {
    const answer = await inTime(fetch(request));
    if (path(request) === TOLD.shell && isShell(answer)) {
      const { search } = new URL(request.url);
      if (IN_A_LANGUAGE.test(search)) event.waitUntil(keep(TOLD.shell + search, answer.clone()));
      event.waitUntil(keep(TOLD.shell, answer.clone()));
    }
    return answer;
  } catch {
    return shell(request);
  }
};

addEventListener("install", (event) => {
  const take = async () => {
    // The page that brought this worker came before it: its language is asked for again.
    const windows = (await clients.matchAll({ type: "window", includeUncontrolled: true })).map(({ url }) => new URL(url));
    const shells = windows.filter((one) => one.pathname === TOLD.shell && IN_A_LANGUAGE.test(one.search))
      .map((one) => TOLD.shell + one.search);
    const wanted = [...new Set([TOLD.shell, ...shells, ...needed])];
    const fresh = wanted.map((address) => new Request(address, { cache: "reload" }));
    await (await caches.open(CACHE)).addAll(fresh);
    await skipWaiting();
  };
  event.waitUntil(take());
});

addEventListener("activate", (event) => {
  const forget = async () => {
    for (const name of await caches.keys()) if (name.startsWith("scanner ") && name !== CACHE) await caches.delete(name);
    await clients.claim();
  };
  event.waitUntil(forget());
});

addEventListener("fetch", (event) => {
  const { request } = event, { origin, pathname, search } = new URL(request.url);
  if (request.method !== "GET" || origin !== location.origin) return;
  if (request.mode === "navigate") event.respondWith(navigated(event));
  else if (TOLD.assets.includes(pathname + search)) event.respondWith(asset(event, pathname + search));
});

// Where a browser lets an installed page do so, the lists are renewed while nobody looks.
addEventListener("periodicsync", (event) => event.waitUntil(keepLists(TOLD).refresh()));
