/** Small plots, written by hand: they read well on light and on dark pages. */

const FONT = "font-family='system-ui, sans-serif' font-size='13'";
const INK = "#6b7280";
const COLOURS = ["#2563eb", "#0891b2", "#d97706", "#dc2626", "#7c3aed", "#059669"];

const escaped = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
const text = (x, y, words, { anchor = "start", colour = INK, weight = "normal" } = {}) =>
  `<text x='${x}' y='${y}' text-anchor='${anchor}' fill='${colour}' font-weight='${weight}'>${escaped(words)}</text>`;

const frame = (width, height, title, body) =>
  `<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 ${width} ${height}' width='${width}' ` +
  `height='${height}' ${FONT} role='img' aria-label='${escaped(title).replaceAll("'", "&#39;")}'>\n` +
  `${text(10, 22, title, { weight: "600" })}\n${body.join("\n")}\n</svg>\n`;

/**
 * Horizontal bars, the first in colour.
 *
 * @param {{ title: string, unit: string, bars: { label: string, value: number, ours?: boolean }[] }} plot
 */
export function bars({ title, unit, bars }) {
  const left = 230;
  const width = 720;
  const most = Math.max(...bars.map(({ value }) => value));
  const body = bars.flatMap(({ label, value, ours }, i) => {
    const y = 40 + i * 28;
    const length = Math.max(1, (value / most) * (width - left - 110));
    return [
      text(left - 10, y + 15, label, { anchor: "end" }),
      `<rect x='${left}' y='${y}' width='${length.toFixed(1)}' height='20' rx='3' fill='${ours ? COLOURS[0] : "#9ca3af"}'/>`,
      text(
        left + length + 8,
        y + 15,
        `${value.toLocaleString("en", { maximumSignificantDigits: 3 })} ${unit}`,
      ),
    ];
  });
  return frame(width, 50 + bars.length * 28, title, body);
}

/**
 * Lines over two logarithmic axes.
 *
 * @param {{ title: string, x: string, y: string, series: { label: string, points: [number, number][] }[] }} plot
 */
export function lines({ title, x, y, series }) {
  const box = { left: 70, top: 50, right: 500, bottom: 330 };
  const values = series.flatMap(({ points }) => points);
  const xs = decades(values.map(([value]) => value));
  const ys = decades(values.map(([, value]) => value));
  const atX = (value) =>
    box.left + ((Math.log10(value) - xs.low) / (xs.high - xs.low)) * (box.right - box.left);
  const atY = (value) =>
    box.bottom - ((Math.log10(value) - ys.low) / (ys.high - ys.low)) * (box.bottom - box.top);
  const body = [];
  for (let power = ys.low; power <= ys.high; power++) {
    const at = atY(10 ** power).toFixed(1);
    body.push(
      `<line x1='${box.left}' x2='${box.right}' y1='${at}' y2='${at}' stroke='${INK}' stroke-opacity='0.25'/>`,
    );
    body.push(
      text(
        box.left - 8,
        Number(at) + 4,
        (10 ** power).toLocaleString("en", { maximumFractionDigits: 3 }),
        { anchor: "end" },
      ),
    );
  }
  for (let power = xs.low; power <= xs.high; power++) {
    body.push(
      text(atX(10 ** power), box.bottom + 20, (10 ** power).toLocaleString("en"), {
        anchor: "middle",
      }),
    );
  }
  body.push(text((box.left + box.right) / 2, box.bottom + 42, x, { anchor: "middle" }));
  body.push(text(box.left - 60, box.top - 10, y));
  const ends = spread(series.map(({ points }) => atY(points[points.length - 1][1])));
  for (const [i, { label, points }] of series.entries()) {
    const colour = COLOURS[i % COLOURS.length];
    const path = points.map(([px, py]) => `${atX(px).toFixed(1)},${atY(py).toFixed(1)}`).join(" ");
    body.push(`<polyline points='${path}' fill='none' stroke='${colour}' stroke-width='2.5'/>`);
    body.push(text(box.right + 10, ends[i] + 4, label, { colour }));
  }
  return frame(720, box.bottom + 55, title, body);
}

/** The powers of ten around some values. */
function decades(values) {
  const low = Math.floor(Math.log10(Math.min(...values)));
  return { low, high: Math.max(low + 1, Math.ceil(Math.log10(Math.max(...values)))) };
}

/** Moves labels apart that would lie on one another. */
function spread(places) {
  const order = places.map((_, i) => i).sort((a, b) => places[a] - places[b]);
  const moved = [...places];
  for (let i = 1; i < order.length; i++) {
    moved[order[i]] = Math.max(moved[order[i]], moved[order[i - 1]] + 16);
  }
  return moved;
}
