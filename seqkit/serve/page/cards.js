// A card for each run: what it makes of the sentence.
import {newest} from './ask.js';
import {at, make, percent, piece} from './make.js';
import {say} from './texts.js';

const SHOWN = 8;                                            // labels
const ENDED = /[\s.?!…]$/;                                   // no word is being written
const hangul = /[\u1100-\u11ff\u3131-\u318e\uac00-\ud7a3]/, latin = /[a-z]/i;

const DRAWERS = {
  classification: drawLabels, tagging: drawTags, translation: drawTranslation,
  language_modelling: drawCompletion,
};

export function card(run, write) {
  const body = make('div', {class: 'body', 'aria-live': 'polite'});
  const title = make('h3', {}, make('span', {'data-text': run.task}), ' ',
    make('small', {}, make('bdi', {}, run.name)));
  const element = make('article', {class: 'card ' + run.task, 'data-run': run.name}, title, body);
  const note = (text, kind = 'note') => body.replaceChildren(make('p', {class: kind}, text));
  let last = null;                                          // answer and question, to be redrawn
  const draw = () => {
    if (!last) return note(say('write'));
    const [answer] = last.answer.answers;
    body.replaceChildren(...DRAWERS[run.task](answer, run, last.asked, write));
  };
  const send = newest((answer, asked) => {
    last = {answer, asked}; element.removeAttribute('aria-busy'); draw();
  }, problem => {
    last = null; element.removeAttribute('aria-busy'); note(problem.message, 'problem');
  });
  const ask = text => {
    if (!text.trim()) { send(); last = null; return draw(); }
    if (foreign(run, text)) {
      send(); last = null;
      return note(say('reads', run.languages.map(name => say(name)).join(', ')));
    }
    element.setAttribute('aria-busy', 'true');
    send(...question(run, text));
  };
  return {element, ask, draw};
}

function foreign(run, text) {
  if (run.task !== 'translation' || run.languages.length !== 1) return false;
  return run.languages[0] === 'ko' ? !hangul.test(text) && latin.test(text)
    : run.languages[0] === 'en' && hangul.test(text) && !latin.test(text);
}

function question(run, text) {
  const asked = {model: run.name, texts: [text]};
  if (run.task === 'classification') return ['predict', {...asked, top: SHOWN}];
  if (run.task === 'tagging') return ['predict', {...asked, top: 3}];
  if (run.task === 'translation')
    return ['predict', {...asked, attention: run.can.includes('attention')}];
  return ['generate', {...asked, top: 6, sentences: 1, length: 80,
    unfinished: !ENDED.test(text)}];
}

function drawLabels(answer, run) {
  const rows = Object.entries(answer.probabilities).sort((a, b) => b[1] - a[1]);
  const bars = rows.map(([label, share]) => {
    const bar = make('span', {class: 'bar c' + colour(run.labels, label)});
    bar.style.setProperty('--share', share);
    const chosen = answer.labels.includes(label);
    return make('li', {class: chosen ? 'chosen' : ''},
      make('bdi', {class: 'label'}, label), make('span', {class: 'track'}, bar),
      make('span', {class: 'number'}, percent(share)));
  });
  const out = [make('ol', {class: 'bars'}, ...bars)];
  if (answer.attention) out.push(weighted(answer.attention));
  return out;
}

function weighted({columns, weights}) {
  const most = Math.max(...weights[0], 1e-9);
  const words = columns.map((token, i) => {
    const word = make('span', {class: 'weighted', title: weights[0][i].toFixed(3)}, piece(token));
    word.style.setProperty('--weight', weights[0][i] / most);
    return word;
  });
  return make('p', {class: 'tokens', 'aria-label': say('attention')}, ...words);
}

const colour = (names, name) => Math.max(0, names.indexOf(name)) % 8;
const kind = tag => tag.replace(/^[BIELSU]-/, '');

function drawTags(answer, run) {
  if (!answer.words.length) return [make('p', {class: 'note'}, say('empty'))];
  const kinds = [...new Set(run.labels.map(kind))];
  const words = answer.words.map((word, i) => {
    const tag = answer.tags[i], likely = Object.entries(answer.probabilities[i]);
    const told = likely.map(([name, share]) => name + ' ' + percent(share)).join(', ');
    const sure = (answer.probabilities[i][tag] ?? 0) >= 0.6;
    const outside = tag === 'O' || tag === '_';
    return make('span', {title: told, class: 'tagged c' + colour(kinds, kind(tag))
      + (sure ? '' : ' unsure') + (outside ? ' outside' : '')},
      make('bdi', {class: 'word'}, word), make('small', {}, outside ? '' : tag));
  });
  return [make('p', {class: 'tags'}, ...words)];
}

