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
