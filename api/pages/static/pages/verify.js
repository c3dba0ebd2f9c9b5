// The twin of verification/offline.py.
"use strict";
globalThis.verifyBadge = (() => {
  const DAY = 86400, SKEW = 300, MOST = Number.MAX_SAFE_INTEGER, LAST = 253402300799;
  const FAKE = "not_genuine", UNKNOWN = "unknown", ENDED = "not_licensed";
  const LOOKS = {
    licensed: "green_outline ring_tick genuine_as_of",
    limited: "amber triangle_mark limited_check_online",
    [UNKNOWN]: "amber triangle_mark check_online",
    [ENDED]: "red octagon_cross not_licensed_as_of",
    [FAKE]: "red octagon_cross not_genuine",
  };
  const MEANS = ["licensed valid", ENDED + " invalid", ENDED + " suspended", "limited limited"];

  const must = (...right) => { if (!right.every(Boolean)) throw Error("malformed"); };
  const isText = (shape, ...values) => values.forEach((one) => must(typeof one === "string", shape.test(one)));
  const isWhole = (most, ...values) => values.forEach((one) => must(Number.isInteger(one), one >= 0, one <= most));
  const isA = (type, ...values) => values.forEach((one) => must(one instanceof type));

  const cbor = (data, sorted) => {
    let at = 0;
    const take = (size) => (must(size <= data.length - at), data.subarray(at, at += size));
    const item = (depth) => {
      must(depth < 9);
      const [first] = take(1), major = first >> 5, size = (first & 31) - 24;
      let n = first & 31;
      if (size >= 0) {
        must(size < 4);
        n = take(1 << size).reduce((sum, byte) => sum * 256 + byte, 0);
        must(n >= [24, 256, 65536, 2 ** 32][size], n <= MOST);
      }
      if (major < 2) return major ? -1 - n : n;
      must(major < 6, n <= data.length - at);
      if (major < 3) return take(n);
      if (major < 4) return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(take(n));
      if (major < 5) return Array.from({ length: n }, () => item(depth + 1));
      const map = new Map();
      for (let before = ""; n--;) {
        const start = at, key = item(depth + 1), written = String.fromCharCode(...data.subarray(start, at));
        must(typeof key !== "object", !map.has(key), !sorted || written > before);
        map.set(key, item(depth + 1));
        before = written;
      }
      return map;
    };
    const value = item(1);
    must(at === data.length);
    return value;
  };
  const parts = (map, keys, ...optional) => {
    isA(Map, map);
    const all = [...keys, ...optional];
    const found = all.filter((key) => map.has(key)).length;
    must(found === map.size, keys.every((key) => map.has(key)));
    return all.map((key) => map.get(key));
  };

  const fromDigits = (digits) => {
    must(/^\d{1,7089}$/.test(digits));
    return Uint8Array.from(digits.match(/.{1,17}/g).flatMap((group) => {
      const size = [3, 5, 8, 10, 13, 15, 17].indexOf(group.length) + 1, n = BigInt(group);
      must(size, n < 1n << BigInt(8 * size));
      return Array.from({ length: size }, (_, place) => Number(n >> BigInt(8 * place) & 255n));
    }));
  };
  const inflate = async (data, most) => {
    const whole = async (bytes) => {
      const found = [], reader = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate")).getReader();
      for (let size = 0, part; !(part = await reader.read()).done; found.push(part.value)) {
        if ((size += part.value.length) > most) throw reader.cancel();
      }
      return new Uint8Array(await new Blob(found).arrayBuffer());
    };
    const found = await whole(data);
    must(await whole(data.slice(0, -1)).catch(() => 0) === 0); // not all see a tail
    return found;
  };

  const unseal = (data, sorted) => {
    const sealed = cbor(data.subarray(1), sorted), [head, outer, payload, signature] = sealed;
    isA(Uint8Array, head, payload, signature);
    const inner = cbor(head, sorted);
    isA(Map, inner, outer);
    const kid = inner.get(4) || outer.get(4);
    isA(Uint8Array, kid);
    must(data[0] === 210, sealed.length === 4, [-7, -9].includes(inner.get(1)), !inner.has(2), signature.length === 64);
    must([...outer.keys()].every((key) => !inner.has(key)));
    const written = (part, n = part.length, at = part.byteOffset - data.byteOffset) =>
      data.subarray(at - (n < 24 ? 1 : n < 256 ? 2 : n < 65536 ? 3 : 5), at + n);
    const context = new TextEncoder().encode("jSignature1");
    const signed = Uint8Array.from([132, ...context, ...written(head), 64, ...written(payload)]);
    const name = btoa(String.fromCharCode(...kid)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=/g, "");
    return { inner, outer, payload, signature, signed, kid: name };
  };
  const vouches = async ({ jwk }, { signed, signature }) => {
    const { subtle } = crypto, curve = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
    return subtle.verify(curve, await subtle.importKey("jwk", jwk, curve, false, ["verify"]), signature, signed);
  };
  const inUse = (key, issued) => key.nbf <= issued && issued < key.exp;
  const sound = (key) => ["active", "retired"].includes(key.state);
  const instant = (seconds) => seconds === null ? null : new Date(seconds * 1000).toISOString().replace(".000", "");

  const readBadge = async (digits) => {
    const envelope = unseal(await inflate(fromDigits(digits), 4096), true);
    parts(envelope.outer, []);
    parts(envelope.inner, [1, 4]);
    const [issuer, licence, exp, iat, status, facts] = parts(cbor(envelope.payload, true), [1, 2, 4, 6, 65535, -65537]);
    const [index, uri] = parts(parts(status, ["status_list"])[0], ["idx", "uri"]);
    const [code, name, letter, leaf, person = null, destinations = []] = parts(facts, [1, 2, 3, 4], 5, 6);
    isText(/./s, issuer, licence, uri, letter);
    isText(/^.{1,80}$/su, name, person ?? "-");
    isText(/^[A-Z]{2}[0-9A-HJKMNP-TV-Z]{11}$/, code);
    must(facts.size === 4 + (person !== null) + !!destinations.length);
    isText(/^[A-Z]{2}$/, ...destinations);
    isWhole(MOST, index, leaf, iat);
    isWhole(Math.min(LAST, iat + 731 * DAY), exp);
    must(iat < exp);
    return { envelope, uri, index, iat, exp, facts: {
      issuer, licence, code, name, class: letter, person, destinations, issued: instant(iat), expires: instant(exp), leaf,
    } };
  };
  const readStatus = async (signed) => {
    const envelope = unseal(signed, false), claims = cbor(envelope.payload, false);
    const [uri, iat, exp, ttl = 0, list] = [2, 6, 4, 65534, 65533].map((key) => claims.get(key));
    must(envelope.inner.get(16) === "application/statuslist+cwt", typeof uri === "string", list.get("bits") === 2);
    isWhole(LAST, iat, exp, ttl);
    isA(Uint8Array, list.get("lst"));
    return { envelope, uri, iat, exp, array: await inflate(list.get("lst"), 1 << 20) };
  };

  const ADDRESS =
    /^https?:\/\/([a-z\d.-]+(?::\d{1,5})?)(?:\/v\/([a-z\d-]{13,16})\/?|\/[^?#]*)(?:\?[^#]*)?(?:#([^]*))?$/i;
  const settle = (when, result, reason, badge = null) => {
    if (when) throw [result, "offline_old", [reason], badge, null];
  };
  const genuine = async (given, trust, now) => {
    settle(!trust, UNKNOWN, "trust.missing");
    settle(trust.iat > now + SKEW, UNKNOWN, "trust.not_yet");
    settle(now >= trust.exp, UNKNOWN, "trust.expired");
    let [, digits] = /^#?(\d+)$/.exec(given) || [], host, code = "";
    if (!digits) {
      [, host = "", code = "", digits] = ADDRESS.exec(given) || [];
      host = host.toLowerCase();
      settle(!trust.authorities.some(({ hosts }) => hosts.includes(host)), FAKE, "host.unknown");
      settle(!digits, UNKNOWN, "token.missing");
    }
    const badge = await readBadge(digits).catch(() => settle(1, FAKE, "token.malformed"));
    const { envelope, facts, iat } = badge, missing = now - trust.iat > 7 * DAY ? UNKNOWN : FAKE;
    const issuer = ({ id }) => id.slice(8).replace(/:/g, "/").replace(/%3A/g, ":");
    const authority = trust.authorities.find((one) => issuer(one) === facts.issuer);
    settle(!authority, missing, "issuer.unknown");
    settle(host && !authority.hosts.includes(host), FAKE, "host.unknown");
    const key = authority.keys.find(({ kid }) => kid === envelope.kid);
    settle(!key, missing, "key.unknown");
    settle(key.use !== "badge", FAKE, "key.wrong_use");
    settle(!inUse(key, iat), FAKE, "key.not_in_use");
    settle(!await vouches(key, envelope), FAKE, "token.forged");
    settle(host && code.replace(/-/g, "").toUpperCase() !== facts.code, FAKE, "code.mismatch");
    settle(!sound(key), UNKNOWN, "key.compromised");
    settle(iat > now + SKEW, UNKNOWN, "badge.not_yet", badge);
    return { ...badge, keys: authority.keys };
  };

  const vouched = async ({ envelope, iat }, keys) => {
    const key = keys.find(({ kid }) => kid === envelope.kid);
    return key?.use === "status" && sound(key) && inUse(key, iat) && await vouches(key, envelope);
  };
  const listed = async ({ uri, index, keys }, signed, now) => {
    const unknown = (reason, at = null, reach = "offline_old") => [UNKNOWN, reach, ["status." + reason], at];
    if (signed instanceof Function) signed = await signed(uri);
    if (!signed) return unknown("missing");
    const list = await readStatus(signed).catch(() => 0), { iat } = list;
    if (!list) return unknown("malformed");
    if (!await vouched(list, keys)) return unknown("not_genuine");
    if (list.uri !== uri) return unknown("other_list");
    if (now >= Math.min(list.exp, iat + 7 * DAY)) return unknown("expired", iat);
    const age = now - iat, fresh = age >= -SKEW && age <= DAY, reach = fresh ? "offline_fresh" : "offline_old";
    const four = list.array[Math.floor(index / 4)];
    if (four === undefined) return unknown("out_of_range", iat, reach);
    const [result, word] = MEANS[four >> index % 4 * 2 & 3].split(" "), reasons = ["status." + word];
    if (fresh) return [result, reach, reasons, iat];
    return [result === ENDED ? ENDED : UNKNOWN, reach, [...reasons, age < 0 ? "status.not_yet" : "status.old"], iat];
  };

  const verdict = (result, reach, reasons, badge, at) => {
    const [colour, shape, word] = LOOKS[result].split(" ");
    return { result, reach, colour, shape, word, reasons, status_at: instant(at), badge: badge && badge.facts };
  };
  const verify = async (given, trust, status, at) => {
    const now = at / 1000;
    try {
      const badge = await genuine(given, trust, now), [result, reach, reasons, signed] = await listed(badge, status, now);
      if (now < badge.exp) return verdict(result, reach, reasons, badge, signed);
      return verdict(UNKNOWN, reach, ["badge.print_old", ...reasons], badge, signed);
    } catch (settled) {
      return verdict(...settled);
    }
  };
  verify.list = async (signed, trust) => {
    const list = await readStatus(signed).catch(() => 0);
    return list && await vouched(list, trust.authorities.flatMap(({ keys }) => keys)) && list;
  };
  return verify;
})();
