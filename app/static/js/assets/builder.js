/* The filter builder: lines that ask once they are complete, and the filter as JSON. */
import { isEmpty, startLines } from "./lines.js";

function isAlone(line) {
  return "alone" in line.querySelector('[name="op"]').selectedOptions[0].dataset;
}

function isComplete(line) {
  const value = (name) => line.querySelector(`[name="${name}"]`).value.trim();
  return Boolean(value("field") && (value("value") || isAlone(line)));
}

function show(line) {
  line.classList.toggle("is-alone", isAlone(line));
}

/** What was opened stays open, and the filter says whether it is understood, when results are put in place. */
function keepWhatIsOpen() {
  let wasOpen = false;
  document.addEventListener("htmx:beforeSwap", () => {
    wasOpen = document.querySelector(".as-curl")?.open ?? wasOpen;
  });
  document.addEventListener("htmx:afterSettle", () => {
    const curl = document.querySelector(".as-curl");
    if (curl && wasOpen) curl.open = true;
    const raw = document.querySelector("#raw-filter");
    if (document.querySelector("#filter-problem p")) raw?.setAttribute("aria-invalid", "true");
    else raw?.removeAttribute("aria-invalid");
  });
}

function start(form) {
  const list = form.querySelector("[data-lines]");
  const ask = () => form.requestSubmit();
  startLines(form, { onRemove: ask });
  list.querySelectorAll("[data-line]").forEach(show);
  list.addEventListener("line-changed", (event) => show(event.target));
  list.addEventListener("change", (event) => {
    const line = event.target.closest("[data-line]");
    show(line);
    // a line that is half typed asks nothing yet
    if (!isComplete(line) && !isEmpty(line)) event.stopPropagation();
  });
  form.addEventListener("htmx:configRequest", (event) => {
    const { formData } = event.detail;
    for (const name of ["field", "op", "value"]) formData.delete(name);
    for (const line of list.querySelectorAll("[data-line]")) {
      if (!isComplete(line)) continue;
      for (const name of ["field", "op", "value"]) formData.append(name, line.querySelector(`[name="${name}"]`).value);
    }
  });
}

function begin() {
  const form = document.querySelector("[data-builder]");
  if (form) start(form);
}

begin();
keepWhatIsOpen();
document.addEventListener("htmx:historyRestore", begin);