function drawTranslation(answer, run) {
  const [best] = answer.translations;
  if (!best) return [make('p', {class: 'note'}, say('empty'))];
  const out = [make('p', {class: 'translated', lang: run.writes}, best.text || say('empty'))];
  if (answer.attention) out.push(heatMap(answer.attention));
  return out;
}

function heatMap({rows, columns, weights}) {
  const head = make('tr', {}, make('td'),
    ...columns.map(name => make('th', {scope: 'col'},
      make('span', {class: hangul.test(name) ? '' : 'turned'}, piece(name)))));
  const lines = rows.map((name, i) => make('tr', {}, make('th', {scope: 'row'}, piece(name)),
    ...weights[i].map((weight, j) => {
      const told = piece(name) + ' ← ' + piece(columns[j]) + ': ' + weight.toFixed(3);
      const cell = make('td', {title: told, class: weight > 0.55 ? 'strong' : ''},
        make('span', {}, weight >= 0.095 ? weight.toFixed(1).slice(1).replace(/^\.0$/, '1') : ''));
      cell.style.setProperty('--weight', weight);
      return cell;
    })));
  return make('figure', {class: 'heat'},
    make('figcaption', {}, make('b', {}, say('attention')), ' ', say('attention_about')),
    make('div', {class: 'wide', tabindex: 0, role: 'group', 'aria-label': say('attention')},
      make('table', {}, make('thead', {}, head), make('tbody', {}, ...lines))));
}

function drawCompletion(answer, run, asked, write) {
  const text = asked.texts[0], {unfinished} = asked;
  const out = [];
  const words = answer.words.filter((word, i) => !i || word.probability >= 0.001);
  if (words.length) {
    const chips = words.map(({text: word, probability}) => make('button', {
      type: 'button', class: 'chip', onclick: () => write(continued(text, word)),
    }, make('bdi', {}, word), make('small', {}, percent(probability))));
    out.push(make('p', {class: 'note'}, say(unfinished ? 'ending' : 'next')),
      make('p', {class: 'chips'}, ...chips));
  }
  for (const sentence of answer.sentences) {
    const whole = sentence.text, same = whole.startsWith(text);
    out.push(make('p', {class: 'note'}, say('rest')), make('p', {class: 'sentence'},
      same ? make('span', {class: 'given'}, text) : null, same ? whole.slice(text.length) : whole,
      sentence.ended ? null : '…'));
  }
  if (answer.unknown.length) out.push(make('p', {class: 'note'},
    say('read_as_unknown'), make('bdi', {}, answer.unknown.slice(0, 5).join(', '))));
  return out.length ? out : [make('p', {class: 'note'}, say('empty'))];
}

// A word that goes on with the last one takes its place; another one comes after it.
export function continued(text, word) {
  const last = text.split(/\s/).pop();
  const goes = last && word.normalize('NFD').startsWith(last.normalize('NFD'));
  const before = goes ? text.slice(0, text.length - last.length) : text;
  return before + (before && !/\s$/.test(before) ? ' ' : '') + word + ' ';
}

// Runs whose text is of a kind of its own: a category, numbers, characters.
export function apart(run) {
  const body = make('div', {class: 'body', 'aria-live': 'polite'});
  const box = run.task === 'naming' ? make('select', {}, ...run.labels.map(
    name => make('option', {}, name))) : make('input', {type: 'text', autocomplete: 'off'});
  const send = newest(answer => body.replaceChildren(...drawApart(answer.answers[0])),
    problem => body.replaceChildren(make('p', {class: 'problem'}, problem.message)));
  const form = make('form', {class: 'row', onsubmit: event => {
    event.preventDefault();
    if (box.value.trim()) send('predict', {model: run.name, texts: [box.value]});
  }}, box, make('button', {type: 'submit', 'data-text': 'ask'}));
  const draw = () => box.setAttribute('aria-label', run.task === 'naming' ? say('category')
    : say('text_of', run.name));
  const element = make('article', {class: 'card ' + run.task, 'data-run': run.name},
    make('h3', {}, make('span', {'data-text': run.task}), ' ', make('small', {}, run.name)),
    form, body);
  return {element, ask: () => {}, draw};
}

function drawApart(answer) {
  if (answer.names) return [make('ul', {class: 'plain'}, ...answer.names.map(
    name => make('li', {}, make('bdi', {}, name.text),
      make('small', {}, percent(Math.exp(name.log_probability))))))];
  return [make('pre', {}, JSON.stringify(answer, null, 1))];
}

export function lay(cards) {
  at('cards').replaceChildren(...cards.map(one => one.element));
}
