// One camera: which piece of its time is on, and its video kept at the picture of that moment.
const LATE = 0.35;        // seconds off beyond which a video jumps instead of catching up
const STEADY = 0.012;     // seconds off that are let be
const PULL = 12;          // how hard a video is pulled towards its moment, and how hard one with sound, whose rate
const SOFT_PULL = 5;      // takes effect late: about 50 ms, which browsers have passed on to the loudspeaker already
const LEAD = 0.8;         // seconds before the end of a gap at which a video is set going, behind the slate
const SLOWEST = 0.0625;   // browsers play no slower
const HAIR = 0.004;       // seconds that are surely still in the picture before
const BRIEF = 0.1;        // seconds of a seam through which a video is left running
const ASTRAY = 0.05;      // seconds that a resting video may be off while the others play: each jump costs them a pause
const SETTLING = 250;     // milliseconds in which sound begins to flow
const AT_END = 0.01;      // seconds before a film's end: to play on from there would begin it anew
const NOT_SHOWN = 'Its film is not in this copy, or this browser cannot play it. See the files below.';
const SOUNDING = new Set([...document.getElementById('sound').options].map(option => option.value));

function paceOf(piece) { return (piece && piece.pace) || 1; }

class Player {
  constructor(figure) {
    this.camera = figure.dataset.camera;
    this.figure = figure;
    this.reel = new Reel(figure.querySelectorAll('video'), file => this.onFault(file));
    this.slate = figure.querySelector('.slate');
    this.pieces = data.cameras[this.camera];
    this.label = figure.querySelector('.enlarge').textContent;
    this.piece = undefined;
    this.sounds = SOUNDING.has(this.camera);
    this.begun = this.before = 0;
  }

  // A film that is not in this copy, or cannot be played, is no loss where the clips are here that it was made of.
  onFault(file) {
    this.piece = undefined;
    const clips = data.clips[this.camera];
    if (!clips || this.pieces === clips || !this.pieces.some(piece => piece.file === file || !piece.file)) return;
    this.pieces = clips;
    this.reel.open();
  }

  get video() { return this.reel.front; }

  get broken() { return this.reel.isBroken(); }

  at(seconds) {
    const found = this.pieces.find(piece => seconds < piece.end);
    return found || this.pieces[this.pieces.length - 1];
  }

  // Seconds of the clock in one of the film: a hyperlapse is much shorter than its time.
  get pace() { return paceOf(this.piece); }

  // The next piece with a picture after a moment at which there is none.
  next(seconds) { return this.pieces.find(each => each.start >= seconds && typeof each.film === 'number'); }

  // The video's time for a moment: that of its picture. Where there is none, it waits a little before the next one, in
  // what came before the gap, so that it runs already when its picture is due. A seam shows the picture: no lead there.
  filmTime(seconds) {
    const piece = this.at(seconds);
    if (piece && typeof piece.film === 'number') return piece.film + (Math.min(seconds, piece.end) - piece.start) / paceOf(piece);
    const next = this.next(seconds);
    if (!next) return null;
    if (!piece.seam) return next.film - Math.min(this.lead(next), (next.start - seconds) / paceOf(next));
    const held = this.held(piece);
    return held === next ? next.film - HAIR : held.film + (held.end - held.start) / paceOf(held) - HAIR;
  }

  // The piece whose file has the picture that a seam holds: the one before it, as the one behind goes on in its film.
  held(piece) {
    const next = this.next(piece.start), before = this.pieces[this.pieces.indexOf(piece) - 1];
    return next && before && typeof before.film === 'number' && before.file !== next.file ? before : next;
  }

  // The piece whose file has to be in front at a piece of the time.
  source(piece) {
    if (!piece || typeof piece.film === 'number') return piece;
    return piece.seam ? this.held(piece) : this.next(piece.start);
  }

  // Seconds of its film that a video runs behind the slate.
  lead(next) { return Math.min(LEAD * state.speed / paceOf(next), next.film); }

  isBrief() { return Boolean(this.piece) && this.piece.seam && this.piece.end - this.piece.start <= BRIEF; }

