// Buttons, keys, scrub bar, timeline: what a person does, and what is told.
const by = id => document.getElementById(id);
const scrub = by('scrub'), clock = by('clock'), play = by('play'), said = by('status'), reading = by('reading');
const grid = by('cameras'), speeds = [...by('speed').options].map(option => option.value);
const KMH = 3.6, MPH = 2.2369362920544;
const SHOW_EVERY = 90;    // milliseconds: while films play, drawing the rest of the page anew takes from their pictures
let told = '', shown = 0, isHeld = false;

function show(ready) {
  if (state.playing && performance.now() - shown < SHOW_EVERY) return;
  shown = performance.now();
  const text = wallClock(state.seconds);
  if (clock.textContent !== text) clock.textContent = text;
  if (!isHeld) scrub.value = state.seconds;
  scrub.setAttribute('aria-valuetext', text);
  play.textContent = state.playing ? 'Pause' : 'Play';
  by('cursor').style.left = `${state.seconds / data.seconds * 100}%`;
  showSpeed();
  tell(ready);
}

function showSpeed() {
  if (!reading) return;
  const speed = speedAt(state.seconds);
  reading.textContent = speed === null ? 'Speed: no data' : `Speed: ${Math.round(speed * KMH)} km/h (${Math.round(speed * MPH)} mph)`;
  const x = state.seconds / data.seconds * 1000, now = by('curve-now');
  now.setAttribute('x1', x);
  now.setAttribute('x2', x);
}

function tell(ready) {
  const missing = players.filter(player => !player.slate.hidden).map(player => player.slate.textContent.trim().replace(/\s+/g, ' '));
  const text = missing.join('. ') || (state.playing && !ready ? 'Loading.' : '');
  if (text === told) return;
  told = text;
  said.textContent = text;
}

function enlarge(camera) {
  state.large = camera;
  by('large').value = camera;
  grid.classList.toggle('has-large', Boolean(camera));
  for (const player of players) {
    player.figure.classList.toggle('is-large', player.camera === camera);
    player.figure.querySelector('.enlarge').setAttribute('aria-pressed', String(player.camera === camera));
  }
}

function stepFrame(direction) {
  setPlaying(false);
  const leader = players.find(player => player.camera === state.large) || players[0];
  const fps = leader ? (data.fps[leader.camera] || 30) / leader.pace : 30;
  seek((Math.round(state.seconds * fps) + direction) / fps);
}

function changeSpeed(direction) {
  const next = speeds[speeds.indexOf(by('speed').value) + direction];
  if (next === undefined) return;
  by('speed').value = next;
  state.speed = Number(next);
}

function toggleSound() {
  const choice = by('sound');
  choice.value = state.sound ? '' : (choice.options[1] ? choice.options[1].value : '');
  setSound(choice.value);
}

const keys = {
  ' ': () => setPlaying(!state.playing),
  ',': () => stepFrame(-1),
  '.': () => stepFrame(1),
  'ArrowLeft': () => seek(state.seconds - 5),
  'ArrowRight': () => seek(state.seconds + 5),
  'Home': () => seek(0),
  'End': () => seek(data.seconds),
  'm': toggleSound,
  '+': () => changeSpeed(1),
  '-': () => changeSpeed(-1),
  '0': () => enlarge(''),
};
players.forEach((player, index) => { keys[String(index + 1)] = () => enlarge(player.camera); });

function isTaken(target, key) {
  if (target === scrub) return false;
  return target.tagName === 'SELECT' || ((target.tagName === 'BUTTON' || target.tagName === 'SUMMARY') && key === ' ');
}

document.addEventListener('keydown', event => {
  if (event.ctrlKey || event.altKey || event.metaKey || !keys[event.key] || isTaken(event.target, event.key)) return;
  event.preventDefault();
  keys[event.key]();
});
play.addEventListener('click', () => setPlaying(!state.playing));
by('back').addEventListener('click', () => stepFrame(-1));
by('step').addEventListener('click', () => stepFrame(1));
by('speed').addEventListener('change', event => { state.speed = Number(event.target.value); });
by('sound').addEventListener('change', event => setSound(event.target.value));
by('large').addEventListener('change', event => enlarge(event.target.value));
scrub.addEventListener('pointerdown', () => { isHeld = true; });
for (const end of ['pointerup', 'pointercancel']) document.addEventListener(end, () => { isHeld = false; });
scrub.addEventListener('input', () => seek(Number(scrub.value)));
for (const player of players) {
  player.figure.querySelector('.enlarge').addEventListener('click', () => enlarge(state.large === player.camera ? '' : player.camera));
}

for (const bar of document.querySelectorAll('[data-lane]')) {
  for (const piece of data.cameras[bar.dataset.lane]) {
    const block = document.createElement('b');
    block.className = piece.words ? 'gap' : 'here';
    block.style.left = `${piece.start / data.seconds * 100}%`;
    block.style.width = `${(piece.end - piece.start) / data.seconds * 100}%`;
    if (piece.words) block.title = `${piece.local}: ${piece.words}`;
    bar.append(block);
  }
  bar.addEventListener('click', event => seek((event.clientX - bar.getBoundingClientRect().left) / bar.clientWidth * data.seconds));
}

// Where no camera has a film or a clip that plays, a small copy of the film of all cameras may be there instead.
const small = by('small');
if (small) {
  const video = small.querySelector('video');
  video.addEventListener('loadedmetadata', () => { small.hidden = false; });
  video.addEventListener('timeupdate', () => seek(video.currentTime));
  listeners.push(() => {
    if (!video.src && players.length && players.every(player => player.broken)) video.src = video.dataset.src;
  });
}

listeners.push(show);
window.incident = { state, players, seek, setPlaying, wallClock, speedAt };
