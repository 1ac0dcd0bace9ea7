// The ECG on its paper. Python sends the samples of both filters and the sheets of all layouts, speeds and gains once; what
// a reader changes of them, zoom and calipers never ask the server.
const SVG = 'http://www.w3.org/2000/svg';
const NO_SAMPLE = -32768;
const TICK_MM = 2.5, NAME_MM = 2.8, SPIKE_MM = 2.4, ABOVE = 0.6, MOST_MARCHED = 40;
const USUAL_SPEED_MM_S = 25;
// What a control may be ahead of a server that lost its session.
const PATIENCE_MS = 30000;
const YEAR_S = 365 * 24 * 3600;
const HINT = 'Drag a box from one point to the other, with Shift a further one, or type two times.';

function element(kind, attributes = {}, parent = null, text = '') {
  const made = document.createElementNS(SVG, kind);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  if (text) made.textContent = text;
  if (parent) parent.appendChild(made);
  return made;
}

function html(kind, parent, className = '', text = '') {
  const made = document.createElement(kind);
  if (className) made.className = className;
  if (text) made.textContent = text;
  parent.appendChild(made);
  return made;
}

function samplesOf(text) {
  const bytes = Uint8Array.from(atob(text), letter => letter.charCodeAt(0));
  return new Int16Array(bytes.buffer);
}

class Paper {
  constructor(root) {
    this.root = html('div', root, 'cv-ecg');
    root = this.root;
    this.frame = html('div', root, 'cv-frame');
    this.svg = element('svg', {role: 'img', preserveAspectRatio: 'xMinYMin meet', class: 'cv-paper'}, this.frame);
    const foot = html('div', root, 'cv-foot');
    this.footer = html('span', foot, 'cv-footer');
    this.legend = html('span', foot, 'cv-legend', 'relative attention within this ECG, 0-1');
    this.readout = html('span', foot, 'cv-readout');
    this.notes = html('b', foot);
    this.bar = html('div', root, 'cv-calipers');
    this.from = this.field('Calipers: from, s');
    this.to = this.field('Calipers: to, s');
    this.march = html('input', this.label('March out'));
    this.march.type = 'checkbox';
    this.said = html('span', this.bar);
    this.said.setAttribute('role', 'status');
    for (const input of [this.from, this.to, this.march]) input.addEventListener('input', () => this.measure());
    this.boxes = [];
    this.known = {};
    this.listen();
  }

  label(words) {
    return html('label', this.bar, '', `${words} `);
  }

  field(words) {
    const input = html('input', this.label(words));
    Object.assign(input, {type: 'number', step: '0.01', min: '0'});
    return input;
  }

  show(data) {
    if (!this.data || this.data.window !== data.window) {
      this.view = null;
      this.boxes = [];
    }
    this.data = data;
    this.chosen = {...data.chosen};
    for (const [name, {value, since, count}] of Object.entries(shared.ahead)) {
      const answered = count ? count <= data.answered : this.chosen[name] === value;
      if (answered || performance.now() - since > PATIENCE_MS) delete shared.ahead[name];
      else this.chosen[name] = value;
    }
    this.keep(data.kept.words);
    this.draw();
  }

  // Written here and at once, so that neither a reload nor a late answer of the server loses a choice.
  keep(words) {
    const {cookie} = this.data.kept;
    const before = document.cookie.split('; ').find(each => each.startsWith(`${cookie}=`)) || '';
    const entries = new URLSearchParams(before.slice(cookie.length + 1));
    for (const [name, word] of Object.entries(words)) entries.set(name, name in shared.ahead ? shared.ahead[name].value : word);
    document.cookie = `${cookie}=${entries}; path=/; SameSite=Lax; max-age=${YEAR_S}`;
  }

  follow(name, value) {
    if (name === 'layout') { this.view = null; this.boxes = []; }
    this.chosen[name] = value;
    this.draw();
  }

  // Of the filter that was chosen, or of the one that is there until both are.
  get filtered() { return this.data.filters[this.filter]; }
  get filter() { return this.chosen.filter in this.data.filters ? this.chosen.filter : Object.keys(this.data.filters)[0]; }

  // Samples and strips of a filter, kept for as long as the samples are the same.
  get drawn() {
    const text = this.filtered.samples;
    if (this.known[this.filter]?.text !== text) this.known[this.filter] = {text, samples: samplesOf(text), paths: new Map()};
    return this.known[this.filter];
  }

  // Geometry of the sheet: svg counts y from the top, paper from the bottom.
  get layout() { return this.filtered.orders[this.chosen.lead_order][this.chosen.layout]; }
  get strips() { return this.layout.strips; }
  get sheet() { return {...this.layout.gains[this.chosen.gain], ...this.data.speeds[this.chosen.speed]}; }
  get speed() { return Number(this.chosen.speed); }
  get gain() { return Number(this.chosen.gain); }
  x(time_s) { return this.sheet.left_mm + time_s * this.speed; }
  base(row) { const sheet = this.sheet; return sheet.height_mm - sheet.base_lines_mm[row]; }
  get pitch() { const lines = this.sheet.base_lines_mm; return lines[0] - lines[1]; }

