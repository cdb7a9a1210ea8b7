// Times: seconds from the incident's start, and what the clocks on the wall showed then.
const noted = id => JSON.parse(document.getElementById(id).textContent);
const data = { ...noted('data'), speed: noted('speeds') };
const beginning = Date.parse(data.start);

function pad(number, digits) { return String(number).padStart(digits, '0'); }

function spelled(milliseconds) {
  const moment = new Date(milliseconds);
  const day = `${moment.getUTCFullYear()}-${pad(moment.getUTCMonth() + 1, 2)}-${pad(moment.getUTCDate(), 2)}`;
  const clock = [moment.getUTCHours(), moment.getUTCMinutes(), moment.getUTCSeconds()].map(part => pad(part, 2)).join(':');
  return { day, clock: `${clock}.${pad(moment.getUTCMilliseconds(), 3)}` };
}

function wallClock(seconds) {
  const zone = data.zone.filter(each => each.from <= seconds).pop() || data.zone[0];
  const utc = beginning + Math.round(seconds * 1000);
  const local = spelled(utc + zone.offset * 1000);
  return `${local.day} ${local.clock} ${zone.name} (${spelled(utc).clock} UTC)`;
}

function speedAt(seconds) {
  const after = data.speed.findIndex(([moment]) => moment > seconds);
  const before = after < 0 ? data.speed.length - 1 : after - 1;
  const one = data.speed[before], other = data.speed[after];
  if (!one || !other || one[1] === null || other[1] === null || other[0] - one[0] > data.hole) return null;
  return one[1] + (other[1] - one[1]) * (seconds - one[0]) / (other[0] - one[0]);
}
