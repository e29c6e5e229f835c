package org.tenantgate.clients;

import feign.RequestInterceptor;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.camunda.bpm.engine.RepositoryService;
import org.camunda.bpm.engine.RuntimeService;
import org.camunda.bpm.engine.TaskService;
import org.camunda.bpm.engine.runtime.ProcessInstance;
import org.camunda.bpm.engine.task.Task;
import org.camunda.community.rest.EnableCamundaRestClient;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** The community's REST client for Spring Boot: the engine's Java services, carried out by REST. */
@Configuration
@EnableAutoConfiguration
@EnableCamundaRestClient
public class Remote {
  @Bean
  RequestInterceptor token() {
    return request -> request.header("Authorization", "Bearer " + System.getenv("TOKEN"));
  }

  static void run(Map<String, String> env) {
    Map<String, Object> settings = new LinkedHashMap<>();
    settings.put("feign.client.config.default.url", env.get("ENGINE_URL"));
    settings.put("spring.main.banner-mode", "off");
    try (ConfigurableApplicationContext spring =
        new SpringApplicationBuilder(Remote.class)
            .web(WebApplicationType.NONE)
            .properties(settings)
            .run()) {
      story(
          bean(spring, RepositoryService.class),
          bean(spring, RuntimeService.class),
          bean(spring, TaskService.class));
    }
    System.out.println("END");
  }

  private static <T> T bean(ConfigurableApplicationContext spring, Class<T> type) {
    return spring.getBeansOfType(type).values().iterator().next();
  }

  private static void story(RepositoryService repository, RuntimeService runtime, TaskService tasks) {
    System.out.println(
        "DEFINITIONS " + repository.createProcessDefinitionQuery().processDefinitionKey("order").count());
    ProcessInstance instance =
        runtime.startProcessInstanceByKey("order", "by java", Map.of("note", "java", "n", 5L));
    System.out.println("TENANT " + instance.getTenantId());
    runtime.setVariable(instance.getId(), "big", 9007199254740993L);
    System.out.println("BIG " + runtime.getVariable(instance.getId(), "big"));
    List<Task> mine = tasks.createTaskQuery().processInstanceId(instance.getId()).list();
    tasks.complete(mine.get(0).getId(), Map.of("done", true));
    System.out.println(
        "LEFT " + tasks.createTaskQuery().processInstanceId(instance.getId()).count());
  }
}
