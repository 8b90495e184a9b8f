// What is under way: on a terminal one line that changes, elsewhere a line for each step.

export class Progress {
  #stream;
  #shown = false;

  constructor(stream) {
    this.#stream = stream;
  }

  /** What stays to be read. */
  line(text) {
    this.clear();
    this.#stream.write(`${text}\n`);
  }

  /** What is being done now. */
  step(text) {
    if (!this.#stream.isTTY) return this.line(text);
    this.clear();
    this.#stream.write(text.slice(0, this.#stream.columns - 1));
    this.#shown = true;
  }

  /** Takes the step away, so that something else can be written. */
  clear() {
    if (this.#shown) this.#stream.write('\r\x1b[K');
    this.#shown = false;
  }
}
