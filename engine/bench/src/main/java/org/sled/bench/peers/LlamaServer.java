package org.sled.bench.peers;

import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** llama.cpp's own server, in a process of its own on this machine. Any thread. */
public final class LlamaServer implements AutoCloseable {
  private static final String HOST = "127.0.0.1";
  private static final int HEALTH_TIMEOUT_MILLIS = 1000;

  private final ServerProcess process;
  private final InetSocketAddress address;

  private LlamaServer(ServerProcess process, InetSocketAddress address) {
    this.process = process;
    this.address = address;
  }

  /**
   * How it runs.
   *
   * @param model the target, GGUF
   * @param draft the draft model, GGUF; null to serve without speculation
   * @param draftTokens draft tokens per block at most; without meaning without a draft model
   * @param threads of the computation, for prompts and for single tokens alike
   * @param slots requests that it serves at once; further ones wait
   * @param contextPerSlot tokens of prompt and answer together; it serves no more than the model
   *     was trained with, whatever stands here
   * @param logFile gets its output; null for none
   */
  public record Options(
      Path model,
      Path draft,
      int draftTokens,
      int threads,
      int slots,
      int contextPerSlot,
      Path logFile) {
    /** Refuses what makes no sense. */
    public Options {
      if (threads < 1 || slots < 1 || contextPerSlot < 1 || draftTokens < 0) {
        throw new IllegalArgumentException(
            "llama-server needs a thread, a slot and a token of context at least");
      }
    }

    /** Without speculation and a log file. */
    public static Options of(Path model, int threads, int slots, int contextPerSlot) {
      return new Options(model, null, 0, threads, slots, contextPerSlot, null);
    }

    /** A copy with a draft model. */
    public Options withDraft(Path file, int tokens) {
      return new Options(model, file, tokens, threads, slots, contextPerSlot, logFile);
    }

    /** A copy with a log file; null for none. */
    public Options withLogFile(Path file) {
      return new Options(model, draft, draftTokens, threads, slots, contextPerSlot, file);
    }
  }

  /**
   * Starts it on a free port and waits until it has loaded its model.
   *
   * @param program see {@link PeerFiles#llamaServer}
   * @throws PeerException if it does not get ready in time, with the end of its output
   */
  public static LlamaServer start(Path program, Options options, Duration timeout)
      throws InterruptedException {
    int port = freePort();
    ServerProcess process =
        ServerProcess.start(
            ServerCommand.of("llama-server", command(program, options, port))
                .withLogFile(options.logFile()));
    URI health = URI.create("http://" + HOST + ":" + port + "/health");
    process.awaitReady(() -> isHealthy(health), timeout);
    return new LlamaServer(process, new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
  }

  static List<String> command(Path program, Options options, int port) {
    List<String> command = new ArrayList<>();
    command.addAll(List.of(program.toString(), "--model", options.model().toString()));
    String threads = Integer.toString(options.threads());
    command.addAll(List.of("--threads", threads, "--threads-batch", threads));
    // The slots divide the context evenly: split KV, as a given number of slots makes it by
    // default.
    int context = Math.multiplyExact(options.contextPerSlot(), options.slots());
    command.addAll(
        List.of(
            "--parallel",
            Integer.toString(options.slots()),
            "--ctx-size",
            Integer.toString(context),
            "--no-kv-unified",
            "--no-context-shift",
            // No adjusting of what stands here to the memory that is free.
            "--fit",
            "off"));
    command.addAll(List.of("--flash-attn", "on"));
    // Nothing is kept from request to request; else repeated prompts would cost it nothing.
    command.addAll(
        List.of(
            "--no-cache-prompt",
            "--cache-ram",
            "0",
            "--no-cache-idle-slots",
            "--ctx-checkpoints",
            "0"));
    if (options.draft() != null) {
      // Without a type it would load the draft model and not use it.
      command.addAll(List.of("--spec-type", "draft-simple"));
      command.addAll(List.of("--spec-draft-model", options.draft().toString()));
      command.addAll(List.of("--spec-draft-n-max", Integer.toString(options.draftTokens())));
      // Half of them: as many as the target has makes it 60 times as slow on two cores (measured),
      // since the threads of the one wait busily while the other computes.
      String draftThreads = Integer.toString(Math.max(1, options.threads() / 2));
      command.addAll(
          List.of(
              "--spec-draft-threads", draftThreads, "--spec-draft-threads-batch", draftThreads));
    }
    command.addAll(List.of("--host", HOST, "--port", Integer.toString(port)));
    command.addAll(List.of("--no-ui", "--no-slots", "--offline", "--verbosity", "2"));
    return command;
  }

  /** Free a moment ago: that another process takes it meanwhile would be seen as a failed start. */
  private static int freePort() {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    } catch (IOException e) {
      throw new PeerException("no free port on " + HOST + ": " + e.getMessage(), e);
    }
  }

  private static boolean isHealthy(URI health) {
    try {
      HttpURLConnection connection = (HttpURLConnection) health.toURL().openConnection();
      connection.setConnectTimeout(HEALTH_TIMEOUT_MILLIS);
      connection.setReadTimeout(HEALTH_TIMEOUT_MILLIS);
      try {
        return connection.getResponseCode() == HttpURLConnection.HTTP_OK;
      } finally {
        connection.disconnect();
      }
    } catch (IOException e) {
      return false; // it does not listen yet
    }
  }

  /** Where it listens. */
  public InetSocketAddress address() {
    return address;
  }

  /** Its process: CPU time, memory, output. */
  public ServerProcess process() {
    return process;
  }

  /** Ends it; idempotent. */
  @Override
  public void close() {
    process.close();
  }
}
