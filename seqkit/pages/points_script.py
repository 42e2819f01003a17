"""The script and style of a map of points."""

SCRIPT = r"""
// A map of points. whole: it is all of the page, whose keys and wheel are its own.
function pointMap(root, data, said, whole) {
  const at = name => root.querySelector(name);
  const svg = at('.map'), panel = at('.panel'), search = at('.search');
  const dots = [...at('.dots').children], texts = [...at('.labels').children];
  const N = dots.length, EM = 13.5;
  const both = (i, name, on) => {
    dots[i].classList.toggle(name, on); texts[i].classList.toggle(name, on); };
  data.seeds.forEach(i => both(i, 'seed', true));
  const view = {scale: 1, x: 0, y: 0};         // over the drawing that shows all
  let width = 1, height = 1, unit = 1;
  let pinned = -1, hovered = -1, group = -1, matches = [];

  const pen = document.createElement('canvas').getContext('2d');
  let widths = [];
  function measure() {
    pen.font = EM + 'px ' + getComputedStyle(document.body).fontFamily;
    widths = texts.map(text => pen.measureText(text.textContent).width
      * (text.classList.contains('seed') ? 1.1 : 1));
  }

  function screen(i) {
    const [x, y] = data.places[i];
    return [width / 2 + view.x + view.scale * unit * x,
            height / 2 + view.y + view.scale * unit * y];
  }

  // Labels: the more frequent first, each at the first place around its dot that is free of other
  // labels and, if there is one, of dots too; or none.
  const PLACES = [[8, 4.5, 'start'], [-8, 4.5, 'end'], [0, -9, 'middle'], [0, 18, 'middle']];
  function label(order, points) {
    const cell = 48, grid = new Map();
    const cells = (box, visit) => {
      for (let i = Math.floor(box[0] / cell); i <= Math.floor(box[2] / cell); i++)
        for (let j = Math.floor(box[1] / cell); j <= Math.floor(box[3] / cell); j++)
          if (visit(i + ',' + j)) return true;
      return false;
    };
    const taken = (box, own, dots) => cells(box, key => (grid.get(key) || []).some(
      other => (other[5] === 'label' || dots && other[4] !== own) && box[0] < other[2]
        && other[0] < box[2] && box[1] < other[3] && other[1] < box[3]));
    const take = box => { cells(box, key => {
      if (!grid.has(key)) grid.set(key, []);
      grid.get(key).push(box); return false; }); };
    const seen = ([x, y]) => x > -50 && y > -20 && x < width + 50 && y < height + 20;
    points.forEach(([x, y], i) => {
      if (seen([x, y])) take([x - 4, y - 4, x + 4, y + 4, i, 'dot']);
    });
    for (const i of order) {
      const [x, y] = points[i];
      const boxes = seen(points[i]) ? PLACES.map(([dx, dy, anchor]) => {
        const wide = widths[i];
        const left = x + dx - (anchor === 'start' ? 0 : anchor === 'end' ? wide : wide / 2);
        return [left - 2, y + dy - EM + 1, left + wide + 2, y + dy + 4, i, 'label'];
      }) : [];
      let free = boxes.findIndex(box => !taken(box, i, true));
      if (free < 0) free = boxes.findIndex(box => !taken(box, i, false));
      both(i, 'bare', free < 0);
      if (free >= 0) {
        ['x', 'y', 'text-anchor'].forEach(
          (name, k) => texts[i].setAttribute(name, PLACES[free][k]));
        take(boxes[free]);
      }
    }
  }

  let waiting = false;
  function draw() {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; paint(); });
  }

  function paint() {
    const points = data.places.map((_, i) => screen(i));
    points.forEach(([x, y], i) => {
      const place = 'translate(' + x.toFixed(1) + ' ' + y.toFixed(1) + ')';
      dots[i].setAttribute('transform', place);
      texts[i].setAttribute('transform', place);
    });
    const shown = hovered >= 0 ? hovered : pinned;
    const near = shown >= 0 ? data.nearest[shown] : [];
    const strong = new Set(shown >= 0 ? [shown] : matches);
    const close = new Set(near);
    for (let i = 0; i < N; i++) {
      const kept = strong.has(i) || close.has(i)
        || strong.size === 0 && (group < 0 || data.groups[i] === group);
      both(i, 'strong', strong.has(i));
      both(i, 'dim', !kept);
    }
    const first = [...strong, ...near, ...data.seeds];
    const all = [...new Set([...first, ...dots.keys()])];
    label(all.filter(i => !dots[i].classList.contains('dim')).concat(
      all.filter(i => dots[i].classList.contains('dim'))), points);
    at('.near').replaceChildren(...near.map(i => {
      const line = document.createElementNS('http://www.w3.org/2000/svg', 'line');
      [['x1', points[shown][0]], ['y1', points[shown][1]], ['x2', points[i][0]],
       ['y2', points[i][1]]].forEach(([name, value]) => line.setAttribute(name, value));
      return line;
    }));
  }

  function tell(i) {
    panel.hidden = i < 0;
    if (i < 0) return;
    const head = document.createElement('h4');
    head.textContent = data.words[i];
    head.className = 'c' + data.groups[i] % 8;
    const note = document.createElement('p');
    note.textContent = said.nearest;
    const list = document.createElement('ol');
    data.nearest[i].forEach((j, k) => {
      const row = document.createElement('li'), button = document.createElement('button');
      const word = document.createElement('span'), cosine = document.createElement('small');
      word.textContent = data.words[j];
      word.className = 'c' + data.groups[j] % 8;
      cosine.textContent = data.cosines[i][k].toFixed(2);
      button.append(word, cosine);
      button.onclick = () => pin(j, true);
      row.append(button);
      list.append(row);
    });
    panel.replaceChildren(head, note, list);
  }

  function pin(i, centre) {
    pinned = i; hovered = -1;
    if (centre && i >= 0) {
      const [x, y] = screen(i);
      if (x < 40 || y < 30 || x > width - 280 || y > height - 30) {
        view.x += width / 2 - x; view.y += height / 2 - y;
      }
    }
    tell(i); draw();
  }

  function zoom(factor, x, y) {
    const scale = Math.min(400, Math.max(0.5, view.scale * factor)), by = scale / view.scale;
    view.x = (x - width / 2) * (1 - by) + view.x * by;
    view.y = (y - height / 2) * (1 - by) + view.y * by;
    view.scale = scale; draw();
  }
  function reset() { view.scale = 1; view.x = view.y = 0; draw(); }

  function under(event) {
    const box = svg.getBoundingClientRect();
    const px = event.clientX - box.left, py = event.clientY - box.top;
    let best = -1, nearest = 18 * 18;
    for (let i = 0; i < N; i++) {
      const [x, y] = screen(i);
      let dx = px - x; const dy = py - y;
      if (!texts[i].classList.contains('bare')) {      // the label counts as the dot
        const anchor = texts[i].getAttribute('text-anchor') || 'start', wide = widths[i] + 8;
        const from = anchor === 'start' ? 0 : anchor === 'end' ? -wide : -wide / 2;
        dx = Math.max(from - dx, 0, dx - from - wide) || 0;
        if (px >= x + from && px <= x + from + wide) dx = 0;
      }
      const far = dx * dx + dy * dy;
      if (far < nearest) { nearest = far; best = i; }
    }
    return best;
  }

  const held = new Map();
  let moved = 0;
  svg.addEventListener('pointerdown', event => {
    svg.setPointerCapture(event.pointerId);
    held.set(event.pointerId, [event.clientX, event.clientY]);
    if (held.size === 1) moved = 0;
  });
  svg.addEventListener('pointermove', event => {
    const last = held.get(event.pointerId);
    if (!last) {
      const i = event.pointerType === 'mouse' ? under(event) : -1;
      if (i !== hovered) { hovered = i; tell(i >= 0 ? i : pinned); draw(); }
      return;
    }
    const dx = event.clientX - last[0], dy = event.clientY - last[1];
    moved += Math.abs(dx) + Math.abs(dy);
    held.set(event.pointerId, [event.clientX, event.clientY]);
    if (held.size === 1) { view.x += dx; view.y += dy; }
    else {
      const other = [...held].find(([id]) => id !== event.pointerId)[1];
      const before = Math.hypot(last[0] - other[0], last[1] - other[1]);
      const after = Math.hypot(event.clientX - other[0], event.clientY - other[1]);
      const box = svg.getBoundingClientRect();
      if (before > 0) zoom(after / before, (event.clientX + other[0]) / 2 - box.left,
                           (event.clientY + other[1]) / 2 - box.top);
    }
    if (moved > 4) { svg.classList.add('dragged'); hovered = -1; }
    draw();
  });
  function release(event) {
    if (!held.delete(event.pointerId)) return;
    svg.classList.remove('dragged');
    if (event.type === 'pointerup' && moved <= 4) pin(under(event), false);
  }
  svg.addEventListener('pointerup', release);
  svg.addEventListener('pointercancel', release);
  svg.addEventListener('pointerleave', () => {
    if (hovered >= 0) { hovered = -1; tell(pinned); draw(); }
  });
  svg.addEventListener('wheel', event => {
    if (!whole && document.activeElement !== svg && !event.ctrlKey) return;  // the page scrolls
    event.preventDefault();
    const box = svg.getBoundingClientRect();
    zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0018)),
         event.clientX - box.left, event.clientY - box.top);
  }, {passive: false});
  svg.addEventListener('dblclick', event => {
    const box = svg.getBoundingClientRect();
    zoom(2, event.clientX - box.left, event.clientY - box.top);
  });

  const plain = word => word.normalize('NFC').toLowerCase();
  search.addEventListener('input', () => {
    const sought = plain(search.value.trim());
    const whole = [], part = [];
    if (sought) data.words.forEach((word, i) => {
      const here = plain(word);
      if (here === sought) whole.push(i);
      else if (here.includes(sought)) part.push(i);
    });
    matches = [...whole, ...part];
    at('.found').textContent = sought ? matches.length + ' / ' + N : '';
    pin(whole.length === 1 ? whole[0] : -1, true);
  });
  search.addEventListener('keydown', event => {
    if (event.key === 'Enter' && matches.length) pin(
      matches[(matches.indexOf(pinned) + 1) % matches.length], true);
    if (event.key === 'Escape') { search.value = ''; matches = []; at('.found').textContent = '';
      pin(-1); svg.focus(); }
  });
  (whole ? document : svg).addEventListener('keydown', event => {
    if (event.target === search || event.ctrlKey || event.metaKey || event.altKey) return;
    const step = {ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60]};
    if (event.key === '/') { event.preventDefault(); search.focus(); }
    else if (event.key === '+' || event.key === '=') zoom(1.4, width / 2, height / 2);
    else if (event.key === '-') zoom(1 / 1.4, width / 2, height / 2);
    else if (event.key === '0') reset();
    else if (event.key === 'Escape') { group = -1; legend(); pin(-1); }
    else if (step[event.key]) { [view.x, view.y] = [view.x + step[event.key][0],
      view.y + step[event.key][1]]; event.preventDefault(); draw(); }
  });
  at('.in').onclick = () => zoom(1.4, width / 2, height / 2);
  at('.out').onclick = () => zoom(1 / 1.4, width / 2, height / 2);
  at('.all').onclick = reset;

  function legend() {
    if (data.names.length < 2) return;
    at('.groups').replaceChildren(...data.names.map((name, i) => {
      const button = document.createElement('button');
      button.textContent = name;
      button.className = 'c' + i % 8;
      button.setAttribute('aria-pressed', i === group);
      button.onclick = () => { group = group === i ? -1 : i; legend(); draw(); };
      return button;
    }));
  }

  function fit() {
    const box = svg.getBoundingClientRect();
    const by = Math.min(box.width, box.height);
    width = box.width; height = box.height;
    svg.setAttribute('viewBox', '0 0 ' + width + ' ' + height);
    let right = 0, down = 0;
    data.places.forEach(([x, y]) => {
      right = Math.max(right, Math.abs(x)); down = Math.max(down, Math.abs(y)); });
    unit = Math.max(by / 8,
      Math.min((width / 2 - 70) / (right || 1), (height / 2 - 30) / (down || 1)));
    draw();
  }
  new ResizeObserver(fit).observe(svg);
  measure(); legend(); fit();
}
""".strip()

