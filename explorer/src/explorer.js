// What every view and command is given: the state, the way to change it, and Python. Opening and closing are here, too.
import { keepAddress, readAddress } from "./commands/address.js";
import { recolour, systemTheme } from "./commands/display.js";
import { loadErrors, loadPoints } from "./commands/points.js";
import { firstProbe, loadEngine, moveProbe, probeWorkers } from "./commands/probe.js";
import { loadSecond } from "./commands/comparison.js";
import { pin } from "./commands/focus.js";
import { setProjection } from "./commands/camera.js";
import { Client, Offline } from "./connection/client.js";
import { Inputs } from "./connection/inputs.js";
import { keys } from "./keys.js";
import { initialMap } from "./map/state.js";
import { ModelData } from "./model.js";
import { Store } from "./state.js";
import { Tasks } from "./tasks.js";
import { page, refusal, wait } from "./views/page.js";

export class Explorer extends Store {
  tasks = new Tasks();
  /** @type {import("./engine/engine.js").Engine | null} what decodes the probe, where it is not asked of Python */
  engine = null;
  /** @type {(() => void)[]} */
  closing = [];

  /** @param {any} host a widget's model, or what looks like one @param {HTMLElement} el @param {boolean} alone whether the page is nothing else */
  constructor(host, el, alone) {
    super();
    this.el = el;
    this.alone = alone;
    this.client = new Client(host);
    this.client.onBusy = (busy) => this.setBusy(busy);
    this.inputs = new Inputs(this.client);
    this.workers = probeWorkers(this);
    el.classList.add("dx");
    systemTheme(this);
    host.on("status", (/** @type {any} */ status) => this.setOnline(status));
    this.open();
  }

  /** The model that the page is about. */
  get model() {
    return this.state.data.models[0];
  }

  get meta() {
    return this.model?.meta;
  }

  get maps() {
    return this.state.data.maps;
  }

  get map() {
    return this.state.data.maps[0];
  }

  async open() {
    const { connection, data, focus, view } = this.state;
    try {
      const { header } = await this.client.ask({ do: "hello", brief: true });
      if (header.wait) {
        wait(this.el, header.wait);
        window.setTimeout(() => this.open(), 100);
        return;
      }
      const model = new ModelData(0, header);
      Object.assign(data, { models: [model], maps: [initialMap(model)], count: header.models ?? 1 });
      readAddress(this);
      page(this);
      connection.loaded = true;
      keepAddress(this);
      keys(this);
      await loadPoints(this, model);
      setProjection(this, this.map, model.projection(view.name, view.dims));
      recolour(this);
      moveProbe(this, firstProbe(this), 0);
      this.change(model, {}, "points");
      if (data.count > 1) await loadSecond(this);
      if (this.meta.can_decode && !this.meta.file && !this.meta.live) loadEngine(this);
      if (this.meta.can_decode) loadErrors(this, model).catch((error) => this.fail(error));
      if (focus.pinned >= 0) pin(this, focus.pinned);
    } catch (error) {
      if (error instanceof Offline) window.setTimeout(() => this.open(), 500);
      else if (connection.loaded) this.fail(error);
      else refusal(this.el, error);
    }
  }

  /** @param {string} words for those who listen rather than look */
  say(words) {
    this.change(this.state.page, { words }, "words");
  }

  /** @param {Error} error */
  fail(error) {
    if (!(error instanceof Offline)) this.change(this.state.connection, { error: error.message }, "error");
  }

  /** Only a notebook's kernel is busy with other things; a page's server answers beside its work. @param {boolean} busy */
  setBusy(busy) {
    const { connection } = this.state;
    if (this.meta?.kernel && busy !== connection.busy) this.change(connection, { busy }, "connection");
  }

  /** @param {{online: boolean, wait?: number}} status */
  setOnline({ online, wait: pause }) {
    const { connection, probe } = this.state;
    const back = online && !connection.online;
    this.change(connection, { online, wait: pause }, "connection");
    if (!back || !connection.loaded || !probe.code.length) return;
    moveProbe(this, probe.code);
    if (this.meta.can_decode && !this.model.errors) loadErrors(this, this.model).catch(() => {});
  }

  /** @param {() => void} action */
  atClose(action) {
    this.closing.push(action);
  }

  close() {
    for (const action of this.closing.splice(0)) action();
    this.client.close();
    this.clear();
  }
}
