// Shows the progress: on a terminal one line that changes, otherwise a line for each step.

/** The milliseconds after which a terminal shows how long a step has taken. */
const TICK = 1000;

export class Progress {
  #stream;
  /** Shows the step again, with its time. */
  #timer;

  constructor(stream) {
    this.#stream = stream;
  }

  /** Prints a line that stays. */
  line(text) {
    this.clear();
    this.#stream.write(`${text}\n`);
  }

  /**
   * Shows the last step that was done. The next one may take minutes, such as that of the GPU
   * kernels.
   */
  step(text) {
    if (!this.#stream.isTTY) return this.line(text);
    this.clear();
    const start = performance.now();
    const show = (shown) => this.#stream.write(`\r\x1b[K${shown.slice(0, this.#stream.columns - 1)}`);
    show(text);
    this.#timer = setInterval(() => show(`${text}, ${((performance.now() - start) / 1000).toFixed(0)} s`), TICK);
  }

  /** Removes the step, so that something else can be written. */
  clear() {
    if (this.#timer === undefined) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#stream.write('\r\x1b[K');
  }
}
