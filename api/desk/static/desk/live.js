// Counts the seconds of a live code down and fetches the next one; digits that are over are never left standing.
(() => {
  "use strict";
  const box = document.getElementById("live"), gone = document.getElementById("gone");
  let until = 0, fetching = false;

  const begin = () => {
    const one = box.querySelector("[data-left]");
    until = one ? Date.now() + 1000 * Number(one.dataset.left) : 0;
  };

  const next = async () => {
    fetching = true;
    try {
      const answer = await fetch(location.pathname, { cache: "no-store" });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.getElementById("live");
      if (!answer.ok || !fresh) throw new Error("no digits");
      box.replaceChildren(...fresh.children);
      begin();
    } catch {
      until = 0;
      box.replaceChildren();
      gone.hidden = false;
    }
    fetching = false;
  };

  const tick = () => {
    if (!until || fetching) return;
    const left = Math.ceil((until - Date.now()) / 1000);
    if (left <= 0) { next(); return; }
    for (const count of box.querySelectorAll("[data-count]")) count.textContent = left;
    for (const bar of box.querySelectorAll("progress")) bar.value = left;
  };

  begin();
  setInterval(tick, 500);
  document.addEventListener("visibilitychange", tick);
})();
