/* Metadata as lines of name and value. */
import { startLines } from "./lines.js";

for (const box of document.querySelectorAll("[data-pairs]")) startLines(box);
