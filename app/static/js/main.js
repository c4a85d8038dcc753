/* What every page has: theme, copying, menus, tags as chips, forms that help, files that are dropped. */
import { startChips } from "./chips.js";
import { startCopying } from "./copy.js";
import { startDropping } from "./drop.js";
import { startForms } from "./forms.js";
import { startMenus } from "./menus.js";
import { startNotes } from "./notes.js";
import { startTheme } from "./theme-switch.js";

startTheme();
startNotes();
startCopying();
startMenus();
startChips();
startForms();
startDropping();
