// Questions to the server: the newest one of each asker counts, older ones are given up.
import {say} from './texts.js';

let token = '';
try { token = sessionStorage.getItem('seqkit-token') || ''; } catch { /* asked for each time */ }
let refused = () => {};
export const onRefused = listener => { refused = listener; };
export function bear(given) {
  token = given;
  try { sessionStorage.setItem('seqkit-token', given); } catch { /* for this page, then */ }
}

export class Problem extends Error {
  constructor(status, told) {
    const known = {429: 'busy', 503: 'stopping', 504: 'late', 0: 'gone'}[status];
    super(known ? say(known) : told.error || String(status));
    this.status = status;
    this.word = told.word || '';                            // that is unknown
    this.nearest = told.nearest || [];
  }
}

export async function ask(path, body, signal) {
  const headers = {};
  if (token) headers.Authorization = 'Bearer ' + token;
  if (body) headers['Content-Type'] = 'application/json';
  let answer, told;
  try {
    answer = await fetch(path, {
      method: body ? 'POST' : 'GET', headers, signal, body: body && JSON.stringify(body)});
    told = await answer.json();
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new Problem(0, {});
  }
  if (answer.status === 401) refused();
  if (!answer.ok) throw new Problem(answer.status, told);
  return told;
}

// Returns a function that asks and hands the answer on, unless something newer was asked since.
export function newest(show, fail) {
  let running = null;
  return async (path, body) => {
    running?.abort();
    const mine = running = new AbortController();
    if (!path) return;
    try {
      const answer = await ask(path, body, mine.signal);
      if (running === mine) show(answer, body);
    } catch (error) {
      if (error.name !== 'AbortError' && running === mine) fail(error);
    }
  };
}

// Calls back when typing rests. While a syllable is being composed (Hangul, kana, ...) it waits
// longer, and not at all for a lone jamo; what is in the box is only read, never written.
export function typing(box, callback, rest = 250, restComposing = 600) {
  let timer = 0, composing = false;
  const later = wait => { clearTimeout(timer); timer = setTimeout(fire, wait); };
  const fire = () => {
    if (composing && /[\u3131-\u318e\u1100-\u11ff]$/.test(box.value)) return;
    callback();
  };
  box.addEventListener('compositionstart', () => { composing = true; });
  box.addEventListener('compositionend', () => { composing = false; later(rest); });
  box.addEventListener('input', event => later(event.isComposing ? restComposing : rest));
  return {now: () => { clearTimeout(timer); callback(); }, composing: () => composing};
}
