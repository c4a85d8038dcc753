/* Menus are `details`: this closes them on Escape and on a click elsewhere, and narrows long lists. */

function closeOthers(kept) {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (menu !== kept && !menu.contains(kept)) menu.open = false;
  }
}

function narrow(field) {
  const wanted = field.value.trim().toLowerCase();
  const body = field.closest(".body");
  for (const item of body.querySelectorAll(field.dataset.narrows)) {
    item.hidden = !item.textContent.toLowerCase().includes(wanted);
  }
}

export function startMenus() {
  document.addEventListener("click", (event) => closeOthers(event.target.closest?.("details.menu") ?? null));
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const open = event.target.closest?.("details.menu[open]") ?? document.querySelector("details.menu[open]");
    if (!open) return;
    open.open = false;
    open.querySelector("summary").focus();
  });
  document.addEventListener("input", (event) => {
    if (event.target.matches?.("[data-narrows]")) narrow(event.target);
  });
}
