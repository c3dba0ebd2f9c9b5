// What this telephone knows of the register: its list of trust and its status lists, verified before they are kept, and
// never given up for older ones. Needs acceptTrustList and verifyBadge; tells the register nothing but that it asks.
"use strict";
globalThis.keepLists = ({ host, trust: trustAddress, lists: listsAddress }) => {
  const PATIENCE = 20_000;
  const held = new Map(); // where a browser lets us keep nothing, as in a private window, until the page is closed

  const opened = new Promise((resolve) => {
    try {
      const asked = indexedDB.open("register", 1);
      asked.onupgradeneeded = () => asked.result.createObjectStore("kept");
      asked.onsuccess = () => resolve(asked.result);
      asked.onerror = () => resolve(null);
    } catch {
      resolve(null);
    }
  });
  const done = (asked) => new Promise((resolve, reject) => {
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });
  const get = async (key) => {
    const base = await opened;
    return base ? done(base.transaction("kept").objectStore("kept").get(key)) : held.get(key);
  };
  // In one transaction, so that of two pages that ask at once none puts an older list over a newer one.
  const put = async (key, value, isOlder) => {
    const base = await opened;
    if (!base) return held.set(key, value);
    const store = base.transaction("kept", "readwrite").objectStore("kept");
    const before = await done(store.get(key));
    if (!before || !isOlder(value, before)) await done(store.put(value, key));
  };

  const ask = async (address, accept, tag) => {
    const late = new AbortController(), timer = setTimeout(() => late.abort(), PATIENCE);
    const headers = { Accept: accept, ...(tag ? { "If-None-Match": tag } : {}) };
    try {
      const answer = await fetch(address, { headers, cache: "no-store", signal: late.signal });
      const body = answer.status === 200 ? await answer.arrayBuffer() : null;
      // An edge may serve what it kept, with the date of then and how long ago that was (RFC 9111, 5.1).
      const date = Date.parse(answer.headers.get("Date")) + 1000 * Number(answer.headers.get("Age") || 0);
      return { status: answer.status, body, tag: answer.headers.get("ETag"), date };
    } finally {
      clearTimeout(timer);
    }
  };
  const text = (body) => new TextDecoder().decode(body);

  const refreshTrust = async () => {
    const kept = await get("trust"), known = kept ? kept.known : null, type = "application/jose+json";
    const { status, body, tag, date } = await ask(trustAddress, type, kept && kept.tag);
    if (status !== 200) return { date };
    let found = null;
    try {
      found = await acceptTrustList(text(body), known, new Date());
    } catch (refused) {
      if (!known || refused.message !== "trust_list.roots_not_announced") return { date, refused: refused.message };
      // Roots were replaced meanwhile: read the version after ours, which those that we know have signed.
      const next = await ask(`${trustAddress}?ver=${known.ver + 1}`, type);
      if (next.status !== 200) return { date, refused: refused.message };
      try {
        found = { ...await acceptTrustList(text(next.body), known, null), between: true };
      } catch {
        return { date, refused: refused.message };
      }
    }
    const { between, ...newer } = found;
    await put("trust", { known: newer, tag: between ? null : tag }, (one, other) => one.known.ver < other.known.ver);
    return between ? refreshTrust() : { date };
  };

  const refreshList = async (uri, trust) => {
    const key = `list ${uri}`, kept = await get(key);
    const { status, body, tag } = await ask(new URL(uri).pathname, "application/statuslist+cwt", kept && kept.tag);
    if (status !== 200) return;
    const bytes = new Uint8Array(body), found = await verifyBadge.list(bytes, trust);
    if (!found || found.uri !== uri) return;
    await put(key, { bytes, tag, iat: found.iat }, (one, other) => one.iat < other.iat);
  };
  const ours = (uri) => {
    try {
      return new URL(uri).host === host;
    } catch {
      return false;
    }
  };

  const refresh = async () => {
    const told = await refreshTrust(), kept = await get("trust");
    const index = await ask(listsAddress, "application/json");
    if (!kept || index.status !== 200) return told;
    const uris = JSON.parse(text(index.body)).status_lists.filter(ours);
    for (const uri of uris) await refreshList(uri, kept.known.trust);
    await put("lists", { uris }, () => false);
    return told;
  };

  // When the oldest of our lists was signed, in seconds; null without one.
  const age = async () => {
    const { uris = [] } = await get("lists") || {};
    const kept = await Promise.all(uris.map((uri) => get(`list ${uri}`)));
    return kept.length && kept.every(Boolean) ? Math.min(...kept.map((one) => one.iat)) : null;
  };

  return {
    refresh,
    age,
    trust: async () => (await get("trust") || { known: { trust: null } }).known.trust,
    list: async (uri) => (await get(`list ${uri}`) || { bytes: null }).bytes,
  };
};