  draw() {
    const {data, sheet, svg, chosen, filtered} = this;
    svg.replaceChildren();
    svg.setAttribute('aria-label', data.alternative);
    for (const [name, colour] of Object.entries(data.colours)) this.root.style.setProperty(`--cv-${name}`, colour);
    this.fit();
    this.grid(sheet);
    const band = element('g', {class: 'cv-attention', opacity: chosen.opacity}, svg);
    for (const [begin, end, share] of data.attention) {
      element('rect', {x: this.x(begin), y: 0, width: (end - begin) * this.speed, height: sheet.height_mm, 'fill-opacity': share}, band);
    }
    if (filtered.lit) this.light();
    if (chosen.waves === 'on') this.waves(sheet);
    this.pulses(sheet);
    this.traces();
    if (filtered.lit) this.lightBeats(sheet);
    this.names();
    this.overlay = element('g', {class: 'cv-overlay'}, svg);
    this.footer.textContent = [`${chosen.speed} mm/s`, `${chosen.gain} mm/mV`, ...filtered.footer].join(' · ');
    this.notes.textContent = filtered.notes;
    this.legend.hidden = !data.attention.length;
    this.bar.hidden = chosen.drag !== 'calipers';
    this.measure();
  }

  // Shape of the sheet on the screen: the whole paper, rhythm strip included; long paper keeps its millimetres and scrolls.
  fit() {
    const {sheet, svg} = this;
    const scale = [sheet.width_mm, sheet.height_mm, sheet.width_mm, sheet.height_mm];
    const view = this.view ? this.view.map((part, place) => part * scale[place]) : [0, 0, sheet.width_mm, sheet.height_mm];
    svg.setAttribute('viewBox', view.join(' '));
    svg.style.setProperty('--cv-aspect', `${sheet.width_mm} / ${sheet.height_mm}`);
    svg.style.setProperty('--cv-print', `${sheet.width_mm}mm`);
    svg.style.setProperty('--cv-wide', Math.max(1, this.speed / USUAL_SPEED_MM_S));
    svg.style.setProperty('--cv-screen', this.chosen.layout.startsWith('3x4') ? '100dvh' : '400dvh');
    const scrolls = this.frame.scrollWidth > this.frame.clientWidth;
    if (scrolls) this.frame.tabIndex = 0; else this.frame.removeAttribute('tabindex');
  }

  grid({width_mm, height_mm}) {
    const lines = (step, skip) => {
      let path = '';
      for (let x = 0; x <= width_mm; x += step) if (!skip || x % skip) path += `M${x} 0V${height_mm}`;
      for (let y = 0; y <= height_mm; y += step) if (!skip || (height_mm - y) % skip) path += `M0 ${y}H${width_mm}`;
      return path;
    };
    element('rect', {class: 'cv-ground', width: width_mm, height: height_mm}, this.svg);
    element('path', {class: 'cv-minor', d: lines(1, 5)}, this.svg);
    element('path', {class: 'cv-major', d: lines(5)}, this.svg);
  }

  traces() {
    for (const [lead, row, begin, end] of this.strips) {
      const path = this.path(lead, begin, end);
      if (!path) continue;
      path.setAttribute('transform', `translate(${this.x(begin)} ${this.base(row)}) scale(${this.speed / this.data.rate_hz} ${this.filtered.unit_mv * this.gain})`);
      this.svg.appendChild(path);
    }
    const ticks = this.strips.filter(strip => strip[2] > 0)
      .map(strip => `M${this.x(strip[2])} ${this.base(strip[1]) - TICK_MM}v${2 * TICK_MM}`).join('');
    element('path', {class: 'cv-tick', d: ticks}, this.svg);
  }

  // A strip in samples and units, drawn once: speed and gain are a transform of it.
  path(lead, begin, end) {
    const {paths, samples} = this.drawn, key = `${lead} ${begin} ${end}`;
    if (!paths.has(key)) paths.set(key, this.strip(samples, lead, begin, end));
    return paths.get(key);
  }

  strip(samples, lead, begin, end) {
    const place = this.data.leads.indexOf(lead.replace('-', ''));
    if (place < 0) return null;
    const sign = lead.startsWith('-') ? 1 : -1;
    const first = Math.round(begin * this.data.rate_hz), last = Math.round(end * this.data.rate_hz);
    const offset = place * this.data.n_samples;
    const parts = [];
    let move = true;
    for (let i = first; i < Math.min(last, this.data.n_samples); i++) {
      const value = samples[offset + i];
      if (value === NO_SAMPLE) { move = true; continue; }
      parts.push(`${move ? 'M' : ''}${i - first} ${sign * value}`);
      move = false;
    }
    return element('path', {class: 'cv-trace', 'data-lead': lead, d: parts.join(' ')});
  }

