// A small application as teams write it: a token by form post, renewed 60 seconds before it ends; its tenant made or
// updated at the start; lists that name the tenant, by GET as a comma list and by POST as an array; creates with it.
import assert from "node:assert/strict";

const { ENGINE_URL, TOKEN_URL, CLIENT_ID, CLIENT_SECRET, AUDIENCE } = process.env;
let clock = () => Date.now();
let token = null;
let fetched = 0;

async function bearer() {
  if (token && clock() < token.end - 60_000) return token.text;
  const answer = await fetch(TOKEN_URL, {
    method: "POST",
    headers: { "Content-Type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams({
      grant_type: "client_credentials",
      client_id: CLIENT_ID,
      client_secret: CLIENT_SECRET,
      audience: AUDIENCE,
    }),
  });
  assert.equal(answer.status, 200);
  const { access_token: text, expires_in: seconds } = await answer.json();
  fetched += 1;
  token = { text, end: clock() + seconds * 1000 };
  return text;
}

async function call(method, path, body) {
  const headers = { Authorization: `Bearer ${await bearer()}`, Accept: "application/json" };
  const form = body instanceof FormData;
  if (body && !form) headers["Content-Type"] = "application/json";
  const answer = await fetch(ENGINE_URL + path, { method, headers, body: form ? body : body && JSON.stringify(body) });
  const text = await answer.text();
  const type = answer.headers.get("content-type");
  if (text) assert.equal(type, "application/json", `${method} ${path}: ${type}`);
  return { status: answer.status, body: text ? JSON.parse(text) : null };
}

async function ok(method, path, body) {
  const answer = await call(method, path, body);
  assert.ok(answer.status < 300, `${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body;
}

// The tenant's record: made when it is missing, updated when it is there.
const T = CLIENT_ID;
for (const name of ["first start", "second start"]) {
  const found = await call("GET", `/tenant/${T}`);
  if (found.status === 404) await ok("POST", "/tenant/create", { id: T, name });
  else await ok("PUT", `/tenant/${T}`, { id: T, name });
  assert.deepEqual(await ok("GET", `/tenant/${T}`), { id: T, name });
}

const form = new FormData();
form.set("deployment-name", "application");
form.set("enable-duplicate-filtering", "true");
form.set("tenant-id", T);
form.set("größe.bpmn", new Blob([process.env.MODEL]), "größe.bpmn");
const deployed = await ok("POST", "/deployment/create", form);
assert.equal(deployed.tenantId, T);
assert.equal((await ok("GET", `/deployment/${deployed.id}/resources`))[0].name, "größe.bpmn");

const started = await ok("POST", "/process-definition/key/order/start", {
  businessKey: "k",
  variables: { note: { value: "application" }, n: { value: 9007199254740991, type: "Long" } },
});
assert.equal(started.tenantId, T);
assert.equal(new URL(started.links[0].href).origin, new URL(ENGINE_URL).origin);
for (const tasks of [
  await ok("GET", `/task?tenantIdIn=${T}&processDefinitionKey=order&sortBy=created&sortOrder=desc`),
  await ok("GET", `/task?tenantIdIn=${T},${T}`),
  await ok("POST", "/task?maxResults=10", { tenantIdIn: [T], sorting: [{ sortBy: "created", sortOrder: "desc" }] }),
  await ok("POST", "/task", { orQueries: [{ tenantIdIn: [T], candidateGroup: "clerks" }] }),
]) {
  assert.ok(tasks.length === 1 && tasks[0].tenantId === T, JSON.stringify(tasks));
}
assert.deepEqual(await ok("POST", "/task/count", { tenantIdIn: [T] }), { count: 1 });
await ok("POST", "/task/create", { name: "by hand", tenantId: T });
assert.equal((await ok("GET", `/task/count?tenantIdIn=${T}`)).count, 2);
const none = await call("POST", "/message", { messageName: "none", tenantId: T });
assert.equal(none.status, 400);
assert.equal(none.body.type, "RestException");
const [task] = await ok("GET", `/task?processInstanceId=${started.id}`);
await ok("POST", `/task/${task.id}/complete`, { variables: { done: { value: true } } });

// A day later: the token is renewed before it ends, and used until then.
const now = Date.now();
clock = () => now + 86_300_000;
await ok("GET", "/task/count");
assert.equal(fetched, 1);
clock = () => now + 86_350_000;
await ok("GET", "/task/count");
assert.equal(fetched, 2);
console.log("END");
