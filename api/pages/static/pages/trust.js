// The twin of verification/trust_list.py: a signed list of trust as text, the one known before it (or null), a Date
// (or null for one that is only read on the way to a newer one).
// Answers what it says, or throws an Error with the code of the refusal. Who knows none yet believes the first that
// two roots have signed, for it comes from the host that this script came from; from then on only announced roots count.
"use strict";
globalThis.acceptTrustList = (() => {
  const DAY = 86400, SKEW = 300;
  const USES = ["badge", "status", "vc", "receipt"];
  const DIGEST = /^[\da-f]{64}$/, HOST = /^[a-z\d]([a-z\d.-]{0,251}[a-z\d])?(:\d{1,5})?$/;

  const refuse = (when, code) => { if (when) throw Error(code); };
  const must = (...right) => refuse(!right.every(Boolean), "malformed");
  const isText = (...values) => values.forEach((one) => must(typeof one === "string"));
  const isWhole = (...values) => values.forEach((one) => must(Number.isInteger(one)));
  const isMap = (one) => must(one && typeof one === "object" && !Array.isArray(one));

  const utf8 = (text) => new TextEncoder().encode(text);
  const base64url = (data) =>
    btoa(String.fromCharCode(...data)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=/g, "");
  const unbase64url = (text) => {
    isText(text);
    must(/^[\w-]*$/.test(text), text.length % 4 !== 1);
    const data = Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (one) => one.charCodeAt(0));
    const last = Math.floor((text.length - 1) / 4);
    must(text.slice(last * 4) === base64url(data.subarray(last * 3)));
    return data;
  };
  const readJson = (data) => {
    const found = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(data));
    isMap(found);
    return found;
  };
  const digest = async (data) => new Uint8Array(await crypto.subtle.digest("SHA-256", data));
  const hex = (data) => Array.from(data, (one) => one.toString(16).padStart(2, "0")).join("");

  const thumbprint = async (jwk) => {
    isMap(jwk);
    must(jwk.kty === "EC", jwk.crv === "P-256", !("d" in jwk));
    for (const part of [jwk.x, jwk.y]) must(unbase64url(part).length === 32);
    return digest(utf8(JSON.stringify({ crv: jwk.crv, kty: jwk.kty, x: jwk.x, y: jwk.y })));
  };
  const vouches = async (jwk, signed, signature) => {
    const curve = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" }, { kty, crv, x, y } = jwk;
    const key = await crypto.subtle.importKey("jwk", { kty, crv, x, y }, curve, false, ["verify"]).catch(() => null);
    return !!key && crypto.subtle.verify(curve, key, signature, signed);
  };

  const part = (text) => {
    isText(text);
    must(utf8(text).length <= 1 << 20);
    const { payload, signatures, ...rest } = readJson(utf8(text));
    must(Array.isArray(signatures), signatures.length >= 1, signatures.length <= 16, !Object.keys(rest).length);
    const data = unbase64url(payload);
    return { data, signed: signatures.map((one) => {
      isMap(one);
      const { protected: head, signature: written, ...more } = one;
      const stated = readJson(unbase64url(head)), signature = unbase64url(written);
      must(!Object.keys(more).length, stated.alg === "ES256", !("crit" in stated), stated.typ === "trust-list+jwt");
      isText(stated.kid);
      must(signature.length === 64);
      return { ...stated, signature, over: utf8(`${head}.${payload}`) };
    }) };
  };
  const vouching = async (signed, roots) => {
    const found = new Set();
    for (const { kid, jwk, signature, over } of signed) {
      if (roots && !roots.includes(kid)) continue;
      must(base64url(await thumbprint(jwk)) === kid);
      refuse(!await vouches(jwk, over, signature), "trust_list.false_signature");
      found.add(kid);
    }
    return found.size;
  };

  const readKey = async (key) => {
    isMap(key);
    isText(key.kid, key.use, key.state);
    isWhole(key.nbf, key.exp);
    if ("cutoff" in key) isWhole(key.cutoff);
    if (USES.includes(key.use)) must(base64url((await thumbprint(key.jwk)).subarray(0, 8)) === key.kid);
    return key.kid;
  };
  const readPayload = async (data) => {
    const stated = readJson(data), { iss, ver, prev, iat, exp, next_roots: roots, authorities } = stated;
    isText(iss, prev);
    isWhole(ver, iat, exp);
    must(ver > 0, exp > iat, exp - iat <= 30 * DAY, DIGEST.test(prev), (ver === 1) === !/[^0]/.test(prev));
    must(Array.isArray(roots), roots.length === 3, new Set(roots).size === 3, Array.isArray(authorities));
    for (const root of roots) must(unbase64url(root).length === 32);
    const names = new Set();
    for (const authority of authorities) {
      isMap(authority);
      isText(authority.id);
      must(/^did:web:[\x00-\x7f]*$/.test(authority.id), Array.isArray(authority.hosts), Array.isArray(authority.keys));
      for (const host of authority.hosts) must(typeof host === "string", HOST.test(host));
      const kids = [];
      for (const key of authority.keys) kids.push(await readKey(key));
      must(new Set(kids).size === kids.length, !names.has(authority.id));
      names.add(authority.id);
    }
    return { ver, iat, exp, prev, roots, digest: hex(await digest(data)), trust: { iat, exp, authorities } };
  };

  return async (text, known, at) => {
    try {
      const { data, signed } = part(text);
      if (!known) refuse(await vouching(signed, null) < 2, "trust_list.too_few_roots");
      const found = await readPayload(data);
      if (known) {
        refuse(found.ver < known.ver, "trust_list.rolled_back");
        refuse(found.ver === known.ver && found.digest !== known.digest, "trust_list.forked");
        const newer = found.ver > known.ver;
        refuse(newer && await vouching(signed, known.roots) < 2, "trust_list.roots_not_announced");
        refuse(found.ver === known.ver + 1 && found.prev !== known.digest, "trust_list.forked");
        refuse(found.iat < known.iat, "trust_list.rolled_back");
      }
      const now = at / 1000;
      refuse(at && found.iat > now + SKEW, "trust_list.not_yet");
      refuse(at && now >= found.exp, "trust_list.expired");
      return found;
    } catch (refused) {
      throw Error(/^trust_list\./.test(refused.message) ? refused.message : "malformed");
    }
  };
})();
