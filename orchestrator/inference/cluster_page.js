// Saves the labels file with the names that were typed. Asks for nothing.
"use strict";
(() => {
  const rows = JSON.parse(document.getElementById("rows").textContent);
  const fields = [...document.querySelectorAll("input[data-name]")];
  const told = document.getElementById("told");

  fields.forEach((field, place) => field.addEventListener("keydown", event => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    const next = fields[place + 1] || document.getElementById("save");
    next.focus();
    if (next.select) next.select();
  }));

  const counted = (count, one, many) => `${count} ${count === 1 ? one : many}`;

  // an apostrophe before what a spreadsheet would take for a formula, as Lineup writes and reads it
  const cell = text => `"${(/^'*[=+\-@\t\r]/.test(text) ? "'" + text : text).replaceAll('"', '""')}"`;

  document.getElementById("save").addEventListener("click", () => {
    const names = new Map(fields.map(field => [field.dataset.name, field.value.trim()]));
    const kept = rows.filter(([, name]) => names.get(name));
    const lines = kept.map(([path, name]) => `${cell(path)},${cell(names.get(name))}`);
    const file = new Blob(["\ufeff", ["path,label", ...lines, ""].join("\r\n")], {type: "text/csv"});
    const link = document.createElement("a");
    link.href = URL.createObjectURL(file);
    link.download = "people.csv";
    link.click();
    URL.revokeObjectURL(link.href);
    const people = new Set(kept.map(([, name]) => names.get(name))).size;
    told.textContent = `${counted(kept.length, "photo", "photos")} of ${counted(people, "person", "people")}`;
  });
})();
