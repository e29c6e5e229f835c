package org.tenantgate.clients;

import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.camunda.bpm.client.ExternalTaskClient;
import org.camunda.bpm.engine.variable.Variables;

/** Camunda's own Java client: works on a topic until COUNT tasks are done, and prints each. */
final class Worker {
  private Worker() {}

  static void run(Map<String, String> env) throws InterruptedException {
    CountDownLatch left = new CountDownLatch(Integer.parseInt(env.get("COUNT")));
    ExternalTaskClient client =
        ExternalTaskClient.create()
            .baseUrl(env.get("ENGINE_URL"))
            .workerId("java")
            .maxTasks(3)
            .asyncResponseTimeout(5000)
            .addInterceptor(
                request -> request.addHeader("Authorization", "Bearer " + env.get("TOKEN")))
            .build();
    client
        .subscribe(env.get("TOPIC"))
        .lockDuration(60000)
        .handler(
            (task, service) -> {
              Map<String, Object> variables =
                  Variables.putValue("big", 9007199254740993L)
                      .putValue("day", new java.util.Date(0))
                      .putValueTyped("bytes", Variables.byteArrayValue(new byte[] {0, 1, -1}));
              service.complete(task, variables);
              System.out.println(
                  "DONE " + task.getProcessInstanceId() + " " + task.getTenantId() + " "
                      + task.getVariable("note"));
              left.countDown();
            })
        .open();
    boolean all = left.await(60, TimeUnit.SECONDS);
    client.stop();
    System.out.println(all ? "END" : "LATE");
  }
}
