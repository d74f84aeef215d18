import type { Series } from './trend.js';

export interface Chart {
  readonly title: string;
  readonly unit: string;
  readonly lines: readonly { readonly name: string; readonly series: Series }[];
}

const COLORS = ['#4269d0', '#efb118', '#ff725c', '#6cc5b0', '#3ca951', '#ff8ab7', '#a463f2', '#97bbf5', '#9c6b4e', '#9498a0', '#2b8a9e'];
const [WIDTH, HEIGHT, LEFT, TOP, GAP] = [860, 190, 56, 64, 58];

/** Charts below one another, with one legend, as a picture. */
export function svgOf(title: string, charts: readonly Chart[]): string {
  const names = [...new Set(charts.flatMap(({ lines }) => lines.map(({ name }) => name)))];
  const color = (name: string) => COLORS[names.indexOf(name) % COLORS.length]!;
  const rows = Math.ceil(names.length / 6);
  const top = TOP + rows * 16;
  const height = top + charts.length * (HEIGHT + GAP);
  const legend = names.map((name, index) => {
    const [x, y] = [LEFT + (index % 6) * 140, TOP - 24 + Math.floor(index / 6) * 16];
    return `<rect x="${x}" y="${y - 9}" width="10" height="10" fill="${color(name)}"/><text x="${x + 14}" y="${y}">${escaped(name)}</text>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH + LEFT + 20} ${height}" font-family="sans-serif" font-size="11" fill="#333">`,
    `<rect width="100%" height="100%" fill="#fff"/><text x="${LEFT}" y="22" font-size="14" font-weight="bold">${escaped(title)}</text>`,
    ...legend,
    ...charts.map((chart, index) => `<g transform="translate(${LEFT},${top + index * (HEIGHT + GAP)})">${drawn(chart, color)}</g>`),
    '</svg>\n',
  ].join('\n');
}

function drawn({ title, unit, lines }: Chart, color: (name: string) => string): string {
  const points = lines.flatMap(({ series }) => series);
  const [endS, most] = [Math.max(...points.map(([at]) => at), 1), Math.max(...points.map(([, value]) => value), 1)];
  const step = niceStep(most / 4);
  const ceiling = Math.ceil(most / step) * step;
  const x = (seconds: number) => ((seconds / endS) * WIDTH).toFixed(1);
  const y = (value: number) => (HEIGHT - (value / ceiling) * HEIGHT).toFixed(1);
  const ticks = Array.from({ length: Math.round(ceiling / step) + 1 }, (_, n) => n * step);
  const minuteStep = niceStep(endS / 60 / 6);
  const minutes = Array.from({ length: Math.floor(endS / 60 / minuteStep) + 1 }, (_, n) => n * minuteStep);
  return [
    `<text y="-8" font-weight="bold">${escaped(title)}, ${escaped(unit)}</text>`,
    ...ticks.map((tick) => `<line x2="${WIDTH}" y1="${y(tick)}" y2="${y(tick)}" stroke="#ddd"/><text x="-6" y="${y(tick)}" dy="4" text-anchor="end">${label(tick)}</text>`),
    ...minutes.map((minute) => `<text x="${x(minute * 60)}" y="${HEIGHT + 15}" text-anchor="middle">${label(minute)} min</text>`),
    ...lines.map(({ name, series }) => `<polyline fill="none" stroke-width="1.3" stroke="${color(name)}" points="${series.map(([at, value]) => `${x(at)},${y(value)}`).join(' ')}"/>`),
  ].join('\n');
}

/** 1, 2 or 5 times a power of ten, at least as much. */
function niceStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(least, 1e-6)));
  return [1, 2, 5, 10].map((times) => times * power).find((step) => step >= least)!;
}

const label = (value: number) => `${Math.round(value * 100) / 100}`;
const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
