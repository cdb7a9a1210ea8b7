// One camera: which piece of its time is on, and its video kept at the picture of that moment.
const LATE = 0.35;        // seconds off beyond which a video jumps instead of catching up
const STEADY = 0.012;     // seconds off that are let be
const PULL = 8;           // how hard a video is pulled towards its moment

class Player {
  constructor(figure) {
    this.camera = figure.dataset.camera;
    this.figure = figure;
    this.video = figure.querySelector('video');
    this.slate = figure.querySelector('.slate');
    this.pieces = data.cameras[this.camera];
    this.piece = undefined;
    this.broken = !this.video;
    if (this.video) this.video.addEventListener('error', () => { this.broken = true; this.piece = undefined; });
  }

  at(seconds) {
    const found = this.pieces.find(piece => seconds < piece.end);
    return found || this.pieces[this.pieces.length - 1];
  }

  // The video's time for a moment: that of its picture, or while nothing is there, that of the next picture to come.
  filmTime(seconds) {
    const piece = this.at(seconds);
    if (piece && piece.film !== undefined && piece.film !== null) return piece.film + Math.min(seconds, piece.end) - piece.start;
    const next = this.pieces.find(each => each.start >= seconds && typeof each.film === 'number');
    return next ? next.film : null;
  }

  shows(piece) { return !this.broken && piece && typeof piece.film === 'number'; }

  isReady() {
    return this.broken || !this.shows(this.piece) || (this.video.readyState >= 2 && !this.video.seeking);
  }

  // The moment, in seconds from the start, of the picture that is on; null where a slate is.
  moment() {
    return this.shows(this.piece) ? this.piece.start + this.video.currentTime - this.piece.film : null;
  }

  follow(seconds, playing, speed) {
    const piece = this.at(seconds);
    if (piece !== this.piece) this.enter(piece);
    if (this.broken) return;
    if (playing && this.shows(piece)) this.run(seconds, speed);
    else this.rest(seconds);
  }

  // Seconds by which the picture that is on is late.
  lateness(seconds) {
    return this.shows(this.piece) ? this.filmTime(seconds) - this.video.currentTime : 0;
  }

  enter(piece) {
    this.piece = piece;
    const held = piece && piece.seam && !this.broken;
    this.slate.hidden = Boolean(this.shows(piece) || held);
    if (this.slate.hidden) return;
    const why = piece && piece.words ? `${piece.local}: ${piece.words}` : 'this film cannot be played here';
    this.slate.querySelector('.why').textContent = why;
  }

  run(seconds, speed) {
    const video = this.video, off = this.filmTime(seconds) - video.currentTime;
    if (video.seeking) return;
    if (Math.abs(off) > LATE * Math.max(1, speed)) { video.currentTime = this.filmTime(seconds); return; }
    if (video.paused) video.play().catch(() => undefined);
    const pull = Math.abs(off) < STEADY ? 0 : Math.max(-0.7, Math.min(1, off * PULL / speed));
    const rate = Math.max(0.0625, speed * (1 + pull));
    if (Math.abs(video.playbackRate - rate) > 0.01) video.playbackRate = rate;
  }

  rest(seconds) {
    const video = this.video, wanted = this.filmTime(seconds);
    if (!video.paused) video.pause();
    if (wanted === null || video.seeking || video.readyState < 1) return;
    const goal = Math.min(wanted + 0.001, Math.max(0, video.duration - 0.001));
    if (Math.abs(video.currentTime - goal) > 0.002) video.currentTime = goal;
  }
}
