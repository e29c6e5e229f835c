package org.tenantgate.clients;

/** Runs what the first argument names. */
public final class Main {
  private Main() {}

  public static void main(String[] args) throws Exception {
    if ("worker".equals(args[0])) {
      Worker.run(System.getenv());
    } else {
      Remote.run(System.getenv());
    }
    System.exit(0);
  }
}
