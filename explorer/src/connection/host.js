// What every host of the page has in common: it looks like a widget's model, and tells those who listen.

export class Host {
  /** @type {Map<string, Set<Function>>} */
  handlers = new Map();

  get() {}
  set() {}
  save_changes() {}

  /** @param {string} name @param {Function} handler */
  on(name, handler) {
    this.handlers.set(name, (this.handlers.get(name) ?? new Set()).add(handler));
  }

  /** @param {string} name @param {Function} handler */
  off(name, handler) {
    this.handlers.get(name)?.delete(handler);
  }

  /** @param {string} name @param {...any} values */
  emit(name, ...values) {
    for (const handler of this.handlers.get(name) ?? []) handler(...values);
  }
}
