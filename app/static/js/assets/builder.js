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

const form = document.querySelector("[data-builder]");
if (form) start(form);
