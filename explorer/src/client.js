// Questions to Python, whatever the host: a widget's model, or a socket that looks like one.
import { arraysOf, join, split, unjoin } from "./frames.js";
import { Host } from "./host.js";

/** @typedef {import("./frames.js").Tensor} Tensor */
/** @typedef {{header: any, arrays: Record<string, Tensor>}} Answer */

/** The page's own host: an object with a widget model's methods, over a WebSocket that comes back by itself. */
export class SocketModel extends Host {
  /** @param {string} url @param {string} post where single messages go if sockets are blocked */
  constructor(url, post) {
    super();
    this.url = url;
    this.post = post;
    /** @type {Uint8Array[]} */
    this.waiting = [];
    this.tries = 0;
    this.opened = false;
    this.blocked = false;
    this.connect();
  }

  connect() {
    const socket = new WebSocket(this.url);
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    socket.onopen = () => {
      this.tries = 0;
      this.opened = true;
      this.emit("status", { online: true });
      for (const frame of this.waiting.splice(0)) socket.send(/** @type {any} */ (frame));
    };
    socket.onmessage = (event) => this.receive(event.data);
    socket.onclose = () => {
      if (!this.opened && this.tries >= 2) this.blocked = true;
      const wait = Math.min(4000, 1000 * 2 ** this.tries++);
      if (this.blocked) for (const frame of this.waiting.splice(0)) this.ask(frame);
      else this.emit("status", { online: false, wait });
      setTimeout(() => this.connect(), this.blocked ? 30000 : wait);
    };
  }

  /** @param {ArrayBuffer} data */
  receive(data) {
    const { content, view } = unjoin(data);
    this.emit("msg:custom", content, [view]);
  }

  /** @param {object} content @param {unknown} _callbacks @param {Uint8Array[]} buffers */
  send(content, _callbacks, buffers) {
    const frame = join(content, buffers[0]);
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(/** @type {any} */ (frame));
    else if (this.blocked) this.ask(frame);
    else this.waiting.push(frame);
  }

  /** @param {Uint8Array} frame */
  async ask(frame) {
    try {
      const reply = await fetch(this.post, { method: "POST", body: /** @type {any} */ (frame) });
      if (!reply.ok) throw new Error(await reply.text());
      this.emit("status", { online: true });
      this.receive(await reply.arrayBuffer());
    } catch {
      this.emit("status", { online: false, wait: 4000 });
    }
  }
}

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
