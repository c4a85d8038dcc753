/* The filter builder: lines that ask once they are complete, and the filter as JSON. */
import { isEmpty, startLines } from "./lines.js";

function isAlone(line) {
  return "alone" in line.querySelector('[name="op"]').selectedOptions[0].dataset;
}

function isFilled(line, name) {
  return Boolean(line.querySelector(`[name="${name}"]`).value.trim());
}

/** A field without its value yet: nothing is asked by it until somebody says so. */
function isHalfTyped(line) {
  return isFilled(line, "field") && !isFilled(line, "value") && !isAlone(line);
}

/** Mark the lines of which a problem is told; `sent` are those that were asked, in their order. */
function markProblems(list, sent) {
  for (const field of list.querySelectorAll("[aria-invalid]")) {
    field.removeAttribute("aria-invalid");
    field.removeAttribute("aria-describedby");
  }
  for (const problem of document.querySelectorAll("#rows-problem [data-place]")) {
    for (const field of sent[problem.dataset.place]?.querySelectorAll("input") ?? []) {
      field.setAttribute("aria-invalid", "true");
      field.setAttribute("aria-describedby", "rows-problem");
    }
  }
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
    document.querySelector("[data-builder]")?.dispatchEvent(new Event("asset-answer"));
    const raw = document.querySelector("#raw-filter");
    if (document.querySelector("#filter-problem p")) raw?.setAttribute("aria-invalid", "true");
    else raw?.removeAttribute("aria-invalid");
  });
}

function start(form) {
  const list = form.querySelector("[data-lines]");
  const ask = () => form.requestSubmit();
  startLines(form, { onRemove: ask });
  let sent = [...list.querySelectorAll("[data-line]")].filter((line) => !isEmpty(line));
  list.querySelectorAll("[data-line]").forEach(show);
  list.addEventListener("line-changed", (event) => show(event.target));
  list.addEventListener("change", (event) => {
    const line = event.target.closest("[data-line]");
    show(line);
    // a line that is half typed asks nothing yet
    if (isHalfTyped(line)) event.stopPropagation();
  });
  form.addEventListener("htmx:configRequest", (event) => {
    const { formData, triggeringEvent } = event.detail;
    const isWished = triggeringEvent?.type === "submit";
    for (const name of ["field", "op", "value"]) formData.delete(name);
    sent = [...list.querySelectorAll("[data-line]")].filter((line) => !isEmpty(line) && (isWished || !isHalfTyped(line)));
    for (const line of sent) {
      for (const name of ["field", "op", "value"]) formData.append(name, line.querySelector(`[name="${name}"]`).value);
    }
  });
  form.addEventListener("asset-answer", () => markProblems(list, sent));
}

function begin() {
  const form = document.querySelector("[data-builder]");
  if (form) start(form);
}

begin();
keepWhatIsOpen();
document.addEventListener("htmx:historyRestore", begin);