STYLE = """
svg.map {
  display: block; width: 100%; height: 100%; touch-action: none; cursor: grab; outline: none;
}
svg.map.dragged { cursor: grabbing; }
g.dots circle, g.labels text { fill: var(--colour); }
g.labels text {
  font-size: 13.5px; paint-order: stroke; stroke: var(--paper); stroke-width: 3.5px;
  stroke-linejoin: round; pointer-events: none; user-select: none;
}
g.labels text.bare { display: none; }
g.labels text.seed { font-weight: 700; }
g.labels text.strong { font-weight: 700; font-size: 15px; }
g.dots circle { stroke: var(--paper); stroke-width: 1px; }
g.dots circle.bare { r: 2.75px; opacity: .6; }
g.dots circle.seed, g.dots circle.strong { r: 6px; opacity: 1; }
g.dots circle.dim { opacity: .16; }
g.labels text.dim { opacity: .16; }
g.near line { stroke: var(--soft); stroke-width: 1px; opacity: .7; }
.panel {
  position: absolute; right: 12px; top: 12px; width: 230px; max-height: calc(100% - 24px);
  overflow: auto; background: var(--raised); border: 1px solid var(--line); border-radius: 8px;
  padding: 10px 12px; box-shadow: 0 2px 10px #0002; font-size: 13px;
}
.panel h4 { font-size: 16px; margin: 0 0 2px; overflow-wrap: anywhere; color: var(--colour); }
.panel p { margin: 0 0 6px; color: var(--soft); font-size: 12px; }
.panel ol { list-style: none; margin: 0; padding: 0; }
.panel li button {
  display: flex; gap: 8px; width: 100%; padding: 2px 4px; border: 0; background: none;
  text-align: left;
}
.panel li button:hover { background: var(--line); }
.panel li span { flex: 1; overflow-wrap: anywhere; color: var(--colour); }
.panel li small { color: var(--soft); font-variant-numeric: tabular-nums; font-size: 12px; }
.groups { display: flex; flex-wrap: wrap; gap: 4px; }
.groups button {
  padding: 0 9px; border-radius: 99px; font-size: 12.5px; color: var(--colour);
  border-color: currentColor;
}
.groups button[aria-pressed=true] { background: var(--colour); color: var(--paper); }
@media (max-width: 640px) {
  .plane .panel {
    top: auto; bottom: 8px; left: 8px; right: 8px; width: auto; max-height: 40%;
  }
}
""".strip()
