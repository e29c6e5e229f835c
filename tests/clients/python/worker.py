"""The Python client: works on a topic until COUNT tasks are done, and prints each."""

import os
import threading

from camunda.external_task.external_task import ExternalTask, TaskResult
from camunda.external_task.external_task_worker import ExternalTaskWorker

left = int(os.environ["COUNT"])
threading.Timer(60, lambda: (print("LATE", flush=True), os._exit(0))).start()


def handle(task: ExternalTask) -> TaskResult:
    print("DONE", task.get_process_instance_id(), task.get_tenant_id(), task.get_variable("note"), flush=True)
    return task.complete({"amount": task.get_variable("amount") + 1, "text": "Grüße"})


worker = ExternalTaskWorker(
    worker_id="python",
    base_url=os.environ["ENGINE_URL"],
    config={
        "auth_bearer": {"access_token": os.environ["TOKEN"]},
        "maxTasks": 1,
        "lockDuration": 60000,
        "asyncResponseTimeout": 5000,
        "sleepSeconds": 1,
    },
)
while left > 0:
    try:
        worker.fetch_and_execute([os.environ["TOPIC"]], handle)
        left -= 1
    except Exception as e:  # the client's own way to say that nothing was there
        if type(e).__name__ != "NoExternalTaskFound":
            print("ERROR", repr(e), flush=True)
print("END", flush=True)
os._exit(0)
