// One penalty's columns as the server sent them.

/** One penalty's columns with typed access to its matrices. */
class Side {
  constructor(sent) {
    Object.assign(this, sent);
    this.count = sent.lambda.length;
    this.matrix = unpack(sent.weights);
    this.slopes = unpack(sent.gradients);
    this.barFeatures = unpack(sent.barFeatures);
    this.barWeights = unpack(sent.barWeights);
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

  /** Bars at a λ: number of the feature among those with bars, and its weight. */
  barsAt(i) {
    const bars = [];
    for (let at = i; at < this.barFeatures.length; at += this.count) {
      bars.push({ feature: this.barFeatures[at], value: this.barWeights[at] });
    }
    return bars;
  }

  largestBar(i) {
    return Math.max(...this.barsAt(i).map(({ value }) => Math.abs(value)));
  }

  /** One standard error below and above the test error. */
  testEnds(i) {
    const known = this.test && this.testSe[i] !== null;
    return known ? [-1, 1].map((sign) => this.test[i] + sign * this.testSe[i]) : [];
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
