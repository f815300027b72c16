// Work that is put off or overtaken: timers by name, and rounds of which only the newest counts.

export class Tasks {
  /** @type {Map<string, number>} */
  timers = new Map();
  /** @type {Map<string, number>} */
  rounds = new Map();

  /** Do something later, and only what was asked last. @param {string} name @param {number} wait milliseconds @param {() => void} action */
  later(name, wait, action) {
    this.cancel(name);
    this.timers.set(name, window.setTimeout(action, wait));
  }

  /** @param {string} name */
  cancel(name) {
    clearTimeout(this.timers.get(name));
  }

  /** Begin a round; the answer says whether none has begun since. @param {string} name @returns {() => boolean} */
  begin(name) {
    const round = (this.rounds.get(name) ?? 0) + 1;
    this.rounds.set(name, round);
    return () => this.rounds.get(name) === round;
  }
}
