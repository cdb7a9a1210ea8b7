// All cameras on one clock: it runs only while every camera that has a picture is ready to show it.
const players = [...document.querySelectorAll('.camera')].map(figure => new Player(figure));
const state = { seconds: 0, playing: false, speed: 1, sound: '', large: '' };
const listeners = [];
const PATIENCE = 0.025;   // seconds that a camera may be late before the clock waits for it
const HASTE = 12;
const FOLLOW = 0.5;       // the part of its distance to the camera that it follows which the clock makes up at once
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
  for (const player of players) player.hear();
}

// The camera that the clock follows: one with sound, because browsers stumble where the speed of sound is changed.
function findLeader() {
  const fit = players.filter(player => player.sounds && player.shows(player.piece) && !player.isAtEnd());
  return fit.find(player => player.camera === state.sound) || fit[0];
}

// The clock goes slower while a camera is late: better all of them late together than one of them behind the others.
function pace() {
  const late = Math.max(0, ...players.map(player => player.lateness(state.seconds) / state.speed));
  return late <= PATIENCE ? 1 : Math.max(0.05, 1 - (late - PATIENCE) * HASTE);
}

function advance(passed, speed, leader) {
  if (!leader) return state.seconds + passed * speed * pace();
  const moved = state.seconds + passed * speed;
  return Math.max(state.seconds, moved - leader.lateness(moved) * FOLLOW);
}

function tick(now) {
  const passed = Math.min(2, Math.max(0, (now - last) / 1000));
  last = now;
  const ready = players.every(player => player.isReady());
  const going = state.playing && ready, leader = going ? findLeader() : undefined;
  const flow = leader ? leader.flow(now, passed * state.speed) : 1;
  if (going) {
    state.seconds = clamp(advance(passed, state.speed * flow, leader));
    if (state.seconds >= data.seconds) state.playing = false;
  }
  for (const player of players) {
    const leads = player === leader;
    player.follow(state.seconds, going, leads ? state.speed : state.speed * flow, leads);
  }
  for (const listener of listeners) listener(ready);
  requestAnimationFrame(tick);
}

requestAnimationFrame(tick);
