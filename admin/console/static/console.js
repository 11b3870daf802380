// Keys for whoever works by keyboard. Every page works without this file.
(() => {
  "use strict";
  const at = document.body.dataset;
  const pages = { t: at.today, a: at.approvals, k: at.tasks, c: at.cases };
  let before = "";
  const typing = (node) => node.isContentEditable || /^(input|select|textarea)$/i.test(node.tagName);

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    const key = event.key;
    if (key === "/") {
      const search = document.getElementById("q");
      if (search) { event.preventDefault(); search.focus(); }
    } else if (key === "?") {
      const list = document.getElementById("keys");
      if (list && !list.open) list.showModal();
    } else if (before === "g" && pages[key]) {
      location.assign(pages[key]);
    }
    before = key === "g" ? "g" : "";
  });

  // A table wider than its card is reached and moved by the keyboard, too.
  const boxes = () => {
    for (const box of document.querySelectorAll(".scroll")) {
      if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
      else box.removeAttribute("tabindex");
    }
  };
  boxes();
  window.addEventListener("resize", boxes);
  // A chosen file replaces the text it is for; where no script runs, it is pasted.
  for (const label of document.querySelectorAll("[data-file]")) {
    label.hidden = false;
    label.addEventListener("change", async (event) => {
      const file = event.target.files[0];
      if (file && file.size < 500000) document.getElementById(label.dataset.file).value = await file.text();
    });
  }

  // One press, one request: what was sent once is not sent again while it is under way.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "1";
  });
  // What goes on behind a page is looked at again until it has ended; without this, its link does so.
  const follow = async () => {
    const part = document.querySelector("[data-follow]");
    if (!part) return;
    try {
      const answer = await fetch(part.dataset.follow, { headers: { Accept: "text/html" } });
      const fresh = answer.ok && new DOMParser().parseFromString(await answer.text(), "text/html").getElementById(part.id);
      if (fresh && fresh.innerHTML !== part.innerHTML) part.replaceChildren(...fresh.childNodes);
      // Its end is another page, at the same address.
      if (answer.ok && !fresh && part.dataset.then) { location.reload(); return; }
      if (fresh && !fresh.dataset.follow) { delete part.dataset.follow; return; }
    } catch { /* it is asked again */ }
    setTimeout(follow, 3000);
  };
  if (document.querySelector("[data-follow]")) setTimeout(follow, 2000);

  window.addEventListener("pageshow", () => {
    for (const form of document.forms) delete form.dataset.sent;
  });
})();
