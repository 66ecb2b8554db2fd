/**
 * What the page does besides being read: it filters the rows, and opens the row that a link leads to. In
 * the words of browsers, and without anything that ends a script element.
 */
export const script = `
"use strict";
{
  const filter = document.getElementById("filter");
  const list = document.getElementById("rows");
  if (filter && list) {
    const rows = Array.from(list.children);
    const input = filter.querySelector("input");
    const buttons = Array.from(filter.querySelectorAll("button"));
    const found = filter.querySelector("[role=status]");
    const texts = new Map();
    let state = "";

    const textOf = (row) => {
      if (!texts.has(row)) texts.set(row, row.textContent.toLowerCase());
      return texts.get(row);
    };

    const apply = () => {
      const words = input.value.toLowerCase().split(" ").filter((word) => word !== "");
      let shown = 0;
      for (const row of rows) {
        const hit =
          (state === "" || row.dataset.state === state) && words.every((word) => textOf(row).includes(word));
        row.hidden = !hit;
        if (hit) shown += 1;
      }
      for (const button of buttons) button.setAttribute("aria-pressed", String(button.dataset.state === state));
      const filtered = state !== "" || words.length > 0;
      list.classList.toggle("flat", filtered);
      found.textContent = filtered ? shown + " of " + rows.length + " shown" : "";
    };

    const show = () => {
      const target = document.getElementById(location.hash.slice(1));
      const row = target && target.closest(".row");
      if (!row) return;
      if (row.hidden) {
        input.value = "";
        state = "";
        apply();
      }
      row.open = true;
      row.scrollIntoView({ block: "center" });
    };

    input.addEventListener("input", apply);
    input.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      input.value = "";
      apply();
    });
    for (const button of buttons)
      button.addEventListener("click", () => {
        state = button.dataset.state;
        apply();
      });
    // A link to where one is already changes no address.
    document.addEventListener("click", (event) => {
      if (event.target.closest("a[href^='#']")) setTimeout(show);
    });
    addEventListener("hashchange", show);
    filter.hidden = false;
    show();
  }
}
`;
