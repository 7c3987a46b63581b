// Lets tables be sorted, filtered and copied as CSV, Markdown or LaTeX. Asks for nothing.
"use strict";
(() => {
  const CARDS = 12;  // rows that a phone shows at first
  const textOf = cell => cell.textContent.replace(/\s+/g, " ").trim();
  const SHAPES = {
    CSV: rows => rows.map(row => row.map(text => /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text).join(",")),
    Markdown: rows => {
      const lines = rows.map(row => `| ${row.map(text => text.replaceAll("|", "\\|")).join(" | ")} |`);
      return [lines[0], `|${" --- |".repeat(rows[0].length)}`, ...lines.slice(1)];
    },
    LaTeX: rows => {
      const named = {"\\": "\\textbackslash{}", "~": "\\textasciitilde{}", "^": "\\textasciicircum{}", "–": "--"};
      const plain = text => text.replace(/[\\~^–&%$#_{}]/g, letter => named[letter] || "\\" + letter);
      const lines = rows.map(row => row.map(plain).join(" & ") + " \\\\");
      return [`\\begin{tabular}{${"l".repeat(rows[0].length)}}`, "\\hline", lines[0], "\\hline", ...lines.slice(1), "\\hline", "\\end{tabular}"];
    },
  };

  // a spreadsheet would calculate what begins with one of these
  const harmless = text => /^[=+@\t\r]|^-[^\d]/.test(text) ? "'" + text : text;

  function rowsOf(table, shape) {
    const shown = [...table.rows].filter(row => !row.hidden);
    const rows = shown.map(row => [...row.cells].flatMap(cell => [textOf(cell), ...Array(cell.colSpan - 1).fill("")]));
    return shape === "CSV" ? rows.map(row => row.map(harmless)) : rows;
  }

  async function copy(table, shape, told) {
    const text = SHAPES[shape](rowsOf(table, shape)).join("\n") + "\n";
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const area = document.body.appendChild(document.createElement("textarea"));
      area.value = text;
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    told.textContent = shape + " copied";
  }

  const valueOf = cell => {
    const found = cell && textOf(cell).replaceAll(",", "").match(/^[<>+]?\s*(-?\d+(\.\d+)?)/);
    return found ? Number(found[1]) : null;
  };

  function sort(table, place) {
    const head = table.tHead.rows[0].cells[place], body = table.tBodies[0];
    const down = head.getAttribute("aria-sort") === "ascending";
    for (const each of table.tHead.rows[0].cells) each.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const keyed = [...body.rows].map(row => ({row, cell: row.cells[place]}))
      .map(({row, cell}) => ({row, value: valueOf(cell), text: cell ? textOf(cell) : ""}));
    keyed.sort((one, other) => {
      if ((one.value === null) !== (other.value === null)) return one.value === null ? 1 : -1;  // no number: always last
      const order = one.value === null ? one.text.localeCompare(other.text) : one.value - other.value;
      return down ? -order : order;
    });
    body.append(...keyed.map(one => one.row));
  }

  // on a phone each row is a card (page.css): its cells say their columns, and the lead cell is its title
  function makeCards(table) {
    const heads = [...table.tHead.rows[0].cells], rows = [...table.tBodies[0].rows];
    const names = heads.map(textOf);
    const lead = rows.length ? Math.max(0, [...rows[0].cells].findIndex(cell => cell.matches(".name"))) : 0;
    table.setAttribute("role", "table");  // with another display it is one to a screen reader only when told so
    heads.forEach((head, place) => {
      head.setAttribute("role", "columnheader");
      head.classList.toggle("lead", place === lead);
    });
    for (const row of rows) {
      row.setAttribute("role", "row");
      [...row.cells].forEach((cell, place) => {
        cell.setAttribute("role", "cell");
        cell.dataset.head = cell.colSpan > 1 ? "" : names[place];
        cell.classList.toggle("lead", place === lead);
      });
    }
    table.classList.add("labelled");
    table.classList.toggle("long", rows.length > CARDS);
  }

  // buttons that only a phone shows: the table as it is, scrolled sideways, and the cards after the first
  function offerOthers(table, tools) {
    const frame = table.parentElement;
    const whole = document.createElement("button");
    whole.className = "phone";
    whole.textContent = "As a table";
    whole.addEventListener("click", () => {
      whole.textContent = table.classList.toggle("labelled") ? "As a table" : "As cards";
    });
    tools.append(whole);
    if (!table.matches(".long")) return;
    const more = document.createElement("button");
    more.className = "phone more";
    more.textContent = `Show all ${table.tBodies[0].rows.length} rows`;
    more.addEventListener("click", () => {
      table.classList.remove("long");
      more.remove();
    });
    frame.after(more);
  }

  // what is wider than its frame is scrolled with the arrow keys
  function letKeysScroll(frame) {
    const look = () => {
      if (frame.scrollWidth > frame.clientWidth + 1) frame.tabIndex = 0;
      else frame.removeAttribute("tabindex");
    };
    new ResizeObserver(look).observe(frame.firstElementChild);
  }

  function serve(table) {
    const heads = [...table.tHead.rows[0].cells], body = table.tBodies[0];
    makeCards(table);
    heads.forEach((head, place) => {
      const button = document.createElement("button");
      button.append(...head.childNodes);
      button.addEventListener("click", () => sort(table, place));
      head.append(button);
    });
    const tools = document.createElement("div");
    tools.className = "tools";
    if (body.rows.length > 5) {
      const filter = document.createElement("input");
      filter.type = "search";
      filter.placeholder = "Filter rows";
      filter.setAttribute("aria-label", "Filter the rows of this table");
      filter.addEventListener("input", () => {
        for (const row of body.rows) row.hidden = !textOf(row).toLowerCase().includes(filter.value.toLowerCase());
        table.classList.toggle("filtered", filter.value !== "");
      });
      tools.append(filter);
    }
    const told = document.createElement("span");
    told.setAttribute("role", "status");
    for (const shape of Object.keys(SHAPES)) {
      const button = document.createElement("button");
      button.textContent = shape;
      button.setAttribute("aria-label", "Copy this table as " + shape);
      button.addEventListener("click", () => copy(table, shape, told));
      tools.append(button);
    }
    offerOthers(table, tools);
    tools.append(told);
    table.parentElement.before(tools);
  }

  for (const table of document.querySelectorAll(".wide > table")) {
    letKeysScroll(table.parentElement);
    if (!table.tHead || table.matches(".matrix")) continue;
    const closed = table.closest("details:not([open])");
    if (closed) closed.addEventListener("toggle", () => serve(table), {once: true});
    else serve(table);
  }
})();
