// A drop is never lost: Streamlit takes a zone off the page while files for it are still on their way, and a browser opens
// files that fall beside a zone. Files wait here until the page stands still, and go into the zone that is there then.
if (!window.cardiovDrops) {
  window.cardiovDrops = true;
  const PATIENCE_MS = 60000, LOOK_MS = 100, SAID_MS = 6000, STILL = 3, GONE = 30;
  const REFUSED = 'The file was not taken. Drop it on Analyse or Batch.';
  const ZONES = '[class*="st-key-drop_zone_"], [class*="st-key-batch_files_"]';
  const given = new WeakSet();
  const works = () => document.querySelector('.stApp')?.dataset.testScriptState === 'running';
  // Which zone of the page it is: its key without the number that makes it a fresh one.
  const kindOf = place => {
    const zone = place.closest?.('[class*="st-key-"]:has([data-testid=stFileUploaderDropzone])');
    const key = zone && [...zone.classList].find(name => name.startsWith('st-key-'));
    return key ? `[class*="${key.replace(/\d+$/, '')}"]` : ZONES;
  };
  const openButton = () => document.querySelector('.st-key-open_other button');
  const inputOf = kind => document.querySelector(kind)?.querySelector('input[type=file]');

  const give = (input, files) => {
    const filled = new DataTransfer();
    for (const file of files) filled.items.add(file);
    input.files = filled.files;
    given.add(input);
    input.dispatchEvent(new Event('change', {bubbles: true}));
    given.delete(input);
  };

  const say = words => {
    document.querySelector('.cv-said')?.remove();
    if (!words) return;
    const said = document.body.appendChild(document.createElement('div'));
    Object.assign(said, {className: 'cv-said', role: 'status', textContent: words});
    setTimeout(() => said.remove(), SAID_MS);
  };

  // A page that begins again at once stands still for a moment between.
  const keep = (files, kind) => {
    const until = performance.now() + PATIENCE_MS, page = location.pathname;
    let still = 0, gone = 0;
    const look = () => {
      still = works() ? 0 : still + 1;
      const idle = still >= STILL, input = idle ? inputOf(kind) : null;
      if (input) { say(''); give(input, files); return; }
      // The zone of an open ECG stands behind a button.
      const button = openButton();
      gone = idle && !button ? gone + 1 : 0;
      if (location.pathname !== page || performance.now() > until || gone > GONE) { say(REFUSED); return; }
      if (idle && button?.getAttribute('aria-expanded') === 'false') button.click();
      setTimeout(look, LOOK_MS);
    };
    if (works()) say('The file is taken as soon as this page is ready.');
    look();
  };

  // What was dropped behind the button is in view once its zone is gone.
  const fold = input => {
    const zone = input.closest('[class*="st-key-drop_zone_"]');
    if (!zone || !zone.closest('[data-testid=stPopoverBody]')) return;
    const key = [...zone.classList].find(name => name.startsWith('st-key-')), until = performance.now() + PATIENCE_MS;
    const look = () => {
      if (performance.now() > until) return;
      if (document.querySelector(`.${key}`)) setTimeout(look, LOOK_MS);
      else if (openButton()?.getAttribute('aria-expanded') === 'true') openButton().click();
    };
    look();
  };

  const carriesFiles = event => [...(event.dataTransfer?.types ?? [])].includes('Files');
  document.addEventListener('dragover', event => { if (carriesFiles(event)) event.preventDefault(); });
  document.addEventListener('drop', event => {
    if (!carriesFiles(event)) return;
    const zone = event.target.closest?.('[data-testid=stFileUploaderDropzone]');
    if (zone && !works()) return;
    event.preventDefault();
    event.stopPropagation();
    keep([...event.dataTransfer.files], kindOf(event.target));
  }, true);
  document.addEventListener('change', event => {
    const input = event.target;
    if (input.type !== 'file' || !input.files.length) return;
    if (given.has(input) || input.webkitdirectory || !works()) { fold(input); return; }
    const files = [...input.files];
    event.stopPropagation();
    input.value = '';
    keep(files, kindOf(input));
  }, true);
}
