// What people do with the task list, and what may happen meanwhile.
import assert from "node:assert/strict";
import { backstage, browser, counted, home, noToken, signIn, somebody, step, troubles, view, viewed } from "./browser.mjs";

const rows = (page) => page.locator("tbody tr");
const open = (page, name) => page.getByRole("link", { name }).click();
const title = (page, name) => page.getByRole("heading", { level: 1, name }).waitFor();
const press = (page, name) => page.getByRole("button", { name, exact: true }).click();
let ada, grace, failed;

async function walk() {
  await backstage("tokens for 3");
  await step("a stranger sees the way in, and nothing else", async () => {
    ada = await somebody();
    await ada.goto(home);
    await title(ada, "One list for all applications");
    assert.equal(await rows(ada).count(), 0);
    await view(ada, "the way in");
  });
  await step("an answer to a sign-in that nobody began here signs nobody in", async () => {
    await ada.goto(`${home}signed-in?code=stolen&state=guessed`);
    await title(ada, "Signing in did not work");
    await ada.goto(`${home}sign-in?to=//evil.example`);
    const back = new URL("/signed-in?code=stolen&state=guessed", home);
    await ada.goto(String(back));
    await title(ada, "Signing in did not work");
    await view(ada, "a sign-in that failed");
    await ada.goto(home);
  });
  await step("Ada signs in at the issuer", async () => {
    await ada.getByRole("link", { name: "Sign in" }).click();
    await view(ada, "the issuer", { picture: "sign-in" });
    await ada.getByRole("button", { name: "Ada Lovelace" }).click();
    await title(ada, "Tasks");
  });
  await step("tasks of all applications, with the applications' names", async () => {
    assert.equal(await rows(ada).count(), 10);
    for (const name of ["Webshop", "Insurance"]) assert.ok(await ada.locator(".app", { hasText: name }).count() >= 3, name);
    await view(ada, "the list", { picture: "list", tall: 820 }, { picture: "list-dark", dark: true, tall: 820 }, { picture: "list-narrow", narrow: true });
  });
  await step("the page's token ends: people notice nothing", async () => {
    await ada.waitForTimeout(3500);
    await ada.reload();
    await title(ada, "Tasks");
    await backstage("expired tokens were seen");
  });
  await step("the gateway does not take the page's token, not even a new one", async () => {
    await backstage("tokens for 0");
    await ada.waitForTimeout(3500);
    await ada.reload();
    await title(ada, "This page can’t sign in at the gateway");
    await view(ada, "the page's token is refused");
    await backstage("tokens for a day");
    await open(ada, "Back to the list");
    await title(ada, "Tasks");
  });
  await step("search, in any case and with the engine's own signs as plain ones", async () => {
    const find = async (text) => {
      await ada.getByLabel("Search").fill(text);
      await press(ada, "Apply");
      return rows(ada).count();
    };
    assert.equal(await find("REFUND for alma"), 1);
    assert.equal(await find("roof"), 1, "by description");
    assert.equal(await find("AB-4080"), 1, "by business key");
    assert.equal(await find("%"), 0);
    await view(ada, "an empty list");
    assert.equal(await find("Count_shelf"), 0);
    await ada.getByRole("link", { name: "Clear filters" }).click();
    assert.equal(await rows(ada).count(), 10);
  });
  await step("filters: application, group, assignee, due dates", async () => {
    const filter = async (fill) => {
      await ada.goto(home);
      await ada.getByText("More filters").click();
      await fill();
      await press(ada, "Apply");
      return rows(ada).count();
    };
    assert.equal(await filter(() => ada.getByLabel("Application").selectOption({ label: "Insurance" })), 3);
    assert.equal(await filter(() => ada.getByLabel("Candidate group").fill("warehouse")), 3);
    assert.equal(await filter(() => ada.getByLabel("Assignee").fill("grace")), 1);
    const day = (days) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
    assert.equal(await filter(async () => {
      await ada.getByLabel("Due from").fill(day(1));
      await ada.getByLabel("Due until").fill(day(2));
    }), 2);
    await view(ada, "a filtered list");
  });
  await step("tabs and sorting", async () => {
    await ada.goto(home);
    await ada.getByRole("link", { name: /^Overdue/ }).click();
    assert.ok(await rows(ada).count() >= 2);
    await ada.getByRole("link", { name: /^Unclaimed/ }).click();
    assert.equal(await rows(ada).count(), 9);
    await ada.getByRole("link", { name: "Priority" }).click();
    await ada.getByRole("link", { name: "Priority" }).click();
    await ada.locator("th[aria-sort=descending]", { hasText: "Priority" }).waitFor();
    assert.match(await rows(ada).first().innerText(), /Priya Nair/);
    assert.match(ada.url(), /view=unclaimed/, "sorting keeps the tab");
  });
  await step("details: variables, facts and a deployed form", async () => {
    await ada.goto(home);
    await open(ada, "Approve the refund for Alma Bauer");
    await title(ada, "Approve the refund for Alma Bauer");
    for (const text of ["accounting", "AB-4080", "39.9", "Overdue", "Nobody has this task yet."]) await ada.locator("main").getByText(text).first().waitFor();
    assert.ok(await ada.getByLabel("Amount to refund").isDisabled(), "nobody's form is for nobody");
    assert.equal(await ada.getByRole("button", { name: "Complete" }).count(), 0);
    await view(ada, "a task that nobody has");
  });
  await step("claim", async () => {
    await press(ada, "Claim");
    await ada.getByText("The task is yours now.").waitFor();
    await ada.getByText("You have this task.").waitFor();
    assert.ok(await ada.getByLabel("Customer", { exact: true }).isDisabled(), "what the form does not let change");
    await ada.getByText("Not supported here: datetime.").waitFor();
    await view(ada, "a task of one's own", { picture: "task", tall: 1120 });
  });
  await step("unclaim, and claim again from the list", async () => {
    await press(ada, "Unclaim");
    await ada.getByText("Nobody has this task yet.").waitFor();
    await open(ada, "‹ All tasks");
    await press(ada, "Claim Approve the refund for Alma Bauer");
    await ada.getByText("You have this task.").waitFor();
  });
  await step("comments show who wrote them", async () => {
    await ada.getByLabel("Add a comment").fill("The lamp is on sale, too.\nRefund what was paid.");
    await press(ada, "Comment");
    await ada.getByText("Ada Lovelace: The lamp is on sale, too.").waitFor();
  });
  await step("a form that is filled in wrongly is shown again, with what is wrong", async () => {
    await ada.getByLabel("Amount to refund").fill("900");
    await ada.getByLabel("Note for the file").fill("kept");
    await ada.evaluate(() => document.querySelectorAll("form").forEach((form) => { form.noValidate = true; }));
    await press(ada, "Complete");
    await ada.getByText("Some fields need another look.").waitFor();
    await ada.getByText("Write 500 or less.").waitFor();
    assert.equal(await ada.getByLabel("Note for the file").inputValue(), "kept");
    await view(ada, "a form with faults");
  });
  await step("complete with variables", async () => {
    await ada.getByLabel("Amount to refund").fill("35.5");
    await ada.getByLabel("Reason").selectOption({ label: "Arrived broken" });
    await ada.getByLabel("Refund", { exact: true }).check();
    await ada.getByLabel("Tell the customer").check();
    await press(ada, "Complete");
    await ada.getByText("“Approve the refund for Alma Bauer” is completed.").waitFor();
    assert.equal(await ada.getByRole("link", { name: "Alma Bauer" }).count(), 0);
  });
  await step("a form that the model holds, by keyboard alone", async () => {
    await ada.goto(home);
    const press = (...keys) => keys.reduce((before, key) => before.then(() => ada.keyboard.press(key)), Promise.resolve());
    const focused = () => ada.evaluate(() => {
      const at = document.activeElement, style = getComputedStyle(at);
      return { text: at.textContent.trim() || at.name, seen: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2 };
    });
    const tabTo = async (text) => {
      for (let i = 0; i < 60; i += 1) {
        await press("Tab");
        const { text: at, seen } = await focused();
        assert.ok(seen, `no focus to be seen at ${at}`);
        if (at === text) return;
      }
      assert.fail(`no way to ${text}`);
    };
    await tabTo("Skip to the content");
    await press("Enter");
    await tabTo("q");
    await ada.keyboard.type("priya");
    await Promise.all([ada.waitForURL(/q=priya/), press("Enter")]);
    await tabTo("Assess the damage of Priya Nair");
    await Promise.all([ada.waitForURL(/task/), press("Enter")]);
    await tabTo("Claim");
    await press("Enter");
    await ada.getByText("You have this task.").waitFor();
    await view(ada, "a form that the model holds");
    await ada.reload();
    assert.equal(await ada.getByLabel("Policy", { exact: true }).inputValue(), "P-20417");
    await tabTo("field.damage");
    await ada.keyboard.type("1200");
    await press("Tab");
    await ada.keyboard.type("W");
    await tabTo("field.covered");
    await press("Space");
    await tabTo("Complete");
    await press("Enter");
    await ada.getByText("“Assess the damage of Priya Nair” is completed.").waitFor();
  });
  await step("a task without form takes variables", async () => {
    await ada.goto(home);
    await open(ada, "Count shelf A1");
    await press(ada, "Claim");
    await ada.getByLabel("Name", { exact: true }).fill("counted");
    await ada.getByLabel("Type", { exact: true }).selectOption("Integer");
    await ada.getByLabel("Value", { exact: true }).fill("many");
    await press(ada, "Complete");
    await ada.getByText("Write a whole number.").waitFor();
    await view(ada, "variables with faults");
    await ada.getByLabel("Value", { exact: true }).fill("17");
    await press(ada, "Add another");
    assert.equal(await ada.locator("[data-row]").count(), 2);
    await press(ada, "Complete");
    await ada.getByText("“Count shelf A1” is completed.").waitFor();
  });
  await step("Grace has seen the list before Ada claims: Grace is told who was faster", async () => {
    grace = await somebody();
    await grace.goto(home);
    await signIn(grace, "Grace Hopper");
    await ada.goto(home);
    await press(ada, "Claim Approve the refund for Noor Haddad");
    await press(grace, "Claim Approve the refund for Noor Haddad");
    await title(grace, "Somebody else was faster");
    await grace.getByText("Ada Lovelace has this task now.").waitFor();
    await view(grace, "somebody was faster", { picture: "faster" });
    await open(grace, "Look at the task");
    await grace.getByText("has this task.").waitFor();
    assert.equal(await grace.getByRole("button", { name: "Complete" }).count(), 0);
    await view(grace, "somebody else's task");
  });
  await step("a lost race: both claims are on their way at once", async () => {
    await ada.goto(home);
    await grace.goto(home);
    await backstage("engine slow-for-ada");
    const late = press(ada, "Claim Approve the refund for Jonas Lind");
    await ada.waitForTimeout(500);
    await press(grace, "Claim Approve the refund for Jonas Lind");
    await grace.getByText("You have this task.").waitFor();
    await late;
    await ada.getByText("Grace Hopper has this task now. Nothing was changed.").waitFor();
    await backstage("engine up");
  });
  await step("a task that was completed meanwhile", async () => {
    await grace.getByLabel("Amount to refund").fill("100");
    await grace.getByLabel("Reason").selectOption({ label: "Wrong article" });
    await grace.getByLabel("Refuse", { exact: true }).check();
    const other = await grace.context().newPage();
    await other.goto(grace.url());
    await press(grace, "Complete");
    await grace.getByText("is completed.").waitFor();
    await press(other, "Unclaim");
    await title(other, "The task is no longer there");
    await other.getByText("Grace Hopper had it, and it was completed on").waitFor();
    await view(other, "a task that is gone");
    await other.close();
  });
  await step("an application that registers now is there with its tasks", async () => {
    await backstage("new parcels");
    await ada.waitForTimeout(5500);
    await ada.goto(home);
    await ada.locator(".app", { hasText: "Parcels" }).first().waitFor();
    await open(ada, "Call Ida Berg back");
    await press(ada, "Claim");
    await press(ada, "Complete");
    await ada.getByText("“Call Ida Berg back” is completed.").waitFor();
    await ada.waitForTimeout(10_500);
    await ada.reload();
    await ada.getByLabel("Application").selectOption({ label: "Parcels" });
    await press(ada, "Apply");
    assert.equal(await rows(ada).count(), 1);
  });
  await step("what applications write is shown, and never run", async () => {
    await backstage("hostile");
    await ada.waitForTimeout(5500);
    await ada.goto(`${home}?sort=priority-down`);
    await ada.locator("td").getByText("<img src=x onerror=alert(1)>").first().waitFor();
    await open(ada, "onerror");
    await ada.locator("main").getByText("</p><script>alert(2)</script>").first().waitFor();
    assert.equal(await ada.locator("main img, main script").count(), 0);
    await view(ada, "a hostile task");
  });
  await step("a form of another site is refused", async () => {
    assert.deepEqual(troubles, []);
    const status = await ada.evaluate(async () => {
      const answer = await fetch(`${location.pathname}/claim`, { method: "POST", body: new URLSearchParams({ form_token: "guessed" }) }).catch(() => null);
      return answer?.status ?? "blocked";
    });
    assert.equal(status, "blocked", "the page's own policy lets no script send");
    assert.ok(troubles.splice(0).every((said) => said.includes("Content Security Policy")), "as the browser says");
    const answer = await ada.context().request.post(`${ada.url()}/claim`, { form: { form_token: "guessed" } });
    assert.equal(answer.status(), 403);
    await ada.goto(`${home}no/such/page`);
    await title(ada, "There is no such page");
    await view(ada, "no page");
  });
  await step("the session ends: sign in again, and be where one was", async () => {
    await ada.goto(home);
    await open(ada, "Count shelf A2");
    const at = ada.url();
    await ada.context().clearCookies();
    await press(ada, "Claim");
    await title(ada, "This page was open for too long");
    await view(ada, "a session that ended");
    await ada.goto(at);
    await signIn(ada, "Ada Lovelace");
    assert.equal(ada.url(), at);
    await ada.getByText("Nobody has this task yet.").waitFor();
  });
  await step("no answer comes to a change: the page does not say that nothing happened", async () => {
    await backstage("engine silent");
    await press(ada, "Claim");
    await title(ada, "No answer came");
    await view(ada, "no answer");
    await backstage("engine up");
  });
  await step("the engine is down", async () => {
    await ada.goto(home);
    await backstage("engine down");
    await press(ada, "Claim Count shelf B7");
    await title(ada, "The engine can’t be reached");
    await ada.getByText("Nothing was changed.").waitFor();
    await view(ada, "the engine is down", { picture: "engine-down" });
    await backstage("engine up");
    await open(ada, "Try again");
    await title(ada, "Tasks");
  });
  await step("10,000 tasks: pages, sorting, search", async () => {
    await backstage("many");
    await ada.waitForTimeout(5500);
    const timed = async (what, address) => {
      const began = performance.now();
      await ada.goto(home + address);
      await title(ada, "Tasks");
      console.log(`      ${what}: ${Math.round(performance.now() - began)} ms`);
    };
    await timed("first page", "");
    assert.match(await ada.locator(".pages").innerText(), /of 10,0\d\d/);
    const seen = new Set();
    const read = async () => { for (const at of await ada.locator("td.name a").evaluateAll((all) => all.map((a) => a.href))) seen.add(at); };
    await read();
    for (let i = 0; i < 2; i += 1) { await open(ada, "Next page"); await read(); }
    assert.equal(seen.size, 75, "no task is on two pages");
    await view(ada, "a page of many");
    await open(ada, "Last page");
    await read();
    assert.match(await ada.locator(".pages").innerText(), /Page (\d+) of \1/);
    assert.ok(seen.size > 75 && await rows(ada).count() > 0);
    await timed("last page", "?page=400");
    await timed("sorted by name", "?sort=name&page=200");
    await timed("sorted by due date", "?sort=due-first");
    await timed("search", "?q=record+499");
    assert.equal(await rows(ada).count(), 20);
    await timed("one group", "?group=archivists&view=unclaimed");
    assert.match(await ada.locator(".pages").innerText(), /of 10,000/);
  });
  await step("no token came to a browser", () => noToken(ada));
  await step("sign out", async () => {
    await press(ada, "Sign out");
    await title(ada, "You are signed out");
    await view(ada, "signed out");
    await ada.goto(home);
    await title(ada, "One list for all applications");
  });
}

try {
  await walk();
  assert.deepEqual(troubles, []);
  console.log(`${counted()} steps, ${viewed()} views without a finding of axe-core (each light and dark, wide and narrow)`);
} catch (error) {
  failed = true;
  console.log(`FAILED after step ${counted()}: ${error.stack}`);
  for (const [name, page] of Object.entries({ ada, grace })) {
    await page?.screenshot({ path: new URL(`failed-${name}.png`, import.meta.url).pathname, fullPage: true }).catch(() => {});
    console.log(`${name} at ${page?.url()}`);
  }
} finally {
  await browser.close();
  process.exit(failed ? 1 : 0);
}
