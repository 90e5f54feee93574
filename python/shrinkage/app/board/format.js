// Numbers to 3 significant digits, templates, and decoding of packed matrices.

const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";

function withMinus(text) {
  return text.replace(/-/g, "−");
}

/** 3 significant digits: 0.0123, 12.3, 1,230, 1.23×10⁶; zero is "0", nothing is "–". */
function formatNumber(value) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  if (value === 0) return "0";
  const size = Math.abs(Number(value.toPrecision(3)));
  if (size >= 1e6 || size < 1e-3) {
    const [mantissa, exponent] = value.toExponential(2).split("e");
    const power = exponent.replace("+", "").replace(/\d/g, (d) => SUPERSCRIPTS[d]).replace("-", "⁻");
    return `${withMinus(mantissa)}×10${power}`;
  }
  if (size >= 1000) {
    return withMinus(String(Number(value.toPrecision(3))).replace(/(\d)(?=\d{3}$)/, "$1,"));
  }
  return withMinus(value.toPrecision(3));
}

/** A whole number with its thousands apart. */
function formatCount(value) {
  return String(value).replace(/(\d)(?=(\d{3})+$)/g, "$1,");
}

/** Percent with a fixed number of decimals, so that digits do not jump while λ is dragged. */
function formatPercent(share) {
  return share === null ? "–" : (100 * share).toFixed(1);
}

/** Replace {name} by values.name, and {name:one|several} by the word that suits that number. */
function fill(template, values) {
  return template.replace(/\{(\w+)(?::([^{}|]*)\|([^{}|]*))?\}/g, (whole, name, one, several) => {
    if (!(name in values)) return whole;
    if (one === undefined) return values[name];
    return String(values[name]) === "1" ? one : several;
  });
}

/** Base64 of little-endian float32 to Float32Array; null stays null. */
function unpack(text) {
  if (!text) return null;
  const raw = atob(text);
  const bytes = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i += 1) bytes[i] = raw.charCodeAt(i);
  return new Float32Array(bytes.buffer);
}

/** {a: [1, 2], b: [3, 4]} to [{a: 1, b: 3}, {a: 2, b: 4}]. */
function toRows(columns) {
  const names = Object.keys(columns);
  const count = names.length ? columns[names[0]].length : 0;
  return Array.from({ length: count }, (_, i) => {
    const row = {};
    for (const name of names) row[name] = columns[name][i];
    return row;
  });
}
