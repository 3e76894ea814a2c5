package org.sled.cli.bench;

import java.util.List;
import org.sled.cli.options.ServerAddress;

/** The server that a bench talks to: a running one, or one of its own. */
interface BenchServer extends AutoCloseable {
  /** Where it listens. */
  ServerAddress address();

  /** Processor time that its process used so far, s; NaN where the process is not ours. */
  double cpuSeconds();

  /** How it was started, for the report; empty for a running one. */
  List<String> command();

  @Override
  void close();

  /** A server that runs already. */
  static BenchServer running(ServerAddress address) {
    return new BenchServer() {
      @Override
      public ServerAddress address() {
        return address;
      }

      @Override
      public double cpuSeconds() {
        return Double.NaN;
      }

      @Override
      public List<String> command() {
        return List.of();
      }

      @Override
      public void close() {}
    };
  }
}
