// One penalty's columns as the server sent them.

/** One penalty's columns with typed access to its matrices. */
class Side {
  constructor(sent) {
    Object.assign(this, sent);
    this.count = sent.lambda.length;
    this.matrix = unpack(sent.weights);
    this.slopes = unpack(sent.gradients);
    this.x = sent.lambda.map((v) => -Math.log(v));
    this.index = sent.oneSe;
    this.color = sent.colors.light;
  }

  /** Rows of sent columns, in the colour of the theme. */
  rows(columns) {
    const own = this.colors.light;
    return toRows(columns).map((row) => (row.color === own ? { ...row, color: this.color } : row));
  }

  /** Whether every weight is zero at a λ. */
  isNull(i, total) {
    return this.zero[i] === total;
  }

  /** What the CV curve's title says of a λ, `high` being the top of its chart. */
  standing(i, high) {
    if (i === this.min) return "best";
    if (this.cv[i] <= this.cv[this.min] + this.se[this.min]) return "within";
    return this.cv[i] > high ? "beyond" : "above";
  }

  weight(rank, i) {
    return this.matrix[rank * this.count + i];
  }

  pairAt(pair, i) {
    return pair.map((r) => this.weight(r, i));
  }

  gradientAt(pair, i) {
    return pair.map((r) => this.slopes[r * this.count + i]);
  }
}
