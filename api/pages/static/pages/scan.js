// The scanner: a picture from the camera or a photo -> a code -> the register's answer online, the verifier's without.
"use strict";
(() => {
  const told = JSON.parse(document.getElementById("told").textContent), { says } = told;
  const by = (id) => document.getElementById(id);
  const lang = document.documentElement.lang, query = new URLSearchParams(location.search).get("lang");
  const suffix = query ? `?lang=${lang}` : "";
  // At another address than its own this page stands in for one that could not be reached: it leads nowhere by itself.
  const standsIn = location.pathname !== told.shell;
  const lists = keepLists(told);
  const made = (tag, text, marks = {}) => Object.assign(document.createElement(tag), { textContent: text }, marks);
  const filled = (text, facts) => text.replace(/%\((\w+)\)s/g, (_, name) => facts[name] ?? "");

  // How old what this phone knows is.

  const DAY = 86_400_000, SKEW = 300_000;
  const when = (seconds) => {
    const then = new Date(seconds * 1000), start = (date) => new Date(date).setHours(0, 0, 0, 0);
    const days = Math.round((start(then) - start(Date.now())) / DAY);
    const time = then.toLocaleTimeString(told.locale, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
    const near = new Intl.RelativeTimeFormat(told.locale, { numeric: "auto" });
    const day = days > 0 || days < -1 ? then.toLocaleDateString(told.locale, { dateStyle: "long" }) : near.format(days, "day");
    return `${day}, ${time}`;
  };
  let trouble = "";
  const showAge = async () => {
    const at = await lists.age(), parts = at ? [filled(says.list, { when: when(at) })] : [says.no_list];
    if (at && Math.abs(Date.now() - at * 1000) > DAY) parts.push(says.old_list);
    if (trouble) parts.push(trouble);
    by("age").replaceChildren(...parts.map((part, place) => made(place ? "b" : "span", `${part} `)));
    by("known").hidden = false;
  };
  const refresh = async () => {
    if (!navigator.onLine) return showAge();
    try {
      const { date, refused } = await lists.refresh();
      const wrong = Math.abs(Date.now() - date) > SKEW;
      trouble = wrong ? says.clock : refused ? says.refused : "";
    } catch {
      // Nobody answers: what we have is as old as it is, and the line says so.
    }
    return showAge();
  };

  // The answer.

  // To go where we are already would only look for a place on this page; asking again is meant.
  const asked = (event) => {
    const { origin, pathname } = event.currentTarget;
    if (origin !== location.origin || pathname !== location.pathname) return;
    event.preventDefault();
    location.reload();
  };
  const show = (look, { word, who, sentences, checked, facts = [], steps = [], link } = {}) => {
    const box = document.querySelector(`template[data-look="${look}"]`).content.cloneNode(true).firstElementChild;
    const line = (text, name) => box.append(made("p", text, { className: name }));
    if (word) box.querySelector(".word").textContent = word;
    if (who) box.append(made("p", "", { className: "who" })), box.lastChild.append(made("bdi", who));
    for (const sentence of sentences) line(sentence, "");
    if (checked) line(checked, "checked");
    const parts = [box];
    if (link) {
      const onward = made("a", link.text, { className: "act", href: link.href, rel: "noreferrer" });
      onward.addEventListener("click", asked);
      parts.push(onward);
    }
    if (steps.length) {
      const section = made("section", ""), list = made("ul", "", { className: look.startsWith("licensed") ? "" : "urgent" });
      list.append(...steps.map((step) => made("li", step)));
      section.append(made("h2", says.steps), list);
      parts.push(section);
    }
    if (facts.length) {
      const section = made("section", ""), table = made("dl", "");
      for (const [name, value] of facts) {
        table.append(made("dt", name), made("dd", ""));
        table.lastChild.append(made("bdi", value));
      }
      section.append(made("h2", says.compare), table);
      parts.push(section);
    }
    by("answer").replaceChildren(...parts);
    by("answer").hidden = false;
    by("answer").focus({ preventScroll: true });
    scrollTo(0, 0);
  };

  // The parts of an address of a badge, or nulls. Only what stands here is ever put into an address that we open.
  const parted = (text) => {
    const nowhere = { host: null, code: null, digits: null };
    try {
      const { protocol, host, username, password, pathname, hash } = new URL(text);
      if (!/^https?:$/.test(protocol)) return nowhere;
      if (username || password) return { ...nowhere, host };
      const [, code = null] = /^\/v\/([a-z\d-]{13,16})\/?$/i.exec(pathname) || [];
      const [, digits = null] = /^#(\d+)$/.exec(hash) || [];
      return { host, code, digits };
    } catch {
      return nowhere;
    }
  };
  const answered = (code, digits) => `/v/${code}${suffix}${digits ? `#${digits}` : ""}`;

  const explain = ({ result, reach, reasons, badge, status_at: at }, { host, code, digits }) => {
    const facts = { when: at ? when(Date.parse(at) / 1000) : "", host };
    const doubtful = result === "unknown" ? told.doubtful : {};
    const [first] = reasons, elsewhere = first === "host.unknown";
    const serious = reasons.filter((reason) => reasons.length < 2 || !told.favourable.includes(reason));
    const away = elsewhere && host && host !== told.host;
    const sentences = elsewhere && !away ? [says.no_badge]
      : serious.map((reason) => filled(doubtful[reason] || told.because[reason], facts));
    const ours = host === told.host || (!host && badge);
    const online = { href: answered(code || badge?.code, digits), text: says.online };
    // Another register's page, only where the verifier found its host in the list of trust.
    const known = badge || first === "token.missing";
    const other = host && code && known && { href: `https://${host}/v/${code}`, text: filled(says.other_host, { host }) };
    // It is good to the end of a day: the last second of it, not the first of the next.
    const day = badge && new Date(Date.parse(badge.expires) - 1000).toLocaleDateString(told.locale, { dateStyle: "long" });
    show(`${result} ${reach}`, {
      word: away ? says.elsewhere : "",
      who: badge && [badge.person, badge.name].filter(Boolean).join(" · "),
      sentences: [...new Set(sentences)],
      checked: at && !sentences.some((one) => one.includes(facts.when)) && filled(says.list, facts),
      steps: told.steps[result],
      link: result === "not_genuine" ? null : ours && (code || badge) ? online : other || null,
      facts: badge ? [
        [says.name, badge.name],
        ...(badge.person ? [[says.person, badge.person]] : []),
        [says.licence, badge.licence],
        [says.until, day],
      ] : [],
    });
    showAge();
  };

  // What the verifier needs of a browser; without it a good badge would look like a false one.
  const able = "DecompressionStream" in globalThis && !!globalThis.crypto?.subtle;
  const verified = async (text, { host }) => {
    const trust = await lists.trust(), verdict = await verifyBadge(text, trust, lists.list, new Date());
    // Where the list of trust is missing or too old to be asked, a site that it never named is a stranger's all the same.
    const named = host === told.host || (trust && trust.authorities.some((one) => one.hosts.includes(host)));
    const stranger = verdict.reasons[0].startsWith("trust.") && !named && !/^#?\d+$/.test(text);
    return stranger ? { ...verdict, result: "not_genuine", reasons: ["host.unknown"] } : verdict;
  };
  const judge = async (text) => {
    close();
    by("open").textContent = says.again;
    const parts = parted(text), ours = parts.host === told.host;
    const verdict = able ? await verified(text, parts) : { result: "unknown", badge: null };
    const code = ours ? parts.code : parts.host ? null : verdict.badge?.code;
    const digits = parts.host ? parts.digits : /^#?(\d+)$/.exec(text)?.[1];
    if (verdict.result !== "not_genuine" && code && navigator.onLine && !standsIn) {
      location.assign(answered(code, digits));
    } else if (able) {
      explain(verdict, { ...parts, digits });
    } else {
      show("nothing", { sentences: [says.too_old, says.nothing], steps: told.steps.unknown });
    }
  };

  // The camera and the photo.

  const canvas = document.createElement("canvas"), pen = canvas.getContext("2d", { willReadFrequently: true });
  const LARGEST = 1280;
  // A picture as grey values, at most so large; each attempt sees it otherwise: as it is, turned, and with more contrast.
  const seen = (source, width, height, attempt, largest) => {
    const scale = Math.min(1, largest / Math.max(width, height));
    [canvas.width, canvas.height] = [Math.round(width * scale), Math.round(height * scale)];
    pen.fillStyle = "#999";
    pen.fillRect(0, 0, canvas.width, canvas.height);
    if (attempt % 3 === 1) {
      pen.translate(canvas.width / 2, canvas.height / 2);
      pen.rotate(25 * Math.PI / 180);
      pen.translate(-canvas.width / 2, -canvas.height / 2);
    }
    pen.drawImage(source, 0, 0, canvas.width, canvas.height);
    const picture = pen.getImageData(0, 0, canvas.width, canvas.height);
    return attempt % 3 === 2 ? stretched(picture) : picture;
  };
  const stretched = (picture) => {
    const { data } = picture, counts = new Uint32Array(256), few = data.length / 400;
    for (let at = 1; at < data.length; at += 4) counts[data[at]]++;
    let low = 0, high = 255;
    for (let sum = 0; low < 255 && (sum += counts[low]) < few;) low++;
    for (let sum = 0; high > 0 && (sum += counts[high]) < few;) high--;
    const by_ = 255 / Math.max(1, high - low);
    for (let at = 0; at < data.length; at += 4) data[at] = data[at + 1] = data[at + 2] = (data[at + 1] - low) * by_;
    return picture;
  };

  let native = null, loading = null;
  const ready = async () => {
    if (native || globalThis.decodeQR) return;
    if ("BarcodeDetector" in globalThis) {
      const formats = await BarcodeDetector.getSupportedFormats().catch(() => []);
      if (formats.includes("qr_code")) {
        native = new BarcodeDetector({ formats: ["qr_code"] });
        return;
      }
    }
    loading ??= new Promise((resolve, reject) => {
      const script = made("script", "", { src: told.reader, onload: resolve, onerror: reject });
      document.head.append(script);
    });
    await loading.catch((problem) => {
      loading = null;
      throw problem;
    });
  };
  const read = async (source, width, height, attempt, largest = LARGEST) => {
    if (native) {
      // Of a small and a large code side by side the large one says more.
      const found = (await native.detect(source).catch(() => [])).map((one) => one.rawValue);
      return found.reduce((longest, one) => one.length > longest.length ? one : longest, "");
    }
    try {
      return decodeQR(seen(source, width, height, attempt, largest));
    } catch {
      return "";
    }
  };

  let stream = null;
  const say = (text) => {
    by("say").textContent = text;
    by("say").hidden = !text;
  };
  const close = () => {
    if (stream) for (const track of stream.getTracks()) track.stop();
    stream = null;
    by("frame").hidden = true;
    by("open").hidden = false;
    say("");
  };
  const look = async (mine, attempt = 0) => {
    if (stream !== mine) return;
    const { videoWidth: width, videoHeight: height, readyState } = by("view");
    const text = readyState >= 2 && width ? await read(by("view"), width, height, attempt) : "";
    if (stream !== mine) return;
    if (text) return judge(text);
    if (attempt === 60) say(says.slow);
    setTimeout(look, 80, mine, attempt + 1);
  };
  const open = async () => {
    by("answer").hidden = true;
    try {
      await ready();
    } catch {
      say(says.no_reader);
      return;
    }
    try {
      const ideal = { facingMode: "environment", width: { ideal: 1280 }, height: { ideal: 720 } };
      stream = await navigator.mediaDevices.getUserMedia({ video: ideal });
      by("view").srcObject = stream;
      by("frame").hidden = false;
      by("open").hidden = true;
      say(says.aim);
      await by("view").play();
      look(stream);
    } catch {
      close();
      say(says.no_camera);
    }
  };
  const photographed = async () => {
    const [file] = by("photo").files;
    by("photo").value = "";
    if (!file) return;
    close();
    try {
      await ready();
      const picture = await createImageBitmap(file), { width, height } = picture;
      for (const largest of [LARGEST, 2 * LARGEST, LARGEST / 2]) {
        for (let attempt = 0; attempt < 3; attempt++) {
          const text = await read(picture, width, height, attempt, largest);
          if (text) return judge(text);
        }
      }
      say(says.no_code);
    } catch {
      say(globalThis.decodeQR || native ? says.no_code : says.no_reader);
    }
  };

  // The beginning.

  by("scanner").hidden = false;
  by("open").addEventListener("click", open);
  by("photo").addEventListener("change", photographed);
  addEventListener("online", refresh);
  addEventListener("pagehide", close);
  document.addEventListener("visibilitychange", () => document.hidden ? close() : refresh());
  setInterval(() => document.hidden || refresh(), 300_000);
  if (standsIn && /^\/v\//.test(location.pathname) && /^#\d+$/.test(location.hash)) judge(location.href);
  else if (standsIn) {
    const link = { href: location.href, text: says.retry };
    show("nothing", { sentences: [says.offline, says.nothing], steps: told.steps.unknown, link });
  }
  showAge().then(refresh);
  if ("serviceWorker" in navigator) {
    navigator.serviceWorker.register("/worker.js", { updateViaCache: "none" })
      .then(() => navigator.serviceWorker.ready)
      .then(({ periodicSync }) => periodicSync?.register("lists", { minInterval: 12 * 3_600_000 }))
      .catch(() => null);
  }
})();
