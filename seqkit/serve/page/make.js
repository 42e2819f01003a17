// Elements in one line: make('p', {class: 'note'}, 'text', child, ...).
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children.filter(child => child != null));
  return element;
}
export const at = id => document.getElementById(id);
export const percent = share =>
  share >= 0.9995 ? '100 %' : share < 0.001 ? '< 0.1 %' : (100 * share).toFixed(1) + ' %';

// What stands for a piece of text: SentencePiece's mark of a space is no part of it.
export const piece = text => text.replace(/^▁(?=.)/, '').replace(/^▁$/, '·');
