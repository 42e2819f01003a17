"""What moves in a page: values under the pointer or the arrow keys, the select, the map.

Without it every figure is there, and so are its numbers.
"""

from seqkit.pages.points_script import SCRIPT as POINTS

SCRIPT = (
    r"""
'use strict';
(() => {
const root = document.documentElement;
const said = JSON.parse(document.getElementById('words').textContent);
document.getElementById('theme').onclick = () => {
  const dark = root.dataset.theme ? root.dataset.theme === 'dark'
    : matchMedia('(prefers-color-scheme: dark)').matches;
  root.dataset.theme = dark ? 'light' : 'dark';
};
let theme;                                            // paper is white
addEventListener('beforeprint', () => {
  theme = root.dataset.theme; root.dataset.theme = 'light'; });
addEventListener('afterprint', () => {
  if (theme) root.dataset.theme = theme; else delete root.dataset.theme; });
function unfold() {                                   // what a link leads to
  const goal = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  const fold = goal && (goal.closest('details.fold') || goal.querySelector('details.fold'));
  if (fold && !fold.open) { fold.open = true; goal.scrollIntoView(); }
}
addEventListener('hashchange', unfold);
unfold();
const toc = document.querySelector('nav details');
if (toc && matchMedia('(max-width: 1050px)').matches) toc.open = false;

const written = value => value === null || value === undefined ? '–'
  : typeof value !== 'number' ? String(value)
  : Number.isInteger(value) ? value.toLocaleString('en')
  : Math.abs(value) >= 1e4 ? Math.round(value).toLocaleString('en')
  : String(Number(value.toPrecision(4))).replace('-', '−');
function read(figure, text) {
  const line = figure.querySelector('.readout');
  line.textContent = text;
  line.classList.add('on');
}
// keys: what an arrow key adds to (column, row)
const ARROWS = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1]};
// A point of the window as one of the drawing.
function inside(svg, event) {
  const point = new DOMPoint(event.clientX, event.clientY);
  return point.matrixTransform(svg.getScreenCTM().inverse());
}
const between = (low, value, high) => Math.max(low, Math.min(high, value));

function lines(figure, data) {
  const svg = figure.querySelector('svg.pointed'), cursor = svg.querySelector('path.cursor');
  const known = data.at.map((x, i) => i).filter(i => data.at[i] !== null);
  let now = -1;
  function show(i) {
    now = i;
    cursor.setAttribute('d', 'M' + data.at[i] + ' ' + data.top + 'V' + data.bottom);
    read(figure, data.xName + ' ' + written(data.x[i]) + ':  ' + data.lines.map(
      ([name, values]) => name + ' ' + written(values[i])).join('  ·  '));
  }
  svg.addEventListener('pointermove', event => {
    const {x} = inside(svg, event);
    if (known.length) show(known.reduce((best, i) =>
      Math.abs(data.at[i] - x) < Math.abs(data.at[best] - x) ? i : best));
  });
  svg.addEventListener('keydown', event => {
    const step = (ARROWS[event.key] || [0])[0], place = known.indexOf(now);
    if (!step || !known.length) return;
    event.preventDefault();
    show(known[place < 0 ? 0 : between(0, place + step, known.length - 1)]);
  });
}

function matrix(figure, data) {
  const svg = figure.querySelector('svg.pointed'), cursor = svg.querySelector('rect.cursor');
  const [wide, high, left, top] = data.cell;
  const rows = data.rows.length, columns = data.columns.length;
  let row = -1, column = -1;
  function show(i, j) {
    if (i < 0 || j < 0 || i >= rows || j >= columns) return false;
    [row, column] = [i, j];
    cursor.setAttribute('x', left + j * wide);
    cursor.setAttribute('y', top + i * high);
    cursor.setAttribute('visibility', 'visible');
    read(figure, data.rows[i] + '  ·  ' + data.columns[j] + ':  ' + written(data.values[i][j]));
    return true;
  }
  svg.addEventListener('pointermove', event => {
    const {x, y} = inside(svg, event);
    show(Math.floor((y - top) / high), Math.floor((x - left) / wide));
  });
  svg.addEventListener('keydown', event => {
    const step = ARROWS[event.key];
    if (step) {
      event.preventDefault();
      if (row < 0) show(0, 0);
      else show(between(0, row + step[1], rows - 1), between(0, column + step[0], columns - 1));
      cursor.scrollIntoView({block: 'nearest', inline: 'nearest'});
    } else if (event.key === 'Enter' && event.target === svg) {
      const link = figure.querySelector(
        'a[href="#' + CSS.escape(figure.id) + '-' + row + '-' + column + '"]');
      if (link) location.hash = link.getAttribute('href');
    }
  });
  // one stop of the Tab key for all cells: the arrow keys lead to each
  figure.querySelectorAll('.heat a').forEach(link => link.setAttribute('tabindex', '-1'));
}

function text(figure, data) {
  const select = figure.querySelector('select'), tokens = [...figure.querySelectorAll('.token')];
  if (!select) return;
  function show() {
    const {values, low, high} = data.rows[select.selectedIndex];
    const name = low < 0 ? 'v' : 'q';
    const [least, , most] = [...figure.querySelector('.scale').children];
    least.textContent = written(low);
    most.textContent = written(high);
    figure.querySelectorAll('.steps span').forEach((span, i) => { span.className = name + i; });
    const zero = figure.querySelector('.steps i');
    if (zero) zero.hidden = low >= 0;
    tokens.forEach((token, i) => {
      const value = values[i], share = Math.abs(value) / high;
      const level = Math.round(24 * between(0, (value - low) / (high - low), 1));
      token.className = 'token ' + (value === null ? 'missing' : name + level
        + (share < 1 / 3 ? '' : (share < 2 / 3 ? ' some' : ' strong')
          + (value < 0 ? ' below' : '')));
      token.title = data.tokens[i] + ': ' + written(value);
    });
  }
  select.addEventListener('change', show);
}

function parallel(figure, data) {
  const svg = figure.querySelector('svg.pointed');
  const paths = [...svg.querySelectorAll('[data-row]')];
  let now = -1;
  function show(i) {
    if (paths[now]) paths[now].classList.remove('on');
    now = i;
    paths[now].classList.add('on');
    const row = data.rows[Number(paths[now].dataset.row)];
    read(figure, data.axes.map((name, k) => name + ' ' + written(row[k])).join('  ·  '));
  }
  svg.addEventListener('pointermove', event => {
    const i = paths.indexOf(event.target);
    if (i >= 0) show(i);
  });
  svg.addEventListener('keydown', event => {
    const step = ARROWS[event.key];
    if (!step || !paths.length) return;
    event.preventDefault();
    const by = step[0] + step[1];                      // the best is the last
    show(now < 0 ? paths.length - 1 : between(0, now + by, paths.length - 1));
  });
}

"""
    + POINTS
    + r"""

const KINDS = {Lines: lines, HeatMap: matrix, Confusion: matrix, ColouredText: text,
  Parallel: parallel, Points: (figure, data) => pointMap(figure, data, said, false)};
document.querySelectorAll('figure[data-kind]').forEach(figure => {
  const draw = KINDS[figure.dataset.kind];
  const data = figure.querySelector('script[type="application/json"]');
  if (draw && data) draw(figure, JSON.parse(data.textContent));
});
})();
"""
).strip()
