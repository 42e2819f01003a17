// The page: asks what is served, and shows only what that can do.
import {ask, bear, onRefused, typing} from './ask.js';
import {apart, card, lay} from './cards.js';
import {at, make} from './make.js';
import {current, onLanguage, say, speak} from './texts.js';
import {start as startVectors} from './vectors.js';

const EXAMPLES = {
  ko: ['할머니께서 부엌에서 김치를 만드셨습니다.', '어제 비가 많이 와서 우리는 집에 있었어요.',
    '고양이가 마당에서 잠을 잔다.'],
  en: ['The nurse will earn money tomorrow.', 'My grandfather took a photo in Paris.',
    'Our team won the game.'],
};
const READ = ['classification', 'tagging', 'translation', 'language_modelling'];
const box = at('sentence');
let cards = [];

const asked = () => cards.forEach(each => each.ask(box.value));

function write(text) {
  box.value = text;
  box.focus();
  box.setSelectionRange(text.length, text.length);
  grow();
  asked();
}

function grow() {
  box.style.height = 'auto';
  box.style.height = Math.min(box.scrollHeight + 2, 320) + 'px';
}

function examples(runs) {
  const read = new Set(runs.flatMap(run => run.languages));
  const order = current() === 'ko' ? ['ko', 'en'] : ['en', 'ko'];
  const known = order.filter(name => read.has(name));
  const texts = known.flatMap(name => EXAMPLES[name].slice(0, known.length > 1 ? 2 : 3));
  const chips = texts.map(text => make('button', {
    type: 'button', class: 'chip', onclick: () => write(text)}, make('bdi', {}, text)));
  at('sentence-examples').replaceChildren(make('span', {}, say('examples')), ...chips);
}

async function open() {
  let told;
  try {
    told = await ask('served');
  } catch (problem) {
    at('nothing').textContent = problem.message;
    at('nothing').removeAttribute('data-text');
    return;
  }
  at('token').hidden = true;
  const runs = told.served.filter(each => READ.includes(each.task));
  const others = told.served.filter(each => !READ.includes(each.task) && each.task !== 'vectors');
  const vectors = told.served.filter(each => each.task === 'vectors');
  cards = [...runs.map(run => card(run, write)), ...others.map(apart)];
  lay(cards);
  at('sentences').hidden = !cards.length;
  for (const part of [at('sentence-title'), box, at('sentence-examples')])
    part.hidden = !runs.length;
  at('vectors').hidden = !vectors.length;
  at('nothing').hidden = !!told.served.length;
  at('nothing').dataset.text = 'nothing';
  box.maxLength = told.limits.characters;
  onLanguage(() => { examples(runs); cards.forEach(each => each.draw()); });
  if (vectors.length) startVectors(vectors);
  speak();
  asked();
}

onRefused(() => { at('token').hidden = false; at('nothing').hidden = true; });
at('token').addEventListener('submit', event => {
  event.preventDefault();
  bear(at('token-text').value.trim());
  open();
});
const other = () => current() === 'ko' ? 'en' : 'ko';
at('language').addEventListener('click', () => speak(other()));
onLanguage(() => {
  const button = at('language');
  button.textContent = say('other');
  button.lang = other();
  button.setAttribute('aria-label', say('otherLabel'));
});
at('theme').addEventListener('click', () => {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === 'dark'
    : matchMedia('(prefers-color-scheme: dark)').matches;
  root.dataset.theme = dark ? 'light' : 'dark';
  try { localStorage.setItem('seqkit-theme', root.dataset.theme); } catch { /* for this visit */ }
});
box.addEventListener('input', grow);
typing(box, asked);
speak();
open();
