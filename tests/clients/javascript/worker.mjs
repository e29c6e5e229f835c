// Camunda's own JavaScript client: works on a topic until COUNT tasks are done, and prints each.
import { Client, Variables, File } from "camunda-external-task-client-js";

const { ENGINE_URL, TOKEN, TOPIC, COUNT } = process.env;
const withToken = (config) => ({
  ...config,
  headers: { ...config.headers, Authorization: `Bearer ${TOKEN}` },
});
const client = new Client({
  baseUrl: ENGINE_URL,
  workerId: "javascript",
  maxTasks: 3,
  asyncResponseTimeout: 5000,
  interceptors: withToken,
});
let left = Number(COUNT);
const end = (word) => {
  console.log(word);
  process.exit(0);
};
setTimeout(() => end("LATE"), 60000);
client.on("poll:error", (e) => console.log("ERROR poll", e.message));
client.on("complete:error", (task, e) => console.log("ERROR complete", e.message));
client.subscribe(TOPIC, async ({ task, taskService }) => {
  const variables = new Variables();
  variables.set("amount", task.variables.get("amount") + 1);
  variables.setTyped("day", { type: "date", value: new Date(0), valueInfo: {} });
  variables.setTyped("paper", {
    type: "file",
    value: await new File({ localPath: new URL("package.json", import.meta.url).pathname }).load(),
    valueInfo: {},
  });
  await taskService.extendLock(task, 60000);
  await taskService.complete(task, variables);
  console.log("DONE", task.processInstanceId, task.tenantId, task.variables.get("note"));
  if (--left === 0) end("END");
});
