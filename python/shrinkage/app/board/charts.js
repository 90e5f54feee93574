// One Vega view from a Vega-Lite specification: data sets and signals in, pixels out.

const LOG_ERRORS = 1;

class Chart {
  constructor(box, spec, view) {
    this.box = box;
    this.padding = spec.padding;
    this.view = view;
    this.fitted = -1;
    this.seen = true;
    this.stale = true;
  }

  /**
   * @param {HTMLElement} box where it is drawn
   * @param {object} spec Vega-Lite, without data
   * @param {object} theme see readTheme
   */
  static async create(box, spec, theme) {
    const made = await vegaEmbed(box, { ...spec, config: vegaConfig(theme, spec.config) }, {
      mode: "vega-lite",
      actions: false,
      renderer: "svg",
      defaultStyle: false,
      hover: false,
      tooltip: false,
      logLevel: LOG_ERRORS,
    });
    // The box says what the chart shows; Vega's own parts would be images without a text.
    for (const part of box.children) part.setAttribute("aria-hidden", "true");
    const chart = new Chart(box, spec, made.view);
    chart.finish = made.finalize;
    return chart;
  }

  /**
   * Replace a data set. With as many rows as before they are changed in place, so that marks move
   * instead of being made anew.
   */
  data(name, rows) {
    const before = this.view.data(name);
    if (before.length !== rows.length || !rows.length) {
      this.view.data(name, rows);
      return;
    }
    before.forEach((row, i) => Object.assign(row, rows[i]));
    this.view.change(name, this.changeset(name).reflow());
  }

  /** Vega's changeset factory, which the bundle does not export: taken from an empty insertion. */
  changeset(name) {
    if (!Chart.factory) {
      const { pulse } = this.view;
      this.view.pulse = (_, changes) => {
        Chart.factory = changes.constructor;
      };
      this.view.insert(name, []);
      this.view.pulse = pulse;
    }
    return Chart.factory();
  }

  signal(name, value) {
    this.view.signal(name, value);
  }

  /** Take the width of the box, as a square of at most `square` pixels if given; true if changed. */
  fit(square = 0) {
    const room = Math.floor(this.box.clientWidth) - this.padding.left - this.padding.right;
    const width = square ? Math.min(room, square) : room;
    if (width < 20 || width === this.fitted) return false;
    this.fitted = width;
    this.view.width(width);
    if (square) this.view.height(width);
    return true;
  }

  /** Evaluate and draw, unless it is out of sight; then when it comes back. */
  run() {
    this.stale = this.fitted <= 0 || !this.seen;
    if (!this.stale) this.view.run();
  }

  see(visible) {
    this.seen = visible;
    if (visible && this.stale) this.run();
  }

  /** x in data units of a pointer event, or null outside of the plot. */
  invert(event) {
    const frame = this.box.getBoundingClientRect();
    const x = event.clientX - frame.left - this.padding.left;
    const y = event.clientY - frame.top - this.padding.top;
    if (this.fitted <= 0) return null;
    const inside = x >= -8 && x <= this.fitted + 8 && y >= -8 && y <= this.view.height() + 8;
    const clamped = Math.min(Math.max(x, 0), this.fitted);
    return { x: this.view.scale("x").invert(clamped), pixel: y, inside };
  }

  remove() {
    this.finish();
    this.box.replaceChildren();
  }
}
