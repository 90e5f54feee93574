// A board of figures that the server describes: each a specification, data sets and a table.

class FigureBoard extends ChartBoard {
  /** Take what the server sent; only another language, theme or set of figures rebuilds. */
  update(data) {
    const theme = readTheme(this.root);
    const names = data.figures.map((figure) => figure.name);
    const signature = JSON.stringify([names, data.words, theme.signature]);
    this.data = data;
    if (signature !== this.signature) {
      this.signature = signature;
      this.theme = theme;
      this.build();
    } else if (this.ready) {
      this.draw();
    }
  }

  async build() {
    this.clear();
    const turn = this.turn;
    this.root.classList.toggle("dark", this.theme.dark);
    this.root.setAttribute("role", "group");
    this.root.setAttribute("aria-label", this.word("label"));
    this.figures = this.data.figures.map(({ name }, i) =>
      makeFigure(this, name, () => {
        const { header, rows } = this.data.figures[i].table;
        return dataTable(header, rows);
      }),
    );
    this.root.replaceChildren(...this.figures.map((figure) => figure.root));
    const charts = await Promise.all(
      this.data.figures.map(({ spec }, i) =>
        Chart.create(this.figures[i].box, this.data.specs[spec], this.theme),
      ),
    );
    if (turn !== this.turn) {
      for (const chart of charts) chart.finish();
      return;
    }
    charts.forEach((chart, i) => {
      this.charts[i] = chart;
      this.watcher.observe(this.figures[i].box);
    });
    this.ready = true;
    this.resize();
    this.draw();
  }

  draw() {
    const inks = this.data.inks[this.theme.dark ? "dark" : "light"];
    this.data.figures.forEach(({ rows, signals, title, note }, i) => {
      const [chart, figure] = [this.charts[i], this.figures[i]];
      for (const [name, value] of Object.entries(signals)) chart.signal(name, value);
      for (const [name, columns] of Object.entries(rows)) {
        chart.data(name, toRows(columns).map((row) => ({ ...row, color: inks[row.ink] })));
      }
      setText(figure.title, title);
      setText(figure.note, note);
      figure.box.setAttribute("aria-label", `${title}. ${note}`);
      figure.refresh();
      chart.run();
    });
  }

  resize() {
    for (const chart of Object.values(this.charts)) if (chart.fit()) chart.run();
  }
}

export default mounting(FigureBoard);
