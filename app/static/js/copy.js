/* Buttons that copy the text in their `data-copy`. */
import { redraw } from "./icons.js";

const SHOWN_MS = 1500;

/** Put a text on the clipboard, also where the page is not served over https. */
async function put(text) {
  if (navigator.clipboard && window.isSecureContext) {
    await navigator.clipboard.writeText(text);
    return;
  }
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "unseen";
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}

async function copy(button) {
  const svg = button.querySelector("svg");
  const label = button.getAttribute("aria-label");
  try {
    await put(button.dataset.copy);
    redraw(svg, "check");
    button.dataset.done = "";
    button.setAttribute("aria-label", "Copied");
  } catch {
    redraw(svg, "x");
    button.setAttribute("aria-label", "The browser does not allow it: mark the text and copy it");
  }
  setTimeout(() => {
    redraw(svg, "copy");
    delete button.dataset.done;
    button.setAttribute("aria-label", label);
  }, SHOWN_MS);
}

export function startCopying() {
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-copy]");
    if (button) copy(button);
  });
}
