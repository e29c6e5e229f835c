// What makes the page nicer. Without it everything works, times are in UTC, and one variable can be added.
"use strict";

const here = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit" });
for (const time of document.querySelectorAll("time")) {
  const moment = new Date(time.dateTime);
  if (!Number.isNaN(moment.getTime())) {
    time.title = time.textContent;
    time.textContent = here.format(moment);
  }
}

// A second click must not send a second time.
for (const form of document.querySelectorAll("form[data-once]")) {
  form.addEventListener("submit", () => {
    for (const button of form.querySelectorAll("button[type=submit]")) button.disabled = true;
  });
}
// The browser shows a page again as it was: its buttons are to be used.
addEventListener("pageshow", () => {
  for (const button of document.querySelectorAll("form[data-once] button[type=submit]")) button.disabled = false;
});

for (const button of document.querySelectorAll("button[data-add]")) {
  button.hidden = false;
  button.addEventListener("click", () => {
    const rows = button.parentElement.querySelectorAll("[data-row]");
    const row = rows[rows.length - 1].cloneNode(true);
    for (const part of row.querySelectorAll("[id]")) part.id = part.id.replace(/\d+$/, rows.length);
    for (const label of row.querySelectorAll("label")) label.htmlFor = label.htmlFor.replace(/\d+$/, rows.length);
    for (const input of row.querySelectorAll("input")) {
      input.value = "";
      input.removeAttribute("aria-describedby");
    }
    row.querySelector(".about")?.remove();
    button.before(row);
    row.querySelector("input").focus();
  });
}

// What went wrong is what a person has to see next.
document.querySelector("[aria-invalid=true]")?.focus();
