// What is under way: on a terminal one line that changes, elsewhere a line for each step.

/** Milliseconds after which a terminal shows how long a step has taken. */
const TICK = 1000;

export class Progress {
  #stream;
  /** Shows the step again, with the time. */
  #timer;

  constructor(stream) {
    this.#stream = stream;
  }

  /** What stays to be read. */
  line(text) {
    this.clear();
    this.#stream.write(`${text}\n`);
  }

  /** What has been done last. The next may take minutes: that of the GPU kernels does. */
  step(text) {
    if (!this.#stream.isTTY) return this.line(text);
    this.clear();
    const start = performance.now();
    const show = (shown) => this.#stream.write(`\r\x1b[K${shown.slice(0, this.#stream.columns - 1)}`);
    show(text);
    this.#timer = setInterval(() => show(`${text}, ${((performance.now() - start) / 1000).toFixed(0)} s`), TICK);
  }

  /** Takes the step away, so that something else can be written. */
  clear() {
    if (this.#timer === undefined) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#stream.write('\r\x1b[K');
  }
}
