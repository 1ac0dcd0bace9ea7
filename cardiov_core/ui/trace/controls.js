// The controls stand above the paper and belong to Streamlit; what they show is followed at once, the server's answer
// changes nothing more. What a key chooses is told to the server as what is chosen, not as a key: none is lost.

// All papers of the page, what was chosen and is not answered yet, and how many keys were pressed.
const shared = window.cardiovPaper ??= {papers: new Set(), ahead: {}, count: 0, listens: false};

function onPage() {
  for (const paper of shared.papers) if (!paper.svg.isConnected) shared.papers.delete(paper);
  return [...shared.papers];
}

function choose(name, value, count) {
  const papers = onPage();
  if (!papers.length || papers[0].chosen[name] === value) return;
  shared.ahead[name] = {value, count, since: performance.now()};
  for (const paper of papers) paper.follow(name, value);
  if (name in papers[0].data.kept.words) papers[0].keep({[name]: value});
}

function controlOf(test) { return onPage()[0]?.data.controls.find(test); }

function changed({target}) {
  const label = target.getAttribute('aria-label') || target.closest('[role=radiogroup]')?.getAttribute('aria-label');
  const control = label && controlOf(each => each.label === label);
  const combobox = target.getAttribute('role') === 'combobox';
  const words = combobox ? target.value : target.getAttribute('aria-checked') === 'true' && target.textContent.trim();
  // While a key waits for its answer, what a control shows is that of the key before.
  if (!control || shared.ahead[control.name]?.count || !(words in control.options)) return;
  choose(control.name, control.options[words], 0);
}

function pressed(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest?.('input, textarea, [contenteditable=true]')) return;
  const control = controlOf(each => each.letter === event.key.toLowerCase());
  const teller = onPage().find(paper => paper.data.keys);
  if (!control || !teller) return;
  const options = Object.values(control.options);
  choose(control.name, options[(options.indexOf(teller.chosen[control.name]) + 1) % options.length], ++shared.count);
  const waiting = Object.entries(shared.ahead).filter(([, {count}]) => count).map(([name, {value}]) => [name, value]);
  teller.tell('chosen', {count: shared.count, words: Object.fromEntries(waiting)});
}

export default function (component) {
  const {data, parentElement, setStateValue} = component;
  if (!shared.listens) {
    shared.listens = true;
    new MutationObserver(changes => changes.forEach(changed))
      .observe(document.body, {subtree: true, attributes: true, attributeFilter: ['value', 'aria-checked']});
    document.addEventListener('keydown', pressed);
  }
  const paper = parentElement.cardiovPaper ??= new Paper(parentElement);
  shared.papers.add(paper);
  paper.tell = setStateValue;
  paper.show(data);
}
