/* The switch of the theme: as the system, light, dark. */
import { redraw } from "./icons.js";

const KEY = "labset-theme";
const ORDER = ["system", "light", "dark"];
const ICONS = { system: "monitor", light: "sun", dark: "moon" };

function chosen() {
  return document.documentElement.dataset.theme ?? "system";
}

function apply(theme) {
  const root = document.documentElement;
  if (theme === "system") delete root.dataset.theme;
  else root.dataset.theme = theme;
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    /* then it holds for this page only */
  }
}

function show(button) {
  const theme = chosen();
  const label = `Theme: ${theme === "system" ? "as the system" : theme}`;
  button.title = label;
  button.setAttribute("aria-label", label);
  redraw(button.querySelector("svg"), ICONS[theme]);
}

export function startTheme() {
  const button = document.querySelector("[data-theme-switch]");
  if (!button) return;
  show(button);
  button.addEventListener("click", () => {
    apply(ORDER[(ORDER.indexOf(chosen()) + 1) % ORDER.length]);
    show(button);
  });
}
