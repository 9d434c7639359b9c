// Draws what a terminal showed, with its colours, as an SVG: node terminal.mjs <what-it-showed >picture.svg

import { readFileSync } from "node:fs";

const columns = 100;
const cell = { width: 7.8, height: 18 }; // of a 13 pixel font
const margin = 16;
const colours = {
  30: "#6e7681", 31: "#ff7b72", 32: "#7ee787", 33: "#e3b341", 34: "#79c0ff", 35: "#d2a8ff", 36: "#76e3ea", 37: "#e6edf3",
};

/** Returns the text as lines of {char, style}, folded where a terminal of that many columns folds. */
function cells(text) {
  const lines = [[]];
  let style = { fill: "#e6edf3", dim: false, bold: false };
  for (const [, code, char] of text.matchAll(/\x1b\[([0-9;]*)m|\x1b\[[0-9;?]*[A-Za-z]|(\r?\n|[^\x1b\r])/gu)) {
    if (code !== undefined) {
      for (const n of code.split(";").map(Number)) style = styled(style, n);
    } else if (char === undefined) {
      continue; // a movement of the cursor
    } else if (char.endsWith("\n")) {
      lines.push([]);
    } else {
      if (lines.at(-1).length === columns) lines.push([]);
      lines.at(-1).push({ char, style });
    }
  }
  while (lines.length > 0 && lines.at(-1).length === 0) lines.pop();
  return lines;
}

/** Returns the style that an SGR code makes of another. */
function styled(style, code) {
  if (code === 0) return { fill: "#e6edf3", dim: false, bold: false };
  if (code === 1) return { ...style, bold: true };
  if (code === 2) return { ...style, dim: true };
  const fill = colours[code] ?? colours[code - 60]; // 90 to 97 are the bright ones
  return fill ? { ...style, fill } : style;
}

const escaped = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");

/** Returns a line as spans, one for each run of a style, each as wide as its cells whatever the font. */
function spans(line) {
  const runs = [];
  line.forEach(({ char, style }, at) => {
    if (runs.at(-1)?.style === style) runs.at(-1).text += char;
    else runs.push({ style, text: char, at });
  });
  return runs
    .map(({ style, text, at }) => {
      at += text.length - text.trimStart().length; // or they would be collapsed
      text = text.trim();
      const length = [...text].length;
      if (length === 0) return "";
      const attributes = [
        `x="${(margin + at * cell.width).toFixed(1)}"`,
        `textLength="${(length * cell.width).toFixed(1)}"`,
        `fill="${style.fill}"`,
        style.dim ? 'opacity="0.65"' : "",
        style.bold ? 'font-weight="bold"' : "",
      ];
      return `<tspan ${attributes.filter(Boolean).join(" ")}>${escaped(text)}</tspan>`;
    })
    .join("");
}

const lines = cells(readFileSync(0, "utf8"));
const width = Math.ceil(columns * cell.width + 2 * margin);
const height = lines.length * cell.height + 2 * margin;
console.log(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">
<rect width="${width}" height="${height}" rx="8" fill="#0d1117"/>
<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="13">`);
lines.forEach((line, i) => console.log(`<text y="${margin + (i + 0.75) * cell.height}">${spans(line)}</text>`));
console.log("</g>\n</svg>");
