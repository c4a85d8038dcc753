/* A sentence that script leaves for the page it leads to. */
import { icon } from "./icons.js";

const KEY = "labset-note";

/** Keep a sentence for the next page of this tab. */
export function leaveNote(sentence) {
  try {
    sessionStorage.setItem(KEY, sentence);
  } catch {
    /* then the next page speaks for itself */
  }
}

function takeNote() {
  try {
    const sentence = sessionStorage.getItem(KEY);
    sessionStorage.removeItem(KEY);
    return sentence;
  } catch {
    return null;
  }
}

/** Show what the former page left. */
export function startNotes() {
  const sentence = takeNote();
  if (!sentence) return;
  const box = document.createElement("div");
  box.className = "notice";
  box.dataset.variant = "success";
  const said = document.createElement("p");
  said.textContent = sentence;
  const around = document.createElement("div");
  around.append(said);
  box.append(icon("circle-check"), around);
  document.querySelector('main > [role="status"]').append(box);
}
