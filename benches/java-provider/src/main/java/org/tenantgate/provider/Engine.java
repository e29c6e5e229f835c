package org.tenantgate.provider;

import org.camunda.bpm.engine.rest.security.auth.ProcessEngineAuthenticationFilter;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.context.annotation.Bean;

/** The engine of the tests, behind the filter that asks {@link TokenProvider} who calls. */
@SpringBootApplication
public class Engine {
  public static void main(String[] args) {
    SpringApplication.run(Engine.class, args);
  }

  @Bean
  FilterRegistrationBean<ProcessEngineAuthenticationFilter> authentication() {
    var filter = new FilterRegistrationBean<>(new ProcessEngineAuthenticationFilter());
    filter.addInitParameter("authentication-provider", TokenProvider.class.getName());
    filter.addUrlPatterns("/engine-rest/*");
    return filter;
  }
}
