// All cameras on one clock: it runs only while every camera that has a picture is ready to show it.
const players = [...document.querySelectorAll('.camera')].map(figure => new Player(figure));
const state = { seconds: 0, playing: false, speed: 1, sound: '', large: '' };
const listeners = [];
const PATIENCE = 0.025;   // seconds that a camera may be late before the clock waits for it
const HASTE = 12;
let last = performance.now();

function clamp(seconds) { return Math.max(0, Math.min(data.seconds, seconds)); }

function seek(seconds) { state.seconds = clamp(seconds); }

function setPlaying(playing) {
  if (playing && state.seconds >= data.seconds) seek(0);
  state.playing = playing;
  last = performance.now();
}

function setSound(camera) {
  state.sound = camera;
  for (const player of players) if (player.video) player.video.muted = player.camera !== camera;
}

// The clock goes slower while a camera is late: better all of them late together than one of them behind the others.
function pace() {
  const late = Math.max(0, ...players.map(player => player.lateness(state.seconds) / state.speed));
  return late <= PATIENCE ? 1 : Math.max(0.05, 1 - (late - PATIENCE) * HASTE);
}

function tick(now) {
  const passed = Math.min(2, Math.max(0, (now - last) / 1000));
  last = now;
  const ready = players.every(player => player.isReady());
  if (state.playing && ready) {
    state.seconds = clamp(state.seconds + passed * state.speed * pace());
    if (state.seconds >= data.seconds) state.playing = false;
  }
  for (const player of players) player.follow(state.seconds, state.playing && ready, state.speed);
  for (const listener of listeners) listener(ready);
  requestAnimationFrame(tick);
}

requestAnimationFrame(tick);
