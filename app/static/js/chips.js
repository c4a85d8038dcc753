/* A field of tags, separated by commas, shown as chips; the field itself stays what is sent. */
import { icon } from "./icons.js";

function parts(text) {
  return [...new Set(text.split(",").map((part) => part.trim()).filter(Boolean))];
}

function enhance(field) {
  const box = document.createElement("div");
  box.className = "chips";
  const typed = field.cloneNode();
  typed.removeAttribute("name");
  typed.removeAttribute("data-chips");
  typed.value = "";
  field.type = "hidden";
  field.removeAttribute("id");
  let tags = parts(field.value);

  const show = () => {
    box.querySelectorAll(".chip").forEach((chip) => chip.remove());
    for (const tag of tags) typed.before(chipOf(tag));
    field.value = tags.join(", ");
  };
  const chipOf = (tag) => {
    const chip = document.createElement("span");
    chip.className = "chip";
    const button = document.createElement("button");
    button.type = "button";
    button.setAttribute("aria-label", `Remove ${tag}`);
    button.append(icon("x"));
    button.addEventListener("click", () => {
      tags = tags.filter((one) => one !== tag);
      show();
      typed.focus();
    });
    chip.append(tag, button);
    return chip;
  };
  const take = () => {
    tags = parts([...tags, typed.value].join(","));
    typed.value = "";
    show();
  };
  typed.addEventListener("input", () => typed.value.includes(",") && take());
  typed.addEventListener("blur", take);
  typed.addEventListener("keydown", (event) => {
    if (event.key === "Enter") {
      // it ends a tag, never the form, also where a comma has ended the tag already
      event.preventDefault();
      if (!event.isComposing) take();
    } else if (event.key === "Backspace" && !typed.value && tags.length) {
      tags = tags.slice(0, -1);
      show();
    }
  });
  typed.form?.addEventListener("submit", take);
  box.append(typed);
  field.after(box);
  show();
}

export function startChips() {
  document.querySelectorAll("input[data-chips]").forEach(enhance);
}
