// Level sets of the squared loss for two coefficients, exactly as shrinkage.linear.geometry has them.

const CONTOUR_LEVELS = [1, 4, 12];
const CONTOUR_POINTS = 56;
const CONTOUR_ROWS = CONTOUR_POINTS + 9; // each of four cuts adds at most two, and one closes

/** Eigenvalues (rising, floored) and vectors of the symmetric [[a, b], [b, d]]. */
function symmetricEigen(a, b, d) {
  const mean = (a + d) / 2;
  const half = Math.hypot((a - d) / 2, b);
  const high = mean + half;
  const low = Math.max(mean - half, high * 1e-12);
  const angle = b === 0 && a >= d ? 0 : Math.atan2(high - a, b);
  const [c, s] = [Math.cos(angle), Math.sin(angle)];
  return { values: [low, high], vectors: [[-s, c], [c, s]] };
}

/** Minimizer over the pair; the nearest one when the two features are collinear. */
function pairCentre(gram, gradient, solution) {
  const { values, vectors } = symmetricEigen(...gram);
  const step = [0, 0];
  for (let k = 0; k < 2; k += 1) {
    if (values[k] <= values[1] * 1.0001e-12) continue;
    const along = (vectors[k][0] * gradient[0] + vectors[k][1] * gradient[1]) / values[k];
    step[0] -= along * vectors[k][0];
    step[1] -= along * vectors[k][1];
  }
  return [solution[0] + step[0], solution[1] + step[1]];
}

/** Angles over a full turn from 0; the larger the contour (in half widths), the denser there. */
function contourAngles(size) {
  const dense = Math.max(0, 1 - 3 / Math.max(size, 1e-300));
  return Array.from({ length: CONTOUR_POINTS }, (_, k) => {
    const turn = (k / CONTOUR_POINTS) * 2;
    const s = turn < 1 ? turn : turn - 2;
    return Math.PI * ((1 - dense) * s + dense * s ** 3);
  });
}

/** The convex outline cut at ±half; edges along the cut lie outside of the picture. */
function cutConvex(points, half) {
  let outline = points;
  for (const [axis, sign] of [[0, 1], [0, -1], [1, 1], [1, -1]]) {
    const over = (p) => sign * p[axis] - half;
    const kept = [];
    outline.forEach((p, i) => {
      const next = outline[(i + 1) % outline.length];
      const [here, there] = [over(p), over(next)];
      if (here <= 0) kept.push(p);
      if (here * there < 0) {
        const t = here / (here - there);
        kept.push([p[0] + t * (next[0] - p[0]), p[1] + t * (next[1] - p[1])]);
      }
    });
    outline = kept;
  }
  return outline;
}

/** Rows {level, k, x, y} of the level sets; level 1 passes through the solution. */
function squaredContours(gram, gradient, solution, extent) {
  const centre = pairCentre(gram, gradient, solution);
  const { values, vectors } = symmetricEigen(...gram);
  const offset = [solution[0] - centre[0], solution[1] - centre[1]];
  const scaled = values.map(
    (value, k) => Math.sqrt(value) * (vectors[k][0] * offset[0] + vectors[k][1] * offset[1]),
  );
  const touching = Math.hypot(...scaled);
  const start = touching > 0 ? Math.atan2(scaled[1], scaled[0]) : 0;
  // without this floor all levels would shrink to one point where nothing is penalized
  const shown = Math.max(touching, Math.sqrt(values[0]) * 0.04 * extent);
  const angles = contourAngles(touching / Math.sqrt(values[0]) / extent);
  const rows = [];
  for (const level of CONTOUR_LEVELS) {
    const radius = level === 1 ? touching : Math.sqrt(level) * shown;
    const outline = angles.map((turn) => {
      const p = (radius * Math.cos(start + turn)) / Math.sqrt(values[0]);
      const q = (radius * Math.sin(start + turn)) / Math.sqrt(values[1]);
      return [0, 1].map((axis) => centre[axis] + p * vectors[0][axis] + q * vectors[1][axis]);
    });
    // dashes along what lies far outside would cost more than all the rest of a frame
    const cut = cutConvex(outline, 1.2 * extent);
    for (let k = 0; k < CONTOUR_ROWS; k += 1) {
      const [x, y] = cut.length ? cut[k < cut.length ? k : 0] : solution;
      rows.push({ level, k, x, y });
    }
  }
  return { rows, centre };
}

/** Rows of the closed outline of the ball through the solution: diamond for L1, circle for L2. */
function ballRows(penalty, solution, color) {
  const rows = [];
  if (penalty === "l1") {
    const t = Math.abs(solution[0]) + Math.abs(solution[1]);
    const corners = [[t, 0], [0, t], [-t, 0], [0, -t], [t, 0]];
    corners.forEach(([x, y], k) => rows.push({ k, x, y, color }));
    return rows;
  }
  const radius = Math.hypot(...solution);
  const start = Math.atan2(solution[1], solution[0]);
  for (let k = 0; k <= CONTOUR_POINTS; k += 1) {
    const angle = start + (2 * Math.PI * k) / CONTOUR_POINTS;
    rows.push({ k, x: radius * Math.cos(angle), y: radius * Math.sin(angle), color });
  }
  return rows;
}

/** Half widths that hold a side's balls, and its optimum unless that lies far outside. */
function squaredExtents(sides, gram, pair) {
  const own = {};
  for (const side of sides) {
    let ball = 1e-12;
    for (let i = 0; i < side.count; i += 1) {
      const u = side.pairAt(pair, i);
      const size = side.penalty === "l1" ? Math.abs(u[0]) + Math.abs(u[1]) : Math.hypot(...u);
      ball = Math.max(ball, size);
    }
    let far = 0;
    for (const i of [side.grid[side.grid.length - 1], side.oneSe]) {
      const centre = pairCentre(gram, side.gradientAt(pair, i), side.pairAt(pair, i));
      far = Math.max(far, Math.abs(centre[0]), Math.abs(centre[1]));
    }
    own[side.penalty] = 1.08 * Math.max(ball, Math.min(far, 2.2 * ball));
  }
  return sharedExtents(own);
}

/** One extent for both sides where they are alike, so that lengths compare; else each its own. */
function sharedExtents(own) {
  const largest = Math.max(...Object.values(own));
  const alike = largest <= 3 * Math.min(...Object.values(own));
  return Object.fromEntries(Object.entries(own).map(([p, e]) => [p, alike ? largest : e]));
}
