package org.sled.bench.peers;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The processes that must not outlive this JVM. Whoever interrupts a benchmark has no use for its
 * servers, so they are killed without delay. Any thread.
 */
final class ChildProcesses {
  private static final Set<ServerProcess> RUNNING = ConcurrentHashMap.newKeySet();

  static {
    Runtime.getRuntime().addShutdownHook(new Thread(ChildProcesses::killAll, "end-children"));
  }

  private ChildProcesses() {}

  static void add(ServerProcess process) {
    RUNNING.add(process);
  }

  static void killAll() {
    RUNNING.forEach(ServerProcess::kill);
  }

  static void remove(ServerProcess process) {
    RUNNING.remove(process);
  }
}
