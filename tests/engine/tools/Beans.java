import java.util.TreeSet;

import org.springframework.boot.SpringApplication;
import org.springframework.context.ConfigurableApplicationContext;

/**
 * The names by which a stock engine's expressions reach a bean, one a line: definitions, their aliases, and objects
 * that were registered by hand (`environment`, `servletContext`). Only names that can be written as a bare name.
 * Starts the engine on a free port, on the class path and with the properties that it is given, and ends it.
 */
class Beans {
    public static void main(String[] words) throws Exception {
        var application = new SpringApplication(Class.forName("org.tenantgate.engine.Engine"));
        var out = System.out;
        // What the engine says while it starts is not for the reader of the names.
        System.setOut(System.err);
        try (ConfigurableApplicationContext context = application.run(words)) {
            var names = new TreeSet<String>();
            // Children answer for their parents, too.
            for (var at = context; at != null; at = (ConfigurableApplicationContext) at.getParent()) {
                var factory = at.getBeanFactory();
                var own = new TreeSet<String>();
                own.addAll(java.util.List.of(factory.getBeanDefinitionNames()));
                own.addAll(java.util.List.of(factory.getSingletonNames()));
                for (var name : own) {
                    names.add(name);
                    names.addAll(java.util.List.of(factory.getAliases(name)));
                }
            }
            names.removeIf(name -> !isBare(name));
            names.forEach(out::println);
        }
        System.exit(0);
    }

    /** As the engine's expression language reads one (`org.camunda.bpm.impl.juel.Scanner`). */
    static boolean isBare(String name) {
        return !name.isEmpty() && Character.isJavaIdentifierStart(name.charAt(0))
            && name.chars().allMatch(Character::isJavaIdentifierPart);
    }
}
