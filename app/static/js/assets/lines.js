/* Lines of fields to which one adds and from which one takes away. */

/** A line in which nothing is typed. */
export function isEmpty(line) {
  return [...line.querySelectorAll("input")].every((field) => !field.value.trim());
}

function clear(line) {
  for (const field of line.querySelectorAll("input")) field.value = "";
  for (const field of line.querySelectorAll("select")) field.selectedIndex = 0;
  line.dispatchEvent(new Event("line-changed", { bubbles: true }));
}

/** Bring the lines in `box` to life; `spare` empty ones are kept, `onRemove` is told of one that went. */
export function startLines(box, { spare = 1, onRemove = () => {} } = {}) {
  const list = box.querySelector("[data-lines]");
  const lines = () => [...list.querySelectorAll("[data-line]")];

  const add = () => {
    const line = lines().at(-1).cloneNode(true);
    clear(line);
    list.append(line);
    return line;
  };
  for (const line of lines().filter(isEmpty).slice(spare)) line.remove();

  box.querySelector("[data-add]").addEventListener("click", () => add().querySelector("input").focus());
  list.addEventListener("click", (event) => {
    const button = event.target.closest("[data-remove]");
    if (!button) return;
    const line = button.closest("[data-line]");
    const wasEmpty = isEmpty(line);
    const next = line.nextElementSibling ?? line.previousElementSibling;
    if (next) line.remove();
    else clear(line);
    (next ?? line).querySelector("input").focus();
    if (!wasEmpty) onRemove();
  });
}