  pulses({left_mm, base_lines_mm}) {
    const width = this.data.pulse_s * this.speed;
    const path = base_lines_mm.map((_, row) =>
      `M${(left_mm - width) / 2 - 1} ${this.base(row)}h1v${-this.gain}h${width}v${this.gain}h1`).join('');
    element('path', {class: 'cv-pulse', d: path}, this.svg);
  }

  names() {
    for (const [lead, row, begin] of this.strips) {
      const plain = lead.replace('-', '');
      const [derived, marks] = this.data.remarks[plain] || ['', ''];
      const words = this.data.leads.includes(plain) ? derived : 'not recorded';
      const text = element('text', {
        class: 'cv-name', x: this.x(begin) + 0.5, y: this.base(row) - 0.5 * this.pitch + NAME_MM, 'font-size': NAME_MM,
      }, this.svg);
      element('tspan', {class: 'cv-lead-name'}, text, lead.replace('-', '\u2212'));
      if (words) element('tspan', {}, text, ` ${words}`);
      if (marks) element('tspan', {class: 'cv-marks'}, text, ` ${marks}`);
    }
  }

  waves({height_mm}) {
    for (const {wave, colour, dash, letter_mm, spans} of this.data.waves) {
      const group = element('g', {class: 'cv-wave', 'data-wave': wave, stroke: colour, fill: colour}, this.svg);
      for (const [begin, end, letters] of spans) {
        const x = this.x(begin), width = (end - begin) * this.speed;
        if (this.data.filled) element('rect', {x, y: 0, width, height: height_mm}, group);
        element('path', {d: `M${x} 0V${height_mm}M${x + width} 0V${height_mm}`, 'stroke-dasharray': dash === 'solid' ? 'none' : dash.replaceAll('px', '')}, group);
        element('text', {x: x + width / 2, y: letter_mm + 0.8, 'font-size': 2.1}, group, letters);
      }
    }
    for (const time of this.data.spikes) {
      const x = this.x(time);
      element('path', {class: 'cv-spike', d: `M${x} ${height_mm - SPIKE_MM - 1}l0.9 1.8h-1.8z`}, this.svg);
    }
  }

  light() {
    const {leads, fill, ink} = this.filtered.lit;
    for (const [lead, row, begin, end] of this.strips) {
      if (!leads.includes(lead.replace('-', ''))) continue;
      element('rect', {
        class: 'cv-lit', 'data-lead': lead.replace('-', ''), x: this.x(begin), y: this.base(row) - ABOVE * this.pitch,
        width: (end - begin) * this.speed, height: this.pitch, style: `fill: ${fill}; stroke: ${ink}`,
      }, this.svg);
    }
  }

  lightBeats({height_mm}) {
    const {beats, levels, level_s, ink} = this.filtered.lit;
    element('path', {class: 'cv-lit-beats', style: `stroke: ${ink}`, d: beats.map(time => `M${this.x(time)} 0V${height_mm}`).join('')}, this.svg);
    let path = '';
    for (const [lead, row, begin, end] of this.strips) {
      const sign = lead.startsWith('-') ? -1 : 1;
      for (const [whose, time, level_mv] of levels) {
        if (whose !== lead.replace('-', '') || time < begin || time + level_s > end) continue;
        path += `M${this.x(time)} ${this.base(row) - sign * level_mv * this.gain}h${level_s * this.speed}`;
      }
    }
    element('path', {class: 'cv-lit-levels', style: `stroke: ${ink}`, d: path}, this.svg);
  }

  // The mouse: drag zooms or measures, a double click shows the whole paper. A finger moves paper and page.
  listen() {
    const {svg} = this;
    svg.addEventListener('pointerdown', event => {
      if (event.pointerType === 'touch' || event.button) return;
      event.preventDefault();
      this.began = this.place(event);
      svg.setPointerCapture(event.pointerId);
    });
    svg.addEventListener('pointermove', event => {
      if (this.began) this.dragTo(this.place(event)); else this.readAt(this.place(event));
    });
    svg.addEventListener('pointerup', event => {
      if (!this.began) return;
      const from = this.began, to = this.place(event);
      this.began = null;
      this.dragTo(null);
      if (Math.abs(to.x - from.x) > 1 || Math.abs(to.y - from.y) > 1) this.dragged(from, to, event.shiftKey);
    });
    svg.addEventListener('pointerleave', () => this.readAt(null));
    svg.addEventListener('dblclick', () => { this.view = null; this.boxes = []; this.fit(); this.measure(); });
  }

