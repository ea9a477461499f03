"use strict";
(() => {
  const data = JSON.parse(document.getElementById("slice-data").textContent);
  const byId = (id) => document.getElementById(id);
  const canvas = byId("slice");
  const pen = canvas.getContext("2d");
  const [rowMm, columnMm] = data.pixel_mm;
  const scale = 960 / Math.max(data.rows * rowMm, data.columns * columnMm);
  canvas.width = Math.round(data.columns * columnMm * scale);
  canvas.height = Math.round(data.rows * rowMm * scale);
  const cellWidth = canvas.width / data.columns;
  const cellHeight = canvas.height / data.rows;
  const patch = document.createElement("canvas");
  patch.width = data.columns;
  patch.height = data.rows;
  const patchPen = patch.getContext("2d", { willReadFrequently: true });
  const sheets = {};
  const CONTOURS = [0.3, 0.5, 0.7, 0.9];
  const COLORS = { gt: "rgb(64,224,240)", pm: "rgb(255,176,33)" };

  const corner = (index) => [(index % data.across) * data.columns, Math.floor(index / data.across) * data.rows];

  /** One channel of a slice, 0-255. */
  function channel(name, index) {
    const [x, y] = corner(index);
    patchPen.clearRect(0, 0, patch.width, patch.height);
    patchPen.drawImage(sheets[name], x, y, data.columns, data.rows, 0, 0, data.columns, data.rows);
    const pixels = patchPen.getImageData(0, 0, data.columns, data.rows).data;
    const values = new Uint8Array(data.rows * data.columns);
    for (let i = 0; i < values.length; i++) values[i] = pixels[4 * i];
    return values;
  }

  function drawGrey(index) {
    pen.fillStyle = "#000";
    pen.fillRect(0, 0, canvas.width, canvas.height);
    if (!sheets.grey) return;
    const [x, y] = corner(index);
    pen.imageSmoothingEnabled = true;
    pen.drawImage(sheets.grey, x, y, data.columns, data.rows, 0, 0, canvas.width, canvas.height);
  }

  /** Voxels as they are, coloured by paint(value) -> [r, g, b, a] or null. */
  function drawVoxels(values, paint) {
    const picture = patchPen.createImageData(data.columns, data.rows);
    for (let i = 0; i < values.length; i++) {
      const color = paint(values[i]);
      if (color) picture.data.set(color, 4 * i);
    }
    patchPen.putImageData(picture, 0, 0);
    pen.imageSmoothingEnabled = false;
    pen.drawImage(patch, 0, 0, canvas.width, canvas.height);
  }

  /** Outline of a mask along the edges of its voxels. */
  function drawOutline(values, bit, color) {
    const inside = (row, column) =>
      row >= 0 && column >= 0 && row < data.rows && column < data.columns && (values[row * data.columns + column] & bit) !== 0;
    const path = new Path2D();
    const line = (row0, column0, row1, column1) => {
      path.moveTo(column0 * cellWidth, row0 * cellHeight);
      path.lineTo(column1 * cellWidth, row1 * cellHeight);
    };
    for (let row = 0; row < data.rows; row++)
      for (let column = 0; column < data.columns; column++) {
        if (!inside(row, column)) continue;
        if (!inside(row - 1, column)) line(row, column, row, column + 1);
        if (!inside(row + 1, column)) line(row + 1, column, row + 1, column + 1);
        if (!inside(row, column - 1)) line(row, column, row + 1, column);
        if (!inside(row, column + 1)) line(row, column + 1, row + 1, column + 1);
      }
    stroke(path, color);
  }

  /** Line of equal attention through voxel centres, linear between them. */
  function drawContour(values, level, color) {
    const at = (row, column) =>
      row < 0 || column < 0 || row >= data.rows || column >= data.columns ? 0 : values[row * data.columns + column];
    const path = new Path2D();
    const limit = level * 255;
    for (let row = -1; row < data.rows; row++)
      for (let column = -1; column < data.columns; column++) {
        const a = at(row, column), b = at(row, column + 1), c = at(row + 1, column + 1), d = at(row + 1, column);
        const kind = (a >= limit) * 8 + (b >= limit) * 4 + (c >= limit) * 2 + (d >= limit);
        if (kind === 0 || kind === 15) continue;
        const part = (from, to) => (limit - from) / (to - from);
        const top = [column + part(a, b), row], right = [column + 1, row + part(b, c)];
        const bottom = [column + part(d, c), row + 1], left = [column, row + part(a, d)];
        const line = (p, q) => {
          path.moveTo((p[0] + 0.5) * cellWidth, (p[1] + 0.5) * cellHeight);
          path.lineTo((q[0] + 0.5) * cellWidth, (q[1] + 0.5) * cellHeight);
        };
        if (kind === 1 || kind === 14) line(left, bottom);
        else if (kind === 2 || kind === 13) line(bottom, right);
        else if (kind === 3 || kind === 12) line(left, right);
        else if (kind === 4 || kind === 11) line(top, right);
        else if (kind === 6 || kind === 9) line(top, bottom);
        else if (kind === 7 || kind === 8) line(left, top);
        else if (kind === 5) { line(left, top); line(bottom, right); }
        else { line(left, bottom); line(top, right); }
      }
    stroke(path, color);
  }

  function stroke(path, color) {
    pen.lineJoin = "round";
    pen.strokeStyle = "rgba(0,0,0,.55)";
    pen.lineWidth = 2.4 * unit;
    pen.stroke(path);
    pen.strokeStyle = color;
    pen.lineWidth = 1.3 * unit;
    pen.stroke(path);
  }

  /** Canvas pixels to a pixel of the screen: text and lines keep their size on a phone. */
  let unit = 1;

  function write(text, x, y, align, size, color) {
    pen.font = `600 ${size * unit}px system-ui, sans-serif`;
    pen.textAlign = align;
    pen.lineJoin = "round";
    pen.lineWidth = 3 * unit;
    pen.strokeStyle = "rgba(0,0,0,.8)";
    pen.strokeText(text, x, y);
    pen.fillStyle = color;
    pen.fillText(text, x, y);
  }

  function drawFrame() {
    const [left, right, top, bottom] = data.edges;
    const width = canvas.width, height = canvas.height;
    const margin = 8 * unit;
    write(left, margin, height / 2 + 6 * unit, "left", 18, "#fff");
    write(right, width - margin, height / 2 + 6 * unit, "right", 18, "#fff");
    write(top, width / 2, 20 * unit, "center", 18, "#fff");
    write(bottom, width / 2, height - margin, "center", 18, "#fff");
    const bar = [100, 50, 20, 10, 5, 2, 1].find((mm) => mm * scale < width / 3) || 1;
    pen.fillStyle = "#000";
    pen.fillRect(margin - unit, height - margin - 4 * unit, bar * scale + 2 * unit, 5 * unit);
    pen.fillStyle = "#fff";
    pen.fillRect(margin, height - margin - 3 * unit, bar * scale, 3 * unit);
    write(`${bar} mm`, margin, height - margin - 9 * unit, "left", 13, "#fff");
    if (data.phantom) write("PHANTOM", width - margin, height - margin, "right", 15, "#e3a8ff");
  }

  const chosen = () => document.querySelector("input[name=attention]:checked")?.value;
  const checked = (id) => byId(id)?.checked === true;
  const text = (value) => (value === null || value === undefined ? "n/a" : value.toFixed(3));

  function show() {
    const index = Number(byId("position").value);
    unit = canvas.width / (canvas.clientWidth || canvas.width);
    drawGrey(index);
    const labels = channel("labels", index);
    // Under coloured attention a filled prediction would look like attention.
    const filled = sheets.attention && chosen() === "fill";
    if (checked("show-pm") && !filled) drawVoxels(labels, (value) => (value & 1 ? [255, 176, 33, 115] : null));
    if (sheets.attention && chosen() !== "none") {
      const values = channel("attention", index);
      const limit = Number(byId("threshold").value);
      if (chosen() === "fill") {
        drawVoxels(values, (value) => (value >= limit * 255 ? [...data.colors[value], 175] : null));
      } else {
        for (const level of CONTOURS) drawContour(values, level, `rgb(${data.colors[Math.round(level * 255)]})`);
      }
    }
    if (checked("show-pm") && filled) drawOutline(labels, 1, COLORS.pm);
    if (checked("show-gt")) drawOutline(labels, 2, COLORS.gt);
    drawFrame();
    const slice = data.slices[index];
    byId("here-slice").textContent = `${slice.slice} (0 to ${data.storage_count - 1})`;
    byId("here-mm").textContent = `${slice.position_mm.toFixed(1)} mm`;
    for (const [id, words] of [
      ["here-dice", text(slice.dice)],
      ["here-gt", text(slice.xai_gt_f1)],
      ["here-pm", text(slice.xai_pm_f1)],
      ["here-category", slice.category || "n/a"],
    ])
      if (byId(id)) byId(id).textContent = words;
    const cursor = byId("cursor");
    if (cursor && slice.chart_x !== null) {
      cursor.setAttribute("x1", slice.chart_x);
      cursor.setAttribute("x2", slice.chart_x);
      cursor.style.display = "inline";
    }
  }

  function go(index) {
    byId("position").value = Math.min(data.count - 1, Math.max(0, index));
    show();
  }

  function nearest(x) {
    let best = 0;
    data.slices.forEach((slice, index) => {
      if (slice.chart_x === null) return;
      const other = data.slices[best].chart_x;
      if (other === null || Math.abs(slice.chart_x - x) < Math.abs(other - x)) best = index;
    });
    return best;
  }

  const load = (name) =>
    new Promise((done, failed) => {
      if (!data[name]) return done();
      sheets[name] = new Image();
      sheets[name].onload = () => done();
      sheets[name].onerror = () => failed(new Error(`the ${name} picture of this page is damaged`));
      sheets[name].src = data[name];
    });

  function connect() {
    byId("position").addEventListener("input", show);
    window.addEventListener("resize", show);
    byId("back").addEventListener("click", () => go(Number(byId("position").value) - 1));
    byId("forward").addEventListener("click", () => go(Number(byId("position").value) + 1));
    canvas.addEventListener("keydown", (event) => {
      const step = { ArrowUp: 1, ArrowRight: 1, ArrowDown: -1, ArrowLeft: -1, PageUp: 10, PageDown: -10 }[event.key];
      if (!step) return;
      event.preventDefault();
      go(Number(byId("position").value) + step);
    });
    for (const input of document.querySelectorAll(".controls input")) input.addEventListener("input", show);
    byId("threshold")?.addEventListener("input", (event) => {
      byId("threshold-value").textContent = Number(event.target.value).toFixed(2);
    });
    for (const button of document.querySelectorAll("[data-slice]"))
      button.addEventListener("click", () => go(Number(button.dataset.slice)));
    const chart = byId("chart");
    chart?.addEventListener("click", (event) => {
      const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(chart.getScreenCTM().inverse());
      go(nearest(point.x));
    });
  }

  Promise.all(["grey", "attention", "labels"].map(load)).then(() => {
    connect();
    show();
  }).catch((error) => {
    byId("viewer-problem").textContent = `The slices cannot be shown: ${error.message}.`;
  });
})();
