// Words near a word or a sum: a list, and the plane in which they differ most.
import {newest, typing} from './ask.js';
import {at, make} from './make.js';
import {onLanguage, say} from './texts.js';

const NS = 'http://www.w3.org/2000/svg';
const MARGIN = 34, OVERVIEW = 150;
let run = null, last = null, overview = null, hover = -1;

export function start(listed) {
  const box = at('question'), chosen = at('vectors-name');
  chosen.replaceChildren(...listed.map(each => make('option', {}, each.name)));
  chosen.hidden = listed.length < 2;
  const typed = typing(box, similar, 350);
  box.addEventListener('keydown', event => {
    if (event.key === 'Enter' && !event.isComposing) typed.now();
  });
  chosen.addEventListener('change', () => choose(listed[chosen.selectedIndex]));
  onLanguage(draw);
  new ResizeObserver(drawPlane).observe(at('map'));
  choose(listed[0]);
}

function choose(chosen) {
  run = chosen; last = overview = null;
  examples();
  sendMap('map?top=' + OVERVIEW + '&model=' + encodeURIComponent(run.name));
  similar();
}

function examples() {
  const list = run.examples.slice(0, 8).map(text => make('button', {
    type: 'button', class: 'chip', onclick: () => put(text)}, make('bdi', {}, text)));
  at('question-examples').replaceChildren(make('span', {'data-text': 'examples'},
    say('examples')), ...list);
}

export function put(text) {
  at('question').value = text;
  similar();
}

const sendMap = newest(answer => { overview = answer; draw(); }, () => {});
const send = newest(answer => { last = answer; hover = -1; draw(); }, problem => {
  last = null; draw();
  const near = problem.nearest.map(word => make('button', {
    type: 'button', class: 'chip', onclick: () => put(word)}, make('bdi', {}, word)));
  const told = problem.word ? say('unknown_word', problem.word)
    : problem.status === 400 ? say('not_a_sum') : problem.message;
  at('question-status').replaceChildren(told, ...(near.length
    ? [' ' + say('spelt') + ' ', ...near] : []));
});

function similar() {
  const question = at('question').value.trim();
  if (!question) { send(); last = null; draw(); return; }
  send('similar', {model: run.name, question, top: 10, plane: true});
}

function draw() {
  const status = at('question-status'), list = at('words');
  if (!last) {
    status.replaceChildren(overview ? say('overview', overview.words.length) : '');
    list.replaceChildren();
    drawPlane();
    return;
  }
  const made = last.terms.filter(term => term.from_subwords).map(term => term.word);
  const sum = last.terms.map((term, i) =>
    (i || term.sign < 0 ? (term.sign < 0 ? ' − ' : ' + ') : '') + term.word).join('');
  status.replaceChildren(say('near') + ': ', make('b', {}, make('bdi', {}, sum)),
    made.length ? ' (' + made.join(', ') + ': ' + say('subwords') + ')' : '');
  list.replaceChildren(...last.answers.map((answer, i) => {
    const value = answer.cosine ?? answer.score;
    const bar = make('span', {class: 'bar'});
    bar.style.setProperty('--share', Math.max(0, value));
    return make('li', {}, make('button', {
      type: 'button', onclick: () => put(answer.word),
      onpointerenter: () => mark(i), onpointerleave: () => mark(-1),
      onfocus: () => mark(i), onblur: () => mark(-1),
    }, make('bdi', {class: 'label'}, answer.word), make('span', {class: 'track'}, bar),
    make('span', {class: 'number', title: say('cosine')}, value.toFixed(2))));
  }));
  drawPlane();
}

function mark(i) {
  hover = i;
  const word = i < 0 || !last ? '' : last.answers[i].word;
  at('map').querySelectorAll('g').forEach(g => {
    g.classList.toggle('marked', !!word && g.dataset.word === word); });
}

const part = (name, attributes, text) => {
  const made = document.createElementNS(NS, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text != null) made.textContent = text;
  return made;
};

function drawPlane() {
  const svg = at('map').querySelector('svg'), caption = at('map').querySelector('figcaption');
  const shown = last?.plane || overview;
  const width = at('map').clientWidth || 600, height = Math.max(280, Math.min(480, width * 0.72));
  svg.setAttribute('viewBox', `0 0 ${width} ${height}`);
  svg.style.height = height + 'px';
  svg.replaceChildren();
  caption.textContent = '';
  if (!shown) return;
  const all = [...shown.places, ...(last?.plane ? [shown.target] : [])];
  const where = scaled(all, width, height);
  const asked = last?.plane ? last.terms.map(term => term.word) : [];
  const lines = last?.plane ? arrows(svg, where, shown.words) : [];
  const dots = shown.words.map((word, i) => dot(svg, word, where[i],
    last?.plane ? (asked.includes(word) ? 'asked' : 'near') : 'c' + shown.groups[i] % 8));
  if (last?.plane && last.terms.length > 1) {
    const group = part('g', {class: 'sum'}), [x, y] = where[where.length - 1];
    group.append(part('path', {d: `M${x - 6} ${y - 6}l12 12m0-12l-12 12`}),
      part('text', {x, y}, say('sum')));
    svg.append(group);
    dots.push({group, x, y});
  }
  labels(dots, lines, width, height);
  caption.textContent = last?.plane ? say('share', Math.round(100 * shown.share) + ' %')
    : drawnBy(shown.about);
  if (hover >= 0) mark(hover);
}

