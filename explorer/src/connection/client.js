// Questions to Python, whatever the host: a widget's model, or a socket that looks like one.
import { arraysOf, split } from "./protocol.js";

/** @typedef {import("./protocol.js").Tensor} Tensor */
/** @typedef {{header: any, arrays: Record<string, Tensor>}} Answer */

/** An answer that takes longer, in milliseconds: a notebook's kernel answers nothing while a cell runs. */
const BUSY = 1500;

export class Client {
  /** @param {any} model with a widget model's `send` and `on` */
  constructor(model) {
    this.model = model;
    this.last = 0;
    /** @type {Map<number, {resolve: (answer: Answer) => void, reject: (error: Error) => void}>} */
    this.open = new Map();
    /** @type {(busy: boolean) => void} */
    this.onBusy = () => {};
    this.hear = (content, buffers) => this.receive(content, buffers);
    model.on("msg:custom", this.hear);
    model.on("status", ({ online }) => {
      if (!online) this.drop();
    });
  }

  close() {
    this.model.off("msg:custom", this.hear);
    this.open.clear();
  }

  drop() {
    for (const { reject } of this.open.values()) reject(new Offline("the connection was lost"));
    this.open.clear();
    if (this.model.waiting) this.model.waiting.length = 0;
  }

  receive(content, buffers) {
    const waiting = this.open.get(content.id);
    if (!waiting) return;
    this.open.delete(content.id);
    this.onBusy(false);
    if (content.error) waiting.reject(new Error(content.error));
    else waiting.resolve({ header: content, arrays: arraysOf(content, buffers?.[0]) });
  }

  /** @param {object} header @param {Record<string, Tensor>} [arrays] @returns {Promise<Answer>} */
  ask(header, arrays) {
    const id = ++this.last;
    const { content, body } = split({ ...header, id }, arrays);
    return new Promise((resolve, reject) => {
      this.open.set(id, { resolve, reject });
      setTimeout(() => this.open.has(id) && this.onBusy(true), BUSY);
      this.model.send(content, undefined, [body]);
    });
  }
}

export class Offline extends Error {}

/** Run with the newest argument only: one at a time, what came meanwhile is replaced by what came last.
 * @template A, R @param {(value: A) => Promise<R>} run @param {(result: R, value: A) => void} done
 * @param {(error: Error, value: A) => void} failed */
export function latest(run, done, failed) {
  let busy = false;
  /** @type {{value: A} | null} */
  let next = null;
  return async (/** @type {A} */ value) => {
    next = { value };
    if (busy) return;
    busy = true;
    while (next) {
      const now = next.value;
      next = null;
      try {
        done(await run(now), now);
      } catch (error) {
        failed(error, now);
      }
    }
    busy = false;
  };
}
