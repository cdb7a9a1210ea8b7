// One camera's files: its joined film, or before there is one its clips, one in front and the next one loaded behind it.
class Reel {
  constructor(videos, onFault) {
    [this.front, this.spare] = videos;
    this.bad = new Set();
    this.onFault = onFault;
    for (const video of videos) this.watch(video);
  }

  watch(video) {
    video.addEventListener('error', () => {
      this.bad.add(video.getAttribute('src'));
      this.onFault(video.getAttribute('src'));
    });
  }

  // Be ready to go from file to file where one film was expected.
  open() {
    if (this.spare) return;
    this.spare = this.front.cloneNode();
    this.spare.removeAttribute('src');
    this.spare.classList.add('behind');
    this.front.after(this.spare);
    this.watch(this.spare);
  }

  isBroken() { return !this.front || this.bad.has(this.front.getAttribute('src')); }

  // Bring a file to the front; `next` is the piece whose file is wanted after it. A film alone is always in front.
  turnTo(file, next) {
    if (!this.spare) return;
    if (this.front.getAttribute('src') !== file) {
      this.load(this.spare, file);
      this.swap();
    }
    if (next && next.file) this.load(this.spare, next.file, next.film);
  }

  load(video, file, moment) {
    if (video.getAttribute('src') !== file) video.src = file;
    if (moment) video.currentTime = moment;
  }

  swap() {
    [this.front, this.spare] = [this.spare, this.front];
    this.spare.pause();
    this.spare.muted = true;
    this.spare.classList.add('behind');
    this.front.classList.remove('behind');
  }
}
