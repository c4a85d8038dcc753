/* Files dropped onto a list of files: the upload page is put in place of it and takes them over. */
import { readDropped } from "./upload/picked.js";

/** Fetch the upload page, show it here under its own address, and start it with what was dropped. */
async function carryOver(address, picked) {
  const answer = await fetch(address, { headers: { Accept: "text/html" } });
  if (!answer.ok || answer.redirected) {
    location.assign(address);
    return;
  }
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  document.querySelector("main").replaceWith(page.querySelector("main"));
  document.title = page.title;
  history.pushState(null, "", address);
  window.addEventListener("popstate", () => location.reload());
  const { startUpload } = await import("./upload/view.js");
  startUpload(document.getElementById("upload"))?.add(await picked);
}

export function startDropping() {
  for (const zone of document.querySelectorAll("[data-drop]")) {
    zone.addEventListener("dragover", (event) => {
      if (!event.dataTransfer.types.includes("Files")) return;
      event.preventDefault();
      zone.classList.add("is-dropping");
    });
    zone.addEventListener("dragleave", () => zone.classList.remove("is-dropping"));
    zone.addEventListener("drop", (event) => {
      if (!event.dataTransfer.types.includes("Files")) return;
      event.preventDefault();
      zone.classList.remove("is-dropping");
      carryOver(zone.dataset.drop, readDropped(event.dataTransfer));
    });
  }
}
