// Tables that sort by a click, and that can be taken along as CSV, Markdown or LaTeX. Nothing is fetched.
"use strict";
const cells = row => [...row.cells].map(cell => cell.dataset.text ?? cell.textContent.trim());
const value = cell => (cell.dataset.value === undefined ? cell.textContent.trim() : Number(cell.dataset.value));

function sort(table, column, button) {
  const header = button.closest("th");
  const down = header.getAttribute("aria-sort") !== "descending";
  for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
  header.setAttribute("aria-sort", down ? "descending" : "ascending");
  const compare = (a, b) => {
    const [x, y] = [value(a.cells[column]), value(b.cells[column])];
    if (x === "" || y === "") return (x === "") - (y === "");
    const order = typeof x === "number" && typeof y === "number" ? x - y : String(x).localeCompare(String(y));
    return down ? -order : order;
  };
  table.tBodies[0].append(...[...table.tBodies[0].rows].sort(compare));
}

const quote = text => (/[",\n]|^[=+@-]/.test(text) && isNaN(text) ? `"${text.replaceAll('"', '""')}"` : text);
const latex = text => text.replace(/[&%$#_{}]/g, "\\$&");
const writers = {
  csv: rows => rows.map(row => row.map(quote).join(",")).join("\n") + "\n",
  Markdown: rows => [rows[0], rows[0].map(() => "---"), ...rows.slice(1)]
    .map(row => `| ${row.map(text => text.replaceAll("|", "\\|")).join(" | ")} |`).join("\n"),
  LaTeX: ([head, ...rows]) => [`\\begin{tabular}{l${"r".repeat(head.length - 1)}}`, "\\hline",
    head.map(latex).join(" & ") + " \\\\", "\\hline", ...rows.map(row => row.map(latex).join(" & ") + " \\\\"),
    "\\hline", "\\end{tabular}"].join("\n"),
};

for (const table of document.querySelectorAll("table.data")) {
  [...table.tHead.rows[0].cells].forEach((header, column) => {
    const button = header.querySelector("button");
    button.addEventListener("click", () => sort(table, column, button));
  });
  const rows = () => [table.tHead.rows[0], ...table.tBodies[0].rows].map(cells);
  const bar = document.createElement("p");
  bar.className = "take";
  const add = (label, act) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = label;
    button.addEventListener("click", () => act(button));
    bar.append(button);
  };
  add("Download CSV", () => {
    const link = document.createElement("a");
    link.href = "data:text/csv;charset=utf-8," + encodeURIComponent(writers.csv(rows()));
    link.download = `${table.id}.csv`;
    link.click();
  });
  for (const kind of ["Markdown", "LaTeX"]) add(`Copy as ${kind}`, async button => {
    const text = writers[kind](rows());
    try { await navigator.clipboard.writeText(text); button.textContent = "Copied"; }
    catch { prompt(`${kind}:`, text); }  // a page opened from a file may not touch the clipboard
  });
  table.closest(".wide").after(bar);
}