  place(event) {
    const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(this.svg.getScreenCTM().inverse());
    return {x: point.x, y: point.y};
  }

  dragTo(to) {
    if (this.rubber) this.rubber.remove();
    this.rubber = to && element('rect', {
      class: 'cv-rubber', x: Math.min(this.began.x, to.x), y: Math.min(this.began.y, to.y),
      width: Math.abs(to.x - this.began.x), height: Math.abs(to.y - this.began.y),
    }, this.overlay);
  }

  dragged(from, to, further) {
    const {width_mm, height_mm} = this.sheet;
    if (this.chosen.drag !== 'calipers') {
      const x = Math.min(from.x, to.x), y = Math.min(from.y, to.y);
      const width = Math.max(5, Math.abs(to.x - from.x)), height = Math.max(5, Math.abs(to.y - from.y));
      this.view = [x / width_mm, y / height_mm, width / width_mm, height / height_mm];
      this.fit();
      return;
    }
    const row = this.rowAt(from.y), left = this.sheet.left_mm;
    const box = {row, from_s: (from.x - left) / this.speed, to_s: (to.x - left) / this.speed,
      from_mv: (this.base(row) - from.y) / this.gain, to_mv: (this.base(row) - to.y) / this.gain};
    this.boxes = further ? [...this.boxes, box] : [box];
    this.from.value = this.to.value = '';
    this.measure();
  }

  rowAt(y) {
    const distances = this.sheet.base_lines_mm.map((_, row) => Math.abs(this.base(row) - y));
    return distances.indexOf(Math.min(...distances));
  }

  measure() {
    if (!this.overlay) return;
    this.overlay.replaceChildren();
    if (this.chosen.drag !== 'calipers') return;
    const typed = [this.from.value, this.to.value];
    const boxes = typed.every(value => value !== '')
      ? [{row: 0, from_s: Number(typed[0]), to_s: Number(typed[1]), from_mv: 0, to_mv: 0}] : this.boxes;
    const readings = boxes.map(box => this.drawBox(box));
    if (boxes.length && this.march.checked) this.marchOut(boxes.at(-1));
    this.said.textContent = readings.length ? readings.join('; ') : HINT;
  }

  drawBox({row, from_s, to_s, from_mv, to_mv}) {
    const ms = Math.abs(to_s - from_s) * 1000, mv = Math.abs(to_mv - from_mv);
    const words = [`${Math.round(ms)} ms`];
    if (ms >= 1) words.push(`${Math.round(60000 / ms)} bpm`);
    if (mv) words.push(`${mv.toFixed(2)} mV`);
    const x = this.x(Math.min(from_s, to_s)), whole = !mv;
    const y = whole ? 0 : this.base(row) - Math.max(from_mv, to_mv) * this.gain;
    const height = whole ? this.sheet.height_mm : mv * this.gain;
    element('rect', {class: 'cv-box-measured', x, y, width: ms / 1000 * this.speed, height}, this.overlay);
    element('text', {class: 'cv-measured-words', x, y: Math.max(NAME_MM, y - 0.8), 'font-size': NAME_MM}, this.overlay, words.join(', '));
    return words.join(', ');
  }

  // The distance of the last box over the whole strip; one of a few ms would fill the paper.
  marchOut({from_s, to_s}) {
    const step = Math.abs(to_s - from_s) * this.speed, {width_mm, height_mm} = this.sheet;
    if (step * MOST_MARCHED < width_mm) return;
    let path = '';
    for (let x = this.x(Math.min(from_s, to_s)) % step; x <= width_mm; x += step) path += `M${x} 0V${height_mm}`;
    element('path', {class: 'cv-marched', d: path}, this.overlay);
  }

  // Lead, time and voltage under the pointer.
  readAt(point) {
    if (this.dot) this.dot.remove();
    this.dot = null;
    this.readout.textContent = '';
    if (!point || !this.overlay) return;
    const time = (point.x - this.sheet.left_mm) / this.speed, row = this.rowAt(point.y);
    const strip = this.strips.find(each => each[1] === row && time >= each[2] && time < each[3]);
    const place = strip ? this.data.leads.indexOf(strip[0].replace('-', '')) : -1;
    if (place < 0) return;
    const value = this.drawn.samples[place * this.data.n_samples + Math.round(time * this.data.rate_hz)];
    if (value === undefined || value === NO_SAMPLE) return;
    const mv = value * this.filtered.unit_mv * (strip[0].startsWith('-') ? -1 : 1);
    this.readout.textContent = `${strip[0].replace('-', '\u2212')}: ${(this.data.start_s + time).toFixed(3)} s, ${mv.toFixed(2)} mV`;
    this.dot = element('circle', {class: 'cv-dot', cx: point.x, cy: this.base(row) - mv * this.gain, r: 0.7}, this.overlay);
  }
}
