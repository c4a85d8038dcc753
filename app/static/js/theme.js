/* Before the first paint: says that script runs, and takes the theme that was chosen here. */
(() => {
  const root = document.documentElement;
  root.classList.add("has-script");
  try {
    const chosen = localStorage.getItem("labset-theme");
    if (chosen === "light" || chosen === "dark") root.dataset.theme = chosen;
  } catch {
    /* a browser that keeps nothing shows the system's theme */
  }
})();
