// What the desk does more with a script: keys, passkeys, and a button that can not be pressed twice. All else works without.
"use strict";

// --- keys: an element with data-keys="g w" is opened by pressing g, then w; "/" goes to the search field, j and k through the rows
const pressed = [];
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select, [contenteditable]")) return;
  if (event.key === "/") {
    const field = document.querySelector("input[type=search]");
    if (field) { event.preventDefault(); field.focus(); }
    return;
  }
  if (event.key === "j" || event.key === "k") { step(event.key === "j" ? 1 : -1); return; }
  pressed.push(event.key);
  if (pressed.length > 2) pressed.shift();
  const found = [...document.querySelectorAll("[data-keys]")].find(
    (one) => one.dataset.keys === event.key || one.dataset.keys === pressed.join(" "));
  if (found) { event.preventDefault(); pressed.length = 0; found.tagName === "A" ? found.click() : found.focus(); }
});

// j and k move through the rows of the page's lists, from link to link; Enter opens the one that has the focus
function step(by) {
  const links = [...document.querySelectorAll("main tbody tr")].map((row) => row.querySelector("a")).filter(Boolean);
  const here = links.findIndex((link) => link.closest("tr").contains(document.activeElement));
  links[here < 0 && by < 0 ? links.length - 1 : Math.min(Math.max(here + by, 0), links.length - 1)]?.focus();
}

// --- drafts: what was typed is kept on the server every few seconds, until the form is sent; never codes. A form
// without drafts asks whether the server is there: one that it does not reach is not sent, and its page stays
const root = document.body.dataset;
const guards = new WeakMap();
function guard(form) {
  const says = form.querySelector("[data-kept]");
  let typed = false, keeping = null, since = 0, lost = false;
  const keep = async () => {
    typed = false;
    since = performance.now();
    try {
      const answer = await (says ? draft(form) : fetch(root.alive, { cache: "no-store" }));
      if (!answer.ok) throw new Error(answer.status);
      if (says) says.textContent = `${says.dataset.kept} ${new Date().toLocaleTimeString(document.documentElement.lang, { hourCycle: "h23", hour: "2-digit", minute: "2-digit" })}`;
      lost = false;
    } catch {
      if (says) says.textContent = says.dataset.lost;
      typed = lost = true;
    }
    keeping = null;
  };
  const kept = () => (typed && !form.dataset.sent ? keeping ??= keep() : keeping);
  form.addEventListener("input", (event) => { if (event.target.name !== "code") typed = true; });
  form.addEventListener("change", kept);
  if (says) { for (const now of ["pagehide", "online"]) addEventListener(now, kept); setInterval(kept, 5000); }
  guards.set(form, {
    doubtful: () => lost || !navigator.onLine || (keeping && performance.now() - since > 250),
    reached: async () => { typed = true; await (keeping ?? keep()); return !lost; },
  });
}
function draft(form) {
  const body = new FormData(form);
  body.delete("code");
  body.append("keep", "keep");
  return fetch(location.pathname, {
    method: "POST", credentials: "same-origin", redirect: "manual", keepalive: true,
    headers: { "X-Draft": "1" }, body: new URLSearchParams([...body].filter(([, one]) => typeof one === "string")),
  });
}
function stay(form) {
  const notice = form.querySelector("[data-unsent]") ?? form.insertBefore(document.createElement("p"), form.firstChild);
  notice.dataset.unsent = "";
  notice.className = "notice stop";
  notice.setAttribute("role", "alert");
  notice.tabIndex = -1;
  notice.textContent = root.unreached;
  notice.focus();
}
for (const form of document.querySelectorAll("form[data-once]")) if (form.querySelector("[data-kept]") || root.alive) guard(form);

// --- Enter presses a form's own first button: the one at the head of the page stands in for it without a script
document.querySelector(".tongues button.hidden")?.addEventListener("click", (event) => {
  const own = event.target.form?.querySelector("button:not([type=button])");
  if (own) { event.preventDefault(); own.click(); }
});

// --- a form is sent once
document.addEventListener("submit", async (event) => {
  const form = event.target.closest("form[data-once]");
  if (!form) return;
  if (form.dataset.sent) { event.preventDefault(); return; }
  if (guards.get(form)?.doubtful()) {
    event.preventDefault();
    if (await guards.get(form).reached()) form.requestSubmit(event.submitter); else stay(form);
    return;
  }
  form.dataset.sent = "1";
  for (const button of form.querySelectorAll("button:not([type=button])")) button.setAttribute("aria-disabled", "true");
});
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  document.querySelector(".notice[role=alert]")?.focus();
});

// --- passkeys (WebAuthn): the options come from the desk, the answer goes back to it
function token() {
  return document.querySelector("input[name=csrfmiddlewaretoken]").value;
}

async function post(address, body) {
  const answer = await fetch(address, {
    method: "POST", credentials: "same-origin",
    headers: { "X-CSRFToken": token(), "Content-Type": "application/json" }, body: JSON.stringify(body),
  });
  const told = await answer.json();
  if (!answer.ok) throw new Error(told.wrong);
  return told;
}

async function prove(button) {
  const options = await post(button.dataset.options, { purpose: button.dataset.passkey });
  const adding = button.dataset.passkey === "add";
  const key = options.publicKey;
  const credential = adding
    ? await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(key) })
    : await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(key) });
  const name = button.form?.elements.name?.value ?? document.getElementById("passkey-name")?.value ?? "";
  return post(button.dataset.to, { credential: credential.toJSON(), name, next: button.dataset.next ?? "" });
}

if (window.PublicKeyCredential?.parseRequestOptionsFromJSON) {
  for (const place of document.querySelectorAll(".passkey")) place.hidden = false;
  for (const button of document.querySelectorAll("button[data-passkey]")) {
    button.addEventListener("click", async () => {
      const says = button.parentElement.querySelector("[role=status]");
      button.disabled = true;
      says.textContent = "";
      try {
        const told = await prove(button);
        if (told.go) { location.assign(told.go); return; }
        const code = button.closest("form").elements.code;
        if (code) { code.required = false; code.closest(".field").hidden = true; }
        button.textContent = told.done;
      } catch (error) {
        says.textContent = error instanceof DOMException ? button.dataset.stopped ?? "–" : error.message;
        button.disabled = false;
      }
    });
  }
}
