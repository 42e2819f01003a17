// Every text of the page, in both languages.
const TEXTS = {
  en: {
    other: '한국어', otherLabel: '한국어로 보기', skip: 'To the content', theme: 'Light or dark',
    token: 'This server asks for its token', send: 'Send', loading: 'Asking what is served …',
    nothing: 'Nothing that this page can show is served.',
    sentence: 'Type a sentence', question: 'Words: a word, or A − B + C', which: 'Word vectors',
    map: 'Words in the plane', examples: 'Try:', write: 'What comes here appears as you type.',
    classification: 'label', tagging: 'tags', translation: 'translation',
    language_modelling: 'completion', naming: 'names', series: 'numbers', lesson: 'lesson',
    captioning: 'captions', vectors: 'word vectors',
    next: 'Next words; choose one to write it', rest: 'The sentence, to its end',
    ending: 'Endings of the word; choose one to write it',
    read_as_unknown: 'Never seen in training: ', attention: 'Attention',
    attention_about: 'Each row: where the model looked when it wrote that unit. A row sums to 1.',
    numbers: 'Numbers', reads: 'It reads {0}.', ko: 'Korean', en: 'English', empty: 'No answer.',
    category: 'Category', ask: 'Ask', text_of: 'Text for {0}',
    busy: 'Too much to do at the moment; type on, or wait.', gone: 'The server does not answer.',
    stopping: 'The server is stopping.', late: 'That took too long.', near: 'Nearest words',
    unknown_word: '“{0}” is not among the words.', spelt: 'Spelt like it:',
    not_a_sum: 'Write a word, or A − B + C.', drawn_by: '{0} of {1} dimensions.',
    sum: 'sum', share: 'The plane holds {0} of the variance.',
    overview: 'The {0} most frequent words; choose one.', subwords: 'made of its subwords',
    cosine: 'cosine', foot: 'Nothing typed here leaves this server.', confidence: 'probability',
  },
  ko: {
    other: 'English', otherLabel: 'View in English', skip: '본문으로', theme: '밝게 또는 어둡게',
    token: '이 서버는 토큰을 요구합니다', send: '보내기', loading: '무엇이 있는지 묻는 중 …',
    nothing: '이 페이지가 보여 줄 수 있는 것이 없습니다.',
    sentence: '문장을 써 보세요', question: '낱말: 낱말 하나 또는 A − B + C', which: '낱말 벡터',
    map: '평면 위의 낱말', examples: '보기:', write: '쓰는 대로 여기에 나타납니다.',
    classification: '분류', tagging: '태그', translation: '번역', language_modelling: '이어 쓰기',
    naming: '이름 짓기', series: '수열', lesson: '수업', captioning: '설명', vectors: '낱말 벡터',
    next: '다음 낱말 (고르면 써집니다)', rest: '문장 끝까지',
    ending: '이 낱말의 나머지 (고르면 써집니다)',
    read_as_unknown: '배운 적 없는 것: ', attention: '어텐션',
    attention_about: '각 행은 그 조각을 쓸 때 모델이 본 곳입니다. 한 행의 합은 1입니다.',
    numbers: '수치', reads: '이 모델이 읽는 언어: {0}', ko: '한국어', en: '영어',
    empty: '답이 없습니다.', category: '범주', ask: '묻기', text_of: '{0}에 줄 글',
    busy: '지금은 일이 너무 많습니다. 잠시 뒤 다시 됩니다.', gone: '서버가 답하지 않습니다.',
    stopping: '서버가 멈추는 중입니다.', late: '너무 오래 걸렸습니다.', near: '가까운 낱말',
    unknown_word: '“{0}”: 모르는 낱말입니다.', spelt: '비슷한 철자:',
    not_a_sum: '낱말 하나 또는 A − B + C 꼴로 써 주세요.', drawn_by: '{1}차원을 {0}로 옮긴 그림입니다.',
    sum: '합', share: '이 평면은 분산의 {0}를 담고 있습니다.',
    overview: '가장 잦은 낱말 {0}개입니다. 골라 보세요.', subwords: '부분 낱말로 만든 벡터',
    cosine: '코사인', foot: '여기에 쓴 글은 이 서버 밖으로 나가지 않습니다.', confidence: '확률',
  },
};

const kept = name => { try { return localStorage.getItem(name); } catch { return null; } };
let language = kept('seqkit-language')
  || ((navigator.languages || [navigator.language]).find(l => /^(ko|en)/.test(l)) || 'en')
    .slice(0, 2);
const listeners = [];

export const say = (name, ...values) =>
  (TEXTS[language][name] ?? name).replace(/\{(\d)\}/g, (_, i) => values[i]);
export const current = () => language;
export const onLanguage = listener => listeners.push(listener);

export function speak(chosen = language) {
  language = chosen;
  try { localStorage.setItem('seqkit-language', chosen); } catch { /* for this visit, then */ }
  document.documentElement.lang = chosen;
  document.querySelectorAll('[data-text]').forEach(e => { e.textContent = say(e.dataset.text); });
  document.querySelectorAll('[data-label]').forEach(e => {
    e.setAttribute('aria-label', say(e.dataset.label));
    if (e.tagName === 'BUTTON') e.title = say(e.dataset.label);
  });
  listeners.forEach(listener => listener());
}
