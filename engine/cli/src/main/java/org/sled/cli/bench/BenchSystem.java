package org.sled.cli.bench;

import java.util.List;
import org.sled.bench.load.Fleet;
import org.sled.bench.peers.LlamaFleet;
import org.sled.bench.peers.LlamaServer;
import org.sled.bench.sled.FleetOptions;
import org.sled.bench.sled.SledFleet;
import org.sled.net.channel.EmulatedLink;

/** One of the systems that are measured side by side: a server that runs, and how to use it. */
interface BenchSystem extends AutoCloseable {
  /** Its name in tables. */
  String name();

  /** How its server was started. */
  List<String> command();

  /** Connects devices. */
  Fleet connect(int devices, EmulatedLink link) throws InterruptedException;

  /** Processor time that its server used so far, s; NaN if unknown. */
  double cpuSeconds();

  @Override
  void close();

  /**
   * Our daemon, with drafts or without.
   *
   * @param options of the devices, whose link does not matter
   * @param server stays the caller's
   */
  static BenchSystem sled(String name, BenchServer server, FleetOptions options) {
    return new BenchSystem() {
      @Override
      public String name() {
        return name;
      }

      @Override
      public List<String> command() {
        return server.command();
      }

      @Override
      public Fleet connect(int devices, EmulatedLink link) throws InterruptedException {
        return new SledFleet(options.withLink(link), devices);
      }

      @Override
      public double cpuSeconds() {
        return server.cpuSeconds();
      }

      @Override
      public void close() {}
    };
  }

  /** llama.cpp's server, which this closes. */
  static BenchSystem llama(String name, LlamaServer server) {
    return new BenchSystem() {
      @Override
      public String name() {
        return name;
      }

      @Override
      public List<String> command() {
        return server.process().command();
      }

      @Override
      public Fleet connect(int devices, EmulatedLink link) throws InterruptedException {
        return new LlamaFleet(server.address(), devices, link);
      }

      @Override
      public double cpuSeconds() {
        return server.process().cpuSeconds();
      }

      @Override
      public void close() {
        server.close();
      }
    };
  }
}
