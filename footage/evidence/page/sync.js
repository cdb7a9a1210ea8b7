// All cameras on one clock: it runs only while every camera that has a picture is ready to show it.
const players = [...document.querySelectorAll('.camera')].map(figure => new Player(figure));
const state = { seconds: 0, playing: false, speed: 1, sound: '', large: '' };
const listeners = [];
const PATIENCE = 0.025;   // seconds of its film that a camera may be late before the clock waits for it
const HASTE = 8;          // how hard the clock brakes for a late camera at once, and how hard where it stays late: one
const GRIP = 10;          // that cannot play as fast as this sets the speed of all
const SLOWEST_CLOCK = 0.05, MOST_SLACK = 0.75;
const STEPS = 20;         // of the speed of sound, so that it is not changed all the time
const FOLLOW = 0.5;       // the part of its distance to the camera that it follows which the clock makes up at once
let last = performance.now();
let slack = 0, paced = 1; // the part of the speed that is given up for a camera that stays late; what is left of it all

function clamp(seconds) { return Math.max(0, Math.min(data.seconds, seconds)); }

function seek(seconds) { state.seconds = clamp(seconds); }

function setPlaying(playing) {
  if (playing && state.seconds >= data.seconds) seek(0);
  state.playing = playing;
  slack = 0;
  paced = 1;
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
// The camera that it follows is slowed too. How late they are counts at the moment that is due now.
function pace(passed, speed, leader) {
  const due = state.seconds + passed * speed * paced;
  const late = Math.max(0, ...players.filter(player => player !== leader).map(player => player.lateness(due))) - PATIENCE;
  slack = Math.max(0, Math.min(MOST_SLACK, slack + late * passed * GRIP));
  paced = Math.max(SLOWEST_CLOCK, 1 - slack - Math.max(0, late) * HASTE);
}

function advance(passed, speed, leader) {
  pace(passed, speed, leader);
  const moved = state.seconds + passed * speed * paced;
  return leader ? Math.max(state.seconds, moved - leader.lateness(moved) * leader.pace * FOLLOW) : moved;
}

function tick(now) {
  const passed = Math.min(2, Math.max(0, (now - last) / 1000));
  last = now;
  const ready = players.every(player => player.isReady());
  const going = state.playing && ready, leader = going ? findLeader() : undefined;
  const flow = leader ? leader.flow(now, passed * state.speed / leader.pace) : 1;
  if (going) {
    state.seconds = clamp(advance(passed, state.speed * flow, leader));
    if (state.seconds >= data.seconds) state.playing = false;
  }
  const steady = state.speed * Math.ceil(paced * STEPS) / STEPS;
  for (const player of players) player.follow(state.seconds, going, player === leader ? steady : state.speed * flow, player === leader);
  for (const listener of listeners) listener(ready);
  requestAnimationFrame(tick);
}

requestAnimationFrame(tick);
