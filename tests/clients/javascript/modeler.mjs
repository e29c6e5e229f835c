// What Camunda Modeler sends to deploy and start a diagram, in its order and shape.
import assert from "node:assert/strict";

const { ENGINE_URL, TOKEN, TENANT, MODEL } = process.env;
const headers = { Accept: "application/json", Authorization: `Bearer ${TOKEN}`, "User-Agent": "Camunda-Modeler/5.31.0" };

// The connection is checked, then the engine's version.
let answer = await fetch(`${ENGINE_URL}/deployment?maxResults=0`, { headers });
assert.equal(answer.status, 200);
assert.deepEqual(await answer.json(), []);
answer = await fetch(`${ENGINE_URL}/version`, { headers });
assert.match((await answer.json()).version, /^7\./);

for (const tenant of [undefined, TENANT]) {
  const form = new FormData();
  form.append("deployment-name", "diagram");
  form.append("deployment-source", "Camunda Modeler");
  form.append("deploy-changed-only", "true");
  if (tenant) form.append("tenant-id", tenant);
  form.append("diagram.bpmn", new Blob([MODEL]), "diagram.bpmn");
  form.append("notes.txt", new Blob([""]), "notes.txt");
  answer = await fetch(`${ENGINE_URL}/deployment/create`, { method: "POST", headers, body: form });
  const deployed = await answer.json();
  assert.equal(answer.status, 200, JSON.stringify(deployed));
  assert.equal(deployed.tenantId, TENANT);
  const definitions = Object.values(deployed.deployedProcessDefinitions ?? {});
  if (!tenant) {
    assert.equal(definitions.length, 1);
    answer = await fetch(`${ENGINE_URL}/process-definition/${definitions[0].id}/start`, {
      method: "POST",
      headers: { ...headers, "Content-Type": "application/json" },
      body: JSON.stringify({ businessKey: "modeler" }),
    });
    assert.equal(answer.status, 200);
  } else {
    // Nothing changed, so nothing is deployed anew.
    assert.equal(definitions.length, 0);
  }
}

// A model with an error: the message has to be shown to a person.
const form = new FormData();
form.append("deployment-name", "diagram");
form.append("diagram.bpmn", new Blob(["<no/>"]), "diagram.bpmn");
answer = await fetch(`${ENGINE_URL}/deployment/create`, { method: "POST", headers, body: form });
assert.ok(answer.status >= 400 && answer.status < 500);
assert.match((await answer.json()).message, /diagram\.bpmn/);
console.log("END");
