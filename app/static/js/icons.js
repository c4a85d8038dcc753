/* Icons of the one sprite, for what script adds to a page. */

const SVG = "http://www.w3.org/2000/svg";

/** Return the address of the sprite that this page uses. */
function spriteOf() {
  const use = document.querySelector("svg.icon use");
  return use ? use.getAttribute("href").split("#")[0] : "/static/vendor/icons.svg";
}

/** Return a new icon; it is decoration, the text beside it speaks. */
export function icon(name, kind = "") {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", `icon ${kind}`.trim());
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `${spriteOf()}#${name}`);
  svg.append(use);
  return svg;
}

/** Let an icon that is on the page show another drawing. */
export function redraw(svg, name) {
  svg?.querySelector("use")?.setAttribute("href", `${spriteOf()}#${name}`);
}
