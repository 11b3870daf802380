// The page works without this file. It fits the frame to the e-mail's height and says when messages came.
"use strict";

for (const frame of document.querySelectorAll("iframe.mail")) {
  const fit = () => {
    const page = frame.contentDocument && frame.contentDocument.documentElement;
    // A document is never lower than its frame: measured from nothing, it says its own height.
    frame.style.height = "0";
    if (page) frame.style.height = `${Math.max(page.scrollHeight, 120) + 2}px`;
  };
  frame.addEventListener("load", fit);
  addEventListener("resize", fit);
  if (frame.contentDocument && frame.contentDocument.readyState === "complete") fit();
}

const fresh = document.querySelector(".fresh");
if (fresh) {
  const known = Number(document.body.dataset.latest);
  const look = async () => {
    try {
      const counts = await (await fetch("/api/counts")).json();
      fresh.hidden = counts.latest <= known;
    } catch {
      // The sandbox is stopped or restarting: ask again next time.
    }
    setTimeout(look, document.hidden ? 15000 : 3000);
  };
  setTimeout(look, 3000);
}

document.addEventListener("keydown", (event) => {
  if (event.target.matches("input, select, textarea") || event.ctrlKey || event.metaKey || event.altKey) return;
  const links = [...document.querySelectorAll(".items a.item")];
  const here = links.findIndex((link) => link === document.activeElement || link.hasAttribute("aria-current"));
  if (event.key === "j" && links[here + 1]) links[here + 1].click();
  else if (event.key === "k" && here > 0) links[here - 1].click();
  else if (event.key === "/") {
    event.preventDefault();
    document.querySelector("input[type=search]").focus();
  }
});