// 'PCA of 100 dimensions: ...', in the language of the page.
function drawnBy(about) {
  const found = /^(.+?) of (\d+) dimensions/.exec(about);
  return found ? say('drawn_by', found[1], found[2]) : about;
}

// One scale for both directions, so that parallel arrows are parallel, centred on what there is.
function scaled(places, width, height) {
  const xs = places.map(p => p[0]), ys = places.map(p => p[1]);
  const left = Math.min(...xs), top = Math.min(...ys);
  const wide = Math.max(...xs) - left || 1, high = Math.max(...ys) - top || 1;
  const unit = Math.min((width - 4 * MARGIN) / wide, (height - 2 * MARGIN) / high);
  return places.map(([x, y]) => [width / 2 + (x - left - wide / 2) * unit,
    height / 2 + (y - top - high / 2) * unit]);
}

// Of A - B + C: from B to A, and the same arrow from C to the sum. Returns points on them.
function arrows(svg, where, words) {
  const plus = last.terms.filter(t => t.sign > 0), minus = last.terms.filter(t => t.sign < 0);
  const on = [];
  if (plus.length !== 2 || minus.length !== 1) return on;
  const of = term => where[words.indexOf(term.word)];
  const [a, c] = plus.map(of), b = of(minus[0]), sum = where[where.length - 1];
  const tip = part('marker', {id: 'tip', viewBox: '0 0 8 8', refX: 7, refY: 4, markerWidth: 7,
    markerHeight: 7, orient: 'auto'});
  tip.append(part('path', {d: 'M0 0L8 4L0 8z'}));
  svg.append(tip);
  for (const [from, to] of [[b, a], [c, sum]]) {
    const far = Math.hypot(to[0] - from[0], to[1] - from[1]) || 1;
    const [dx, dy] = [(to[0] - from[0]) / far, (to[1] - from[1]) / far];
    svg.append(part('line', {x1: from[0] + 7 * dx, y1: from[1] + 7 * dy,
      x2: to[0] - 8 * dx, y2: to[1] - 8 * dy, 'marker-end': 'url(#tip)'}));
    for (let step = 0; step < far; step += 6) on.push([from[0] + step * dx, from[1] + step * dy]);
  }
  return on;
}

function dot(svg, word, [x, y], kind) {
  const group = part('g', {class: 'dot ' + kind, 'data-word': word});
  group.append(part('circle', {cx: x, cy: y, r: kind === 'asked' ? 6 : 4.5}),
    part('text', {x, y}, word));
  group.addEventListener('click', () => put(word));
  svg.append(group);
  return {group, x, y};
}

// Each label right of its dot, else left, above or below; none where all would overlap another.
function labels(dots, lines, width, height) {
  const taken = [...dots.map(({x, y}) => [x - 5, y - 5, x + 5, y + 5]),
    ...lines.map(([x, y]) => [x - 1, y - 1, x + 1, y + 1])];
  const important = group => group.classList.contains('asked') || group.classList.contains('sum');
  const order = [...dots].sort((a, b) => important(b.group) - important(a.group));
  const widths = new Map(order.map(d => [d, d.group.lastChild.getComputedTextLength()]));
  for (const each of order) {
    const {group, x, y} = each, text = group.lastChild, wide = widths.get(each);
    const tries = [[x + 9, y + 5, 'start', x + 9], [x - 9, y + 5, 'end', x - 9 - wide],
      [x, y - 10, 'middle', x - wide / 2], [x, y + 20, 'middle', x - wide / 2]];
    const free = tries.find(([, by, , left]) => {
      const box = [left, by - 13, left + wide, by + 3];
      return box[0] > 2 && box[2] < width - 2 && box[1] > 0 && box[3] < height
        && !taken.some(t => t[0] < box[2] && box[0] < t[2] && t[1] < box[3] && box[1] < t[3]);
    }) || (important(group) && tries[0]);
    group.classList.toggle('bare', !free);
    if (!free) continue;
    const [tx, ty, anchor, left] = free;
    text.setAttribute('x', tx); text.setAttribute('y', ty);
    text.setAttribute('text-anchor', anchor);
    taken.push([left, ty - 13, left + wide, ty + 3]);
  }
}
