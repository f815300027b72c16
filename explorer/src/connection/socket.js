// The page's own host: an object with a widget model's methods, over a WebSocket that comes back by itself.
import { Host } from "./host.js";
import { join, unjoin } from "./protocol.js";

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