  isLeading(seconds) {
    const next = this.broken || !this.slate || this.slate.hidden ? undefined : this.next(seconds);
    return Boolean(next) && next.start - seconds <= LEAD * state.speed;
  }

  shows(piece) { return !this.broken && piece && typeof piece.film === 'number'; }

  isReady() {
    return this.broken || !this.shows(this.piece) || (this.video.readyState >= 2 && !this.video.seeking);
  }

  start() {
    this.begun = performance.now();
    this.video.play().catch(() => undefined);
  }

  // How fast it runs, as a part of what it should: 1, but just after it was set going, when sound is slow to begin.
  flow(now, expected) {
    const moved = this.video.currentTime - this.before;
    this.before = this.video.currentTime;
    return now - this.begun < SETTLING ? Math.max(0, Math.min(1, moved / expected || 0)) : 1;
  }

  isAtEnd() { return this.video.duration - this.video.currentTime < AT_END; }

  // The moment, in seconds from the start, of the picture that is on; null where a slate is.
  moment() {
    return this.shows(this.piece) ? this.piece.start + (this.video.currentTime - this.piece.film) * this.pace : null;
  }

  // Be at a moment: at rest, or running at a speed, which is pulled at unless the clock follows this very video.
  follow(seconds, playing, speed, leads) {
    this.enter(this.at(seconds));
    if (this.broken) return;
    const moves = this.shows(this.piece) || this.isBrief() || this.isLeading(seconds), rate = speed / this.runningPace(seconds);
    if (playing && moves && rate >= SLOWEST) this.run(seconds, rate, leads);
    else this.rest(seconds, playing ? ASTRAY : HAIR / 2);
  }

  // The pace of what runs: behind the slate that is the film of the next piece already.
  runningPace(seconds) { return paceOf(this.shows(this.piece) ? this.piece : this.next(seconds)); }

  // Seconds of its film by which the picture that is on is late. Past the end of its piece nothing is late any more:
  // what `filmTime` tells of that moment is the place of another piece.
  lateness(seconds) {
    const isOn = this.shows(this.piece) && seconds < this.piece.end;
    return isOn ? this.filmTime(seconds) - this.video.currentTime : 0;
  }

  enter(piece) {
    if (piece === this.piece) return;
    this.piece = piece;
    const source = this.source(piece);
    if (source) this.reel.turnTo(source.file, this.pieces.find(each => each.start >= source.end && each.file !== source.file));
    const held = piece && piece.seam && !this.broken;
    this.slate.hidden = Boolean(this.shows(piece) || held);
    this.hear();
    if (this.slate.hidden) return;
    this.slate.querySelector('.what').textContent = `${this.label}: ${piece && piece.words ? 'no footage' : 'not shown'}`;
    this.slate.querySelector('.why').textContent = piece && piece.words ? `${piece.local}: ${piece.words}` : NOT_SHOWN;
  }

  // Sound comes from the chosen camera, and only while its picture is on.
  hear() {
    if (!this.video) return;
    this.video.muted = state.sound !== this.camera || !this.slate.hidden;
    this.video.preservesPitch = state.sound === this.camera;
  }

  run(seconds, speed, leads) {
    const video = this.video, off = this.filmTime(seconds) - video.currentTime;
    if (video.seeking) return;
    if (Math.abs(off) > LATE * Math.max(1, speed)) { video.currentTime = this.filmTime(seconds); return; }
    if (video.paused && !this.isAtEnd()) this.start();
    const pull = leads || Math.abs(off) < STEADY ? 0 : off * (this.sounds ? SOFT_PULL : PULL);
    const rate = Math.max(SLOWEST, Math.min(speed + pull, speed * 2));
    if (Math.abs(video.playbackRate - rate) > 0.01) video.playbackRate = rate;
  }

  rest(seconds, tolerance) {
    const video = this.video, wanted = this.filmTime(seconds);
    if (!video.paused) video.pause();
    if (wanted === null || video.seeking || video.readyState < 1) return;
    const goal = Math.min(wanted + 0.001, Math.max(0, video.duration - 0.001));
    if (Math.abs(video.currentTime - goal) > tolerance) video.currentTime = goal;
  }
}
